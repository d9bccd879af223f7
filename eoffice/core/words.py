"""Words of the pages: message ids are English, the Vietnamese texts lie in one catalogue per feature."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

FOLDER = Path(__file__).parent.parent / "translations"


@lru_cache(maxsize=4)
def catalogue(language: str) -> Catalog:
    """Every text of a language, from all features. Raises ValueError when two features disagree."""
    whole = Catalog(language)
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, language):
                if not message.id:
                    continue
                known = whole.get(message.id, message.context)
                if known is not None and known.string != message.string:
                    raise ValueError(
                        f"{path.name}: “{message.id}” has another text elsewhere: {known.string!r}"
                    )
                whole[message.id] = message
    return whole


@lru_cache(maxsize=4)
def _compiled(language: str) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


class Words(Domain):
    """Flask-Babel's domain, read from our catalogues; nothing needs compiling beforehand."""

    def get_translations(self) -> NullTranslations:
        """The texts of the request's language; English is the ids themselves."""
        locale = get_locale()
        return NullTranslations() if locale is None or str(locale) == "en" else _compiled(str(locale))
