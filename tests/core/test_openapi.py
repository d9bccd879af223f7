"""The description of `/api/v1` names every operation, what it needs and what it takes."""

import re

import pytest
from flask import Flask


def test_every_operation_is_described(app: Flask) -> None:
    described = app.test_client().get("/api/v1/openapi.json").get_json()
    own = {"openapi.description", "openapi.page"}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1") and rule.endpoint not in own:
            path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                operation = described["paths"][path][method.lower()]
                assert operation["summary"]
                assert operation["security"] == [{"bearer": []}]


@pytest.mark.slow
def test_references_lead_somewhere(app: Flask) -> None:
    text = app.test_client().get("/api/v1/openapi.json").get_data(as_text=True)
    described = app.test_client().get("/api/v1/openapi.json").get_json()
    for name in set(re.findall(r"#/components/schemas/([\w.]+)", text)):
        assert name in described["components"]["schemas"]


def test_wrong_json_is_answered_with_the_field(app: Flask) -> None:
    answer = app.test_client().post(
        "/api/v1/outgoing", data="{not json", headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 401
    assert answer.get_json()["message"]


def test_people_find_the_interface_too(app: Flask) -> None:
    page = app.test_client().get("/api/v1/")
    assert page.status_code == 200
    assert "/api/v1/incoming" in page.get_data(as_text=True)
