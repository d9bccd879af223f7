"""A tiny application around the shared templates alone: no database, no feature."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import get_locale
from flask_wtf import CSRFProtect

from eoffice.core import assets
from eoffice.core.web import babel


@pytest.fixture
def app() -> Iterator[Flask]:
    """Shared templates and static files under a plain Flask application, in Vietnamese."""
    app = Flask("eoffice")
    app.config.update(SECRET_KEY="only for this test", TESTING=True)
    babel.init_app(app, locale_selector=lambda: "vi")
    CSRFProtect(app)
    assets.init_app(app)
    app.jinja_env.globals["locale"] = lambda: str(get_locale())
    with app.test_request_context("/"):
        yield app
