"""The embedded server starts again whatever was killed, even in the middle of its making."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.orm import Session

from eoffice.core import config, embedded
from eoffice.core.db import sqlalchemy_url
from eoffice.core.embedded import APP, Embedded


@pytest.mark.slow
def test_a_cluster_cut_short_in_the_making_is_made_anew(tmp_path: Path) -> None:
    server = Embedded(tmp_path / "pg")
    # what `initdb` has written a moment after it began
    half = server.folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text(f"{embedded.MAJOR}\n")
    with config.override(EOFFICE_INSTANCE=tmp_path):
        server.initialise()
    assert (server.data / "global" / "pg_control").is_file()
    assert not half.exists()


def test_a_killed_initdb_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Embedded(tmp_path / "pg")

    class Killed(BaseException):
        """In place of kill -9."""

    def die(_self: Embedded, _program: str, *arguments: str) -> None:
        (Path(arguments[1]) / "PG_VERSION").write_text(f"{embedded.MAJOR}\n")
        raise Killed

    monkeypatch.setattr(Embedded, "_run", die)
    with config.override(EOFFICE_INSTANCE=tmp_path), pytest.raises(Killed):
        server.initialise()
    assert not server.data.exists()


def test_the_tests_speak_to_the_server_they_were_told_to(session: Session) -> None:
    assert str(session.scalar(sa.text("SHOW server_version"))).split(".")[0] == embedded.MAJOR


def test_a_folder_with_spaces_is_found_by_every_driver() -> None:
    server = Embedded(Path("/tmp/bản mới 100%/pg"))
    url = server.url("eoffice", APP)
    assert conninfo_to_dict(url)["host"] == str(server.socket_folder)
    engine = sa.create_engine(sqlalchemy_url(url))
    assert engine.dialect.create_connect_args(engine.url)[1]["host"] == str(server.socket_folder)
