"""Is everything this installation needs there? One sentence for each part, and what to do when not."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.admin import files, signing
from eoffice.admin.checks import PATIENCE, Check, Reached, reach
from eoffice.backup import service as backup
from eoffice.core import clock
from eoffice.core.audit import AuditEntry, AuditSeal
from eoffice.core.config import INSTANCE, settings
from eoffice.core.db import database_url
from eoffice.core.jobs import SILENCE, Queue
from eoffice.core.permissions import system_actor
from eoffice.core.states import Tone
from eoffice.gateway import queries as gateway
from eoffice.gateway.settings import AXIS_URL
from eoffice.incoming import sources
from eoffice.incoming.models import Source, SourceAway
from eoffice.incoming.settings import MAILBOXES, SCAN_FOLDER
from eoffice.migrations import configuration
from eoffice.signatures import places
from eoffice.signatures.settings import CSC_URL, PKCS11_MODULE, TSA_URL

#: free space below which the disk is trouble, and below which it is worth a look
_LEAST, _LITTLE = 1 << 30, 10 << 30
#: jobs that wait in a queue, above which somebody should look
_MANY = 1000
#: a packet that waits for the axis for longer is shown as trouble
_LONG = timedelta(minutes=2)
#: and without a backup; one a day is made
_BACKUP_OLD = timedelta(hours=30)
#: entries of the log not sealed for so long mean that no worker seals them
_UNSEALED = timedelta(minutes=10)


@dataclass(frozen=True)
class Report:
    """All checks, by part."""

    services: Sequence[Check]
    work: Sequence[Check]
    extras: Sequence[Check]

    @property
    def checks(self) -> Sequence[Check]:
        """All of them."""
        return (*self.services, *self.work, *self.extras)

    def count(self, tone: Tone) -> int:
        """How many look like this."""
        return sum(check.tone is tone for check in self.checks)


def report(session: Session) -> Report:
    """Look at everything; takes no longer than the slowest service's patience."""
    addresses = (settings().get(one) for one in (AXIS_URL, TSA_URL, CSC_URL))
    with ThreadPoolExecutor(5) as pool:
        axis, stamps, remote = (pool.submit(reach, url) for url in addresses)
        store = pool.submit(files.look)
        module = pool.submit(places.in_module, settings().get(PKCS11_MODULE), wait=PATIENCE)
        try:
            database = _database(session)
            work = [
                _workers(session),
                _outbox(session),
                _arrivals(session),
                *_queues(session),
                _unreadable(session),
                *_sources(session),
                signing.archive_copies(session),
                _log(session),
            ]
        except sa.exc.OperationalError:
            database, work = _away(), []
        services = [
            database,
            _axis(axis.result()),
            signing.time_stamps(stamps.result()),
            *signing.keys_elsewhere(module.result(), remote.result()),
            files.said(store.result()),
        ]
    return Report(services, [*work, _disk(), *_backups()], [_extra(extra) for extra in EXTRAS])


def ready(session: Session) -> dict[str, bool]:
    """What a request needs: the database, and its tables as this program knows them."""
    try:
        return {"database": True, "migrations": _at_head(session)}
    except sa.exc.SQLAlchemyError:
        return {"database": False, "migrations": False}


@lru_cache(maxsize=1)
def _head() -> str | None:
    return ScriptDirectory.from_config(configuration(database_url())).get_current_head()


def _at_head(session: Session) -> bool:
    return session.scalar(sa.text("SELECT version_num FROM alembic_version")) == _head()


def _away() -> Check:
    said = _("The database does not answer. Start it, or set EOFFICE_DATABASE_URL right.")
    return Check("database", _l("Database"), Tone.BAD, said)


def _database(session: Session) -> Check:
    begun = time.monotonic()
    version = session.scalar(sa.text("SHOW server_version"))
    taken = round(1000 * (time.monotonic() - begun), 1)
    if not _at_head(session):
        return Check(
            "database", _l("Database"), Tone.BAD, _("Its tables are of another version. Run the migrations.")
        )
    said = _("PostgreSQL %(version)s answers in %(ms)s ms.", version=version, ms=format_decimal(taken))
    return Check("database", _l("Database"), Tone.OK, said)


