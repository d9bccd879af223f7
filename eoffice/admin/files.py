"""Whether files can be stored and read, as the health page says it."""

import time
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.admin.checks import PATIENCE, Check
from eoffice.core.blobs import FILES, StoreAway, Trouble, blobs
from eoffice.core.config import settings
from eoffice.core.states import Tone


@dataclass(frozen=True)
class Tried:
    """What became of a small file that was written, read and deleted."""

    milliseconds: int
    error: OSError | None = None


def look() -> Tried:
    """Try the store; over a network no longer than `PATIENCE` for each step."""
    begun = time.monotonic()
    try:
        blobs().probe(PATIENCE)
    except OSError as error:
        return Tried(0, error)
    return Tried(round(1000 * (time.monotonic() - begun)))


def said(tried: Tried) -> Check:
    """The line of the page."""
    name = _l("File store")
    if tried.error is not None:
        return Check("files", name, Tone.BAD, _why(tried.error))
    place = settings().get(FILES)
    if place is None:
        sentence = _(
            "They are stored in the instance folder, the last one in %(ms)s ms.", ms=tried.milliseconds
        )
    else:
        sentence = _(
            "They are stored in %(place)s, the last one in %(ms)s ms.", place=place, ms=tried.milliseconds
        )
    return Check("files", name, Tone.OK, sentence)


def _why(error: OSError) -> str:
    if not isinstance(error, StoreAway):
        return _(
            "Nothing can be stored: %(why)s. Make room, or give the folder back to its owner.",
            why=error.strerror,
        )
    about = {"place": error.place, "code": error.code}
    sentences = {
        Trouble.SILENT: _(
            "%(place)s does not answer (%(code)s). Look after the store and the line to it.", **about
        ),
        Trouble.REFUSES: _(
            "%(place)s refuses us (%(code)s). Mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, their rights, or "
            "the clock of this machine.",
            **about,
        ),
        Trouble.NO_KEY: _("%(place)s needs a key. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", **about),
        Trouble.NO_BUCKET: _("%(place)s is not there. Make the bucket, or mend EOFFICE_FILES.", **about),
        Trouble.FULL: _("%(place)s is full (%(code)s). Make room or raise its quota.", **about),
        Trouble.FAILS: _("%(place)s fails (%(code)s). Its own log says why.", **about),
    }
    waits = _("What needs files waits and goes on by itself.")
    return f"{sentences[error.trouble]} {waits}"
