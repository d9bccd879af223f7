"""Signing in to the application under test."""

from flask import Flask
from flask.testing import FlaskClient

from tests.factories import PASSWORD


def client_for(app: Flask, username: str, password: str = PASSWORD) -> FlaskClient:
    """A client that has signed in; forms need no token in tests of features (flows and browser send it)."""
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/sign-in", data={"username": username, "password": password})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return client