def _axis(found: Reached) -> Check:
    if found.url is None:
        said = _("No axis is set; issued documents wait in the outbox. Set EOFFICE_AXIS_URL.")
        return Check("axis", _l("Axis"), Tone.WARN, said)
    if found.milliseconds is None:
        said = _(
            "%(host)s does not answer. Documents wait and go out by themselves when it is back.",
            host=found.host,
        )
        return Check("axis", _l("Axis"), Tone.BAD, said)
    said = _("%(host)s answers in %(ms)s ms.", host=found.host, ms=found.milliseconds)
    return Check("axis", _l("Axis"), Tone.OK, said)


def _workers(session: Session) -> Check:
    alive = session.scalar(
        sa.text(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :s)"
        ),
        {"s": settings().get(SILENCE)},
    )
    if not alive:
        said = _(
            "No worker gives a sign of life; nothing is sent or received. Start one: flask --app wsgi worker"
        )
        return Check("workers", _l("Worker"), Tone.BAD, said)
    said = ngettext("%(num)s queue is being worked on.", "%(num)s queues are being worked on.", alive)
    return Check("workers", _l("Worker"), Tone.OK, said)


def _queues(session: Session) -> list[Check]:
    rows = session.execute(
        sa.text(
            "SELECT queue_name, count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),"
            " count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'failed') GROUP BY queue_name ORDER BY queue_name"
        )
    ).all()
    return [_queue(*row) for row in rows] or [
        Check("queues", _l("Job queues"), Tone.OK, _("Nothing waits and nothing has failed."))
    ]


def _queue(name: str, waiting: int, failed: int) -> Check:
    tone = Tone.BAD if failed else Tone.WARN if waiting > _MANY else Tone.OK
    said = _("%(waiting)s waiting, %(failed)s failed.", waiting=waiting, failed=failed)
    shown = Queue(name).word if name in set(Queue) else name
    return Check(f"queue-{name}", _l("Jobs: %(name)s", name=shown), tone, said)


def _outbox(session: Session) -> Check:
    waiting, since = gateway.in_outbox(session)
    if since is None:
        return Check("outbox", _l("Outbox"), Tone.OK, _("Everything issued is on the axis."))
    said = ngettext(
        "%(num)s packet waits for the axis since %(hour)s.",
        "%(num)s packets wait for the axis, the oldest since %(hour)s.",
        waiting,
        hour=f"{clock.local(since):%H:%M %d/%m/%Y}",
    )
    return Check("outbox", _l("Outbox"), Tone.WARN if clock.now() - since > _LONG else Tone.OK, said)


def _arrivals(session: Session) -> Check:
    waiting, since = gateway.not_taken_in(session)
    if since is None or clock.now() - since < _LONG:
        return Check("arrivals", _l("Arrivals"), Tone.OK, _("Everything that arrived lies before its clerk."))
    said = ngettext(
        "%(num)s packet is stored since %(hour)s, but no clerk sees it yet. The log says why.",
        "%(num)s packets are stored, the oldest since %(hour)s, but no clerk sees them yet. The log says why.",
        waiting,
        hour=f"{clock.local(since):%H:%M %d/%m/%Y}",
    )
    return Check("arrivals", _l("Arrivals"), Tone.WARN, said)


def _unreadable(session: Session) -> Check:
    waiting = gateway.count_unreadable(session, system_actor())
    if not waiting:
        return Check("packets", _l("Packets"), Tone.OK, _("Every packet that came could be read."))
    said = ngettext(
        "%(num)s packet that came could not be read and waits for a person.",
        "%(num)s packets that came could not be read and wait for a person.",
        waiting,
    )
    return Check("packets", _l("Packets"), Tone.WARN, said, "gateway.unreadable")


def _sources(session: Session) -> list[Check]:
    """One check for each mail box or folder that cannot be read or not wholly; one for all of them otherwise."""
    named = [one for one in (settings().get(MAILBOXES), settings().get(SCAN_FOLDER)) if one]
    found = [_source(one) for one in sources.all_away(session)]
    if found or not named:
        return found
    return [Check("sources", _l("Mail boxes and scanners' folder"), Tone.OK, _("They are read."))]


