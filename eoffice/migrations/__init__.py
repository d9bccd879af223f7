"""Schema changes by alembic, configured in code; run as the role that owns the tables."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from eoffice.core.db import database_url, migration_url, sqlalchemy_url


def configuration(url: str) -> Config:
    """Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade_installation() -> None:
    """Bring the database of the settings up to date; a role of the application's own gets its rights, no more."""
    owner, role = migration_url(), sqlalchemy_url(database_url()).username
    upgrade(owner, role if role != sqlalchemy_url(owner).username else None)


def upgrade(url: str, app_role: str | None = None) -> None:
    """Bring the schema up to date and let the application's role use it: the log only to add and read."""
    command.upgrade(configuration(url), "head")
    if app_role is not None:
        _grant(url, app_role)


def _grant(url: str, role: str) -> None:
    engine = sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    name = engine.dialect.identifier_preparer.quote(role)
    with engine.begin() as connection:
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {name}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}",
            f"REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry, audit_seal, alembic_version FROM {name}",
        ):
            connection.execute(sa.text(statement))
    engine.dispose()
