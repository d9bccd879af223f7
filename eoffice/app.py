"""The application: `create_app` puts the features together; wsgi, commands and tests import it."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType
from typing import Any

from flask import Blueprint, Flask
from flask.cli import AppGroup

from eoffice.accounts import permissions as accounts
from eoffice.accounts.settings import IDLE_MINUTES
from eoffice.admin.settings import TRUSTED_PROXY
from eoffice.core import assets, config, logs, openapi, secrets, web
from eoffice.core.config import TESTING, Settings, settings
from eoffice.documents.settings import UPLOAD_LIMIT_MB

#: lowest first; each may import what stands before it
FEATURES = (
    "backup", "directory", "accounts", "documents", "signatures", "gateway", "directions", "dossiers",
    "incoming", "outgoing", "missions", "search", "reports", "takeover", "home", "admin", "demo",
)  # fmt: skip

#: modules that declare settings, permissions, audit actions, jobs, events, models: imported at start
DECLARING = ("settings", "models", "permissions", "operations", "service", "jobs", "handlers")


def load() -> None:
    """Import what the features declare, without any page: enough for a worker."""
    for feature in FEATURES:
        for name in DECLARING:
            _module(feature, name)


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Build the application; raise ConfigError naming every setting that is wrong.

    `overrides`: settings by name, for tests.
    """
    load()
    config.install(Settings.read(os.environ, overrides))
    accounts.check()
    logs.start()
    app = Flask("eoffice", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secrets.secret("flask"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # behind a proxy people come over TLS, and the cookie must never travel in the clear
        SESSION_COOKIE_SECURE=settings().get(TRUSTED_PROXY) is not None,
        SESSION_COOKIE_NAME="eoffice",
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=settings().get(IDLE_MINUTES)),
        MAX_CONTENT_LENGTH=_body_limit(),
        MAX_FORM_MEMORY_SIZE=2_000_000,
        # a form may list every member of several groups of recipients
        MAX_FORM_PARTS=5_000,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: nothing typed is lost to a shorter clock
        TESTING=settings().get(TESTING),
        RATELIMIT_ENABLED=not settings().get(TESTING),
    )
    web.init_app(app)
    assets.init_app(app)
    app.register_blueprint(openapi.bp)
    for feature in FEATURES:
        _mount(app, feature)
    return app


def _mount(app: Flask, feature: str) -> None:
    for name in ("views", "api"):
        module = _module(feature, name)
        blueprint: Blueprint | None = getattr(module, "bp", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
            if name == "api":
                # A bearer token is no cookie: nobody else's page can send it.
                web.csrf.exempt(blueprint)
    commands = _module(feature, "commands")
    groups = (v for v in vars(commands).values() if isinstance(v, AppGroup)) if commands else ()
    for command in (*groups, *getattr(commands, "TOP_LEVEL", ())):
        app.cli.add_command(command)


def _module(feature: str, name: str) -> ModuleType | None:
    package = importlib.import_module(f"eoffice.{feature}")
    known = {found.name for found in pkgutil.iter_modules(package.__path__)}
    return importlib.import_module(f"eoffice.{feature}.{name}") if name in known else None


def _body_limit() -> int:
    # several files in one form, and the form itself
    return (4 * settings().get(UPLOAD_LIMIT_MB) + 2) * 1024 * 1024
