"""Names of agencies as letters bear them: often short, with or without the province they are of."""

import re

from eoffice.core.text import search_text

_PROVINCE = re.compile(r" (tinh|thanh pho|tp) .+$")
#: for these the place is the name: every province and commune has one
_OF_A_PLACE = ("uy ban nhan dan", "hoi dong nhan dan")


def bare(name: str) -> str:
    """A name folded, without the province at its end: two letters of "Sở Xây dựng" are of one agency."""
    folded = search_text(name)
    short = _PROVINCE.sub("", folded)
    return folded if short in _OF_A_PLACE else short
