"""Pages of dossiers: lists, the yearly list, one dossier, the archive's destruction lists."""

from collections.abc import Sequence

from flask import Blueprint

from eoffice.core.states import Tone
from eoffice.core.web import current_actor, db
from eoffice.documents import deadlines
from eoffice.documents.models import Document
from eoffice.dossiers import queries
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.states import State

bp = Blueprint("dossiers", __name__, template_folder="../templates")

#: colour class of a state's tone
_COLOURS = {Tone.WAIT: "accent", Tone.RUN: "accent", Tone.OK: "ok", Tone.WARN: "warn", Tone.BAD: "bad",
            Tone.IDLE: "idle"}  # fmt: skip


def mark(state: State) -> tuple[str, str, str, str]:
    """Word, shape, colour and sentence of a state, as the macro takes them."""
    look = state.look
    return str(look.word), look.shape.value, _COLOURS[look.tone], str(look.sentence)


def _dossiers_of(document: Document) -> Sequence[Dossier]:
    """For the pages of documents, which lie above this feature."""
    return queries.holding(db(), current_actor(), document)


bp.add_app_template_global(mark, "dossier_mark")
bp.add_app_template_global(deadlines.calendar_words, "calendar_due_words")
bp.add_app_template_global(_dossiers_of, "dossiers_of")

from eoffice.dossiers.views import archive, dossier, listing, plan  # noqa: E402, F401 - they add to `bp`