def _source(one: SourceAway) -> Check:
    hour = f"{clock.local(one.since):%H:%M %d/%m/%Y}"
    name = _l("Mail box %(place)s", place=one.place) if one.source is Source.MAIL else _l("Scanners' folder")
    if one.key.startswith(sources.FLAGGED):
        said = ngettext(
            "%(num)s mail in it could not be taken in and stays there flagged. Open the box: register the document by "
            "hand and mark the mail as read, or take the flag off to have it tried again.",
            "%(num)s mails in it could not be taken in and stay there flagged. Open the box: register the documents by "
            "hand and mark the mails as read, or take the flags off to have them tried again.",
            int(one.why),
        )
        return Check(f"source-{one.key}", name, Tone.WARN, said)
    if one.key.startswith(sources.UNKNOWN):
        said = _(
            "Nothing is taken from %(names)s: papers are taken from folders named by the code of an agency here. Put "
            "them there, or take them away.",
            names=one.why,
        )
        return Check("source-unknown", name, Tone.WARN, said)
    said = _("Not read since %(hour)s, so nothing comes in from there: %(why)s", hour=hour, why=one.why)
    return Check(f"source-{one.key}", name, Tone.BAD, said)


def _log(session: Session) -> Check:
    last = session.scalar(sa.select(AuditSeal.up_to_txid).order_by(AuditSeal.id.desc()).limit(1)) or 0
    oldest = session.scalar(
        sa.select(AuditEntry.at).where(AuditEntry.txid >= last).order_by(AuditEntry.id).limit(1)
    )
    if oldest is not None and oldest < clock.now() - _UNSEALED:
        said = _("Entries since %(hour)s are not sealed yet.", hour=f"{clock.local(oldest):%H:%M %d/%m/%Y}")
        return Check("log", _l("Log of changes"), Tone.WARN, said)
    return Check(
        "log", _l("Log of changes"), Tone.OK, _("Sealed; “flask --app wsgi audit prove” checks all of it.")
    )


def _disk() -> Check:
    usage = shutil.disk_usage(settings().get(INSTANCE))
    tone = Tone.BAD if usage.free < _LEAST else Tone.WARN if usage.free < _LITTLE else Tone.OK
    free, share = usage.free / (1 << 30), 100 * usage.used // usage.total
    said = _("%(free)s GB free, %(share)s %% used.", free=format_decimal(round(free, 1)), share=share)
    return Check("disk", _l("Disk"), tone, said)


@dataclass(frozen=True)
class Extra:
    """A program that adds something and is not needed otherwise."""

    key: str
    name: str
    #: any of these is enough
    programs: tuple[str, ...]
    use: LazyString
    #: how to add it on Debian
    add: str


EXTRAS = (
    Extra("soffice", "LibreOffice", ("soffice", "libreoffice"), _l("turns Word drafts into PDF"),
          "apt-get install libreoffice-writer-nogui"),
    Extra("tesseract", "Tesseract", ("tesseract",), _l("reads the text of scanned pages"),
          "apt-get install tesseract-ocr tesseract-ocr-vie"),
    Extra("clamav", "ClamAV", ("clamdscan", "clamd"), _l("looks for malware in what arrives"),
          "apt-get install clamav-daemon"),
)  # fmt: skip


def _backups() -> list[Check]:
    """One check for each folder of backups; one that says so when there is none."""
    places = backup.places()
    if not places:
        said = _("No backup is made. Set EOFFICE_BACKUP_FOLDERS and EOFFICE_BACKUP_RECIPIENT.")
        return [Check("backup", _l("Backup"), Tone.WARN, said)]
    found = []
    for number, place in enumerate(places, start=1):
        label = _l("Backup in %(folder)s", folder=str(place.folder))
        if place.trouble:
            tone, said = Tone.BAD, _("It cannot be looked at: %(why)s", why=place.trouble)
        elif place.newest is None:
            tone, said = Tone.WARN, _("There is none yet.")
        else:
            tone = Tone.BAD if clock.now() - place.newest > _BACKUP_OLD else Tone.OK
            said = _("The last one was made at %(hour)s.", hour=f"{clock.local(place.newest):%H:%M %d/%m/%Y}")
            if place.damaged:
                tone, said = Tone.BAD, said + " " + _(
                    "%(count)s files are not in it: they were damaged in the store. Name them with: %(command)s",
                    count=place.damaged, command="flask --app wsgi files check",
                )  # fmt: skip
        found.append(Check(f"backup-{number}", label, tone, said))
    return found


def _extra(extra: Extra) -> Check:
    if any(shutil.which(program) for program in extra.programs):
        return Check(extra.key, extra.name, Tone.OK, _("Found: %(use)s.", use=extra.use))
    said = _("Not found; it %(use)s. To add it: %(command)s", use=extra.use, command=extra.add)
    return Check(extra.key, extra.name, Tone.IDLE, said)
