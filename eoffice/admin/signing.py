"""How it stands with what signing needs: time stamps, keys that lie elsewhere, archive copies."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from eoffice.admin.checks import Check, Reached
from eoffice.core import clock
from eoffice.core.states import Tone
from eoffice.signatures import archives
from eoffice.signatures.places import InModule


def time_stamps(found: Reached) -> Check:
    """Whether signatures get one."""
    if found.url is None:
        said = _(
            "No time stamp service is set; signatures carry the clock of this machine. Set EOFFICE_TSA_URL."
        )
        return Check("timestamps", _l("Time stamps"), Tone.WARN, said)
    if found.milliseconds is None:
        said = _("%(host)s does not answer. Signing waits for it.", host=found.host)
        return Check("timestamps", _l("Time stamps"), Tone.BAD, said)
    said = _("%(host)s answers in %(ms)s ms.", host=found.host, ms=found.milliseconds)
    return Check("timestamps", _l("Time stamps"), Tone.OK, said)


def keys_elsewhere(module: InModule, remote: Reached) -> Iterator[Check]:
    """The hardware module and the remote signing service, each where one is set."""
    if module.library is not None:
        yield _module(module)
    if remote.url is not None:
        yield _remote(remote)


def _module(found: InModule) -> Check:
    name = _l("Hardware module")
    if found.certificates is None:
        said = _("%(library)s does not answer: %(reason)s", library=found.library, reason=found.reason)
        return Check("module", name, Tone.BAD, said)
    if not found.certificates:
        said = _("%(library)s answers, but holds no certificate.", library=found.library)
        return Check("module", name, Tone.WARN, said)
    said = ngettext(
        "%(library)s holds %(num)s certificate.", "%(library)s holds %(num)s certificates.", found.certificates,
        library=found.library,
    )  # fmt: skip
    return Check("module", name, Tone.OK, said)


def _remote(found: Reached) -> Check:
    name = _l("Remote signing service")
    if found.milliseconds is None:
        said = _("%(host)s does not answer. Whose key lies there cannot sign.", host=found.host)
        return Check("remote-keys", name, Tone.BAD, said)
    said = _("%(host)s answers in %(ms)s ms.", host=found.host, ms=found.milliseconds)
    return Check("remote-keys", name, Tone.OK, said)


def archive_copies(session: Session) -> Check:
    """Whether every one is made, and stamped again in time."""
    name, found = _l("Archive copies"), archives.counts(session)
    if not found.failed:
        said = ngettext("%(num)s is kept.", "%(num)s are kept.", found.kept)
        return Check("archives", name, Tone.OK, said)
    said = ngettext(
        "%(num)s could not be made or stamped again; it is tried every hour. The last reason: %(reason)s",
        "%(num)s could not be made or stamped again; it is tried every hour. The last reason: %(reason)s",
        found.failed,
        reason=archives.last_problem(session),
    )
    over = found.first_end is not None and found.first_end < clock.now()
    return Check("archives", name, Tone.BAD if over else Tone.WARN, said)
