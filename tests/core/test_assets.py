"""Styles and scripts are fetched once: their address changes with their content."""

from flask import Flask, url_for


def test_an_asset_lives_a_year_under_an_address_of_its_content(app: Flask) -> None:
    with app.test_request_context():
        address = url_for("static", filename="frame.css")
    assert "v=" in address
    answer = app.test_client().get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_an_asset_without_its_version_is_asked_for_again(app: Flask) -> None:
    answer = app.test_client().get("/static/frame.css")
    assert answer.status_code == 200
    assert "immutable" not in answer.headers.get("Cache-Control", "")
    assert answer.get_data(as_text=True).startswith("/*")


def test_nothing_outside_the_folder_is_served(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/static/../app.py", headers={"Accept-Encoding": "gzip"}).status_code == 404
    assert client.get("/static/missing.css", headers={"Accept-Encoding": "gzip"}).status_code == 404
