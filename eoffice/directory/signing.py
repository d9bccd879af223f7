"""What may stand above a signature: a post's own right to sign, or another's (Decree 30/2020, Article 13; Appendix I,
II.7). Who signs only now and then does so under a delegation.
"""

import re
from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import Invalid
from eoffice.core.text import nfc
from eoffice.directory.models import Role, SigningForm

#: who may sign for as long as the post holds; the others only under a delegation
_SIGN = frozenset({Role.LEADER, Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE})
_LENT = frozenset(SigningForm)
_PREFIXED = re.compile(r"(TM|KT|TL|TUQ|Q)\. (.+)")
#: a title as it is printed: words, perhaps with a number, a dash or a comma
_TITLE = re.compile(r"\w[\w ,–-]*")


class SignsUnderDelegation(Invalid):
    """Specialists, clerks and their like hold no right to sign."""

    message = _l(
        "By role “%(role)s” nobody signs on his own. Leave it empty; for a time and certain kinds of documents the "
        "head lets somebody sign on the page of delegations."
    )


class WrongSigningLine(Invalid):
    """Nothing else is printed there."""

    message = _l(
        "“%(line)s” cannot stand above a signature. Write TM., KT., TL., TUQ. or Q. with a title in capitals, as in "
        "“KT. GIÁM ĐỐC”, and in the last line the own title, as in “PHÓ GIÁM ĐỐC”."
    )


class NotTheOwnTitle(Invalid):
    """Under whose name it stands."""

    message = _l(
        "The last line above the signature must be the title “%(title)s” in capitals, or “Q.” with the head's title; "
        "“%(line)s” is neither."
    )


class NotByRole(Invalid):
    """Article 13: deputies for the head, heads of units by his order or authority."""

    message = _l(
        "“%(line)s” is not how this post signs: a deputy signs KT., a head of unit TL. or TUQ. of the head of the "
        "agency. Write that line above."
    )


def authority(role: Role, title: str, text: str) -> str:
    """The lines above the signature of a post, empty when it does not sign.

    Raises SignsUnderDelegation, WrongSigningLine, NotTheOwnTitle, NotByRole.
    """
    lines = [line for line in map(nfc, text.splitlines()) if line]
    if not lines:
        return ""
    if role not in _SIGN:
        raise SignsUnderDelegation(role=role.word, field="authority")
    forms = [_form(line, title, last=line is lines[-1]) for line in lines]
    _refuse_others_right(role, lines, forms)
    return "\n".join(lines)


def heads(lines: str) -> str | None:
    """The “TM.” line, often none, in whose name somebody signs under these lines as head (Article 13.1) or as acting
    head; None for who signs in another's stead, or not at all."""
    forms = [found[1] for line in lines.splitlines() if (found := _PREFIXED.fullmatch(line))]
    if not lines or any(form in _LENT and form != SigningForm.Q for form in forms):
        return None
    return next((line for line in lines.splitlines() if line.startswith("TM.")), "")


def refusal(role: Role, title: str, text: str) -> Invalid | None:
    """Why a post that holds already would not be given so; None where it would."""
    try:
        authority(role, title, text)
    except Invalid as error:
        return error
    return None


def _form(line: str, title: str, *, last: bool) -> str:
    """The form a line states, empty for the own title. Raises WrongSigningLine, NotTheOwnTitle."""
    found = _PREFIXED.fullmatch(line)
    form, named = (found[1], found[2]) if found else ("", line)
    if not _TITLE.fullmatch(named) or named != named.upper() or not (form or last):
        raise WrongSigningLine(line=line, field="authority")
    # the title may say more than is printed: “Chủ tịch Ủy ban nhân dân xã” signs as “CHỦ TỊCH”
    own = not form and f"{nfc(title).upper()} ".startswith(f"{named} ")
    if last and not own and form != SigningForm.Q:
        raise NotTheOwnTitle(line=line, title=title.upper(), field="authority")
    return form


def _refuse_others_right(role: Role, lines: Sequence[str], forms: Sequence[str]) -> None:
    """Raise NotByRole where somebody would sign in a right he has not got."""
    if role is Role.LEADER:
        fits = not lines[-1].startswith("PHÓ ") or any(form in _LENT for form in forms)
    else:
        # the lines after it may name a deputy: “TL. GIÁM ĐỐC”, “KT. CHÁNH VĂN PHÒNG”, “PHÓ CHÁNH VĂN PHÒNG”
        fits = forms[0] in (SigningForm.TL, SigningForm.TUQ)
    if not fits:
        raise NotByRole(line=lines[0], field="authority")
