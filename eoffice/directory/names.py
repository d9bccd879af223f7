"""Names of agencies as letters bear them, often short, with or without the province they are of; and the abbreviations
that stand in the notation of documents.
"""

import re

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import Invalid
from eoffice.core.text import search_text

_PROVINCE = re.compile(r" (tinh|thanh pho|tp) .+$")
#: for these the place is the name: every province and commune has one
_OF_A_PLACE = ("uy ban nhan dan", "hoi dong nhan dan")
#: one group of capitals and digits without blanks or hyphens (Decree 30/2020, Appendix I, part II.3)
_ABBREVIATION = re.compile(r"[A-ZĐÀ-Ỹ][A-ZĐÀ-Ỹa-zđà-ỹ0-9.&]{0,14}")


class WrongAbbreviation(Invalid):
    """It stands in the notation of documents."""

    message = _l("An abbreviation has 1 to 15 letters or digits without blanks, for example TCT06.")


def check_abbreviation(text: str) -> None:
    """Raises WrongAbbreviation for what no notation can hold."""
    if not _ABBREVIATION.fullmatch(text):
        raise WrongAbbreviation(field="abbreviation")


def bare(name: str) -> str:
    """A name folded, without the province at its end: two letters of "Sở Xây dựng" are of one agency."""
    folded = search_text(name)
    short = _PROVINCE.sub("", folded)
    return folded if short in _OF_A_PLACE else short
