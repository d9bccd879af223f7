"""Called by alembic: one connection, one transaction, the models of all features."""

import sqlalchemy as sa
from alembic import context

from eoffice.app import load
from eoffice.core.db import Base, sqlalchemy_url

load()


def ours(_thing: object, name: str | None, kind: str, _reflected: bool, _against: object) -> bool:
    """Leave alone what the job library keeps in the same schema."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


engine = sa.create_engine(sqlalchemy_url(context.config.attributes["url"]), poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=ours,
        compare_server_default=False,
    )
    # Two processes that start together: one migrates, the other waits and finds nothing to do.
    connection.execute(sa.text("SELECT pg_advisory_lock(7301)"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
