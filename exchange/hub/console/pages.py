"""Templates and words of the console: message ids are English, `vi.po` has the Vietnamese."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response

from eoffice.core.clock import local
from exchange.hub.console.queries import STATES, STATUSES
from exchange.hub.console.words import N_

_HERE = Path(__file__).parent


class Pages:
    """Draws pages in one of two languages."""

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in ("vi", "en")}

    def response(self, template: str, language: str, status: int = 200, /, **shown: Any) -> Response:
        """A page."""
        page = self._environments[language].get_template(template)
        return Response(page.render(language=language, **shown), status, mimetype="text/html")


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"],
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(words(language), newstyle=True)  # type: ignore[attr-defined]  # by i18n
    environment.globals |= {"STATES": STATES, "STATUSES": STATUSES}
    environment.filters |= {"moment": _moment, "seconds": partial(_seconds, words(language))}
    return environment


@lru_cache(maxsize=2)
def words(language: str) -> NullTranslations:
    """The texts of a language; English is the ids themselves."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    with (_HERE / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, language))
    compiled.seek(0)
    return Translations(compiled)


def _moment(moment: datetime | None) -> str:
    return f"{local(moment):%d/%m/%Y %H:%M:%S}" if moment else ""


def _seconds(words: NullTranslations, seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds == float("inf"):
        return words.gettext(N_("> 1 h"))
    if seconds >= 100:
        return words.gettext(N_("≤ %(count)s min")) % {"count": f"{seconds / 60:.0f}"}
    count = f"{seconds:.2g}".replace(".", words.gettext(N_(".")))
    return words.gettext(N_("≤ %(count)s s")) % {"count": count}
