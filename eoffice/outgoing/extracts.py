"""The part of a document that is copied, set anew in its form (trích sao; Decree 30/2020, Articles 3.12 and 25.3)."""

import re
from dataclasses import dataclass
from unicodedata import normalize

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.errors import Invalid
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import kinds
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset as set_letter
from eoffice.documents.models import Document, DocumentFile, PageText
from eoffice.outgoing.drafting import BODY_LIMIT, Missing, TextTooLong
from eoffice.outgoing.models import OutgoingDocument
from eoffice.signatures import marks

#: what stands where the source bears a signature
_SIGNED = "(Đã ký)"
_PAGE_NUMBER = re.compile(r"^\s*\d{1,4}\s*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.;:!?])\s+")


class OtherWords(Invalid):
    """An extract says what the source says."""

    message = _l("“%(words)s” does not stand in the document. An extract is copied word by word.")


class NotCompared(Invalid):
    """A scan has no words to compare with."""

    message = _l(
        "The words of a scan cannot be compared by the program. Compare them yourself, then tick that you have."
    )


@dataclass(frozen=True)
class Extract:
    """What the clerk copies."""

    passage: str = ""
    #: lines above the signer's name, as on the source
    authority: str = ""
    #: the clerk has compared it with the page
    compared: bool = False


@dataclass(frozen=True)
class Original:
    """What the source is, and the words on it."""

    letter: Letter
    #: lines above the signer's name, as far as they are known
    authority: str
    #: of all pages; "" when they are not known
    text: str
    #: it is a scan: what is known of its words was guessed
    recognised: bool


def original(session: Session, document: Document, file: DocumentFile) -> Original:
    """Read what an extract repeats."""
    rows = sa.select(PageText).where(PageText.file_id == file.id).order_by(PageText.page)
    pages = session.scalars(rows).all()
    text = normalize("NFC", "\n".join(_PAGE_NUMBER.sub("", page.text) for page in pages))
    issuer = directory.agency_by_code(session, document.issuer_code) if document.issuer_code else None
    guessed = not text.strip() or any(page.recognised for page in pages)
    authority = getattr(document, "authority", "") or document.signer_title
    return Original(_letter(document, issuer), authority, text, guessed)


def _letter(document: Document, issuer: Agency | None) -> Letter:
    named = document.kind.abbreviation or document.kind is not kinds.OFFICIAL_LETTER
    place = issuer.place if issuer else ""
    above = issuer.parent_name if issuer else ""
    if issuer and isinstance(document, OutgoingDocument) and document.body_id is not None:
        above = issuer.name
    return Letter(
        agency=(document.issuer_name,), parent=above,
        kind=document.kind.name if named else "", subject=document.subject, body="",
        authority=(), signer=document.signer_name, signed=_SIGNED,
        number_text="" if document.kind_code in kinds.UNNUMBERED else f"Số: {document.code}",
        place_and_date=marks.place_and_date(place, document.issued_on) if document.issued_on else "",
    )  # fmt: skip


def typeset(extract: Extract, source: Original) -> bytes:
    """The part as a PDF. Raises Missing, TextTooLong, OtherWords, NotCompared, and what typesetting refuses with."""
    passage = normalize("NFC", extract.passage)
    if not passage.strip():
        raise Missing(what=str(_l("the part that is copied")), field="passage")
    if len(passage) > BODY_LIMIT:
        raise TextTooLong(length=len(passage), limit=BODY_LIMIT, field="passage")
    if source.recognised and not extract.compared:
        raise NotCompared(field="compared")
    if not source.recognised:
        _compare(passage, source.text)
    lines = (line.strip() for line in (extract.authority or source.authority).splitlines())
    letter = source.letter
    changed = vars(letter) | {"body": passage, "authority": tuple(line for line in lines if line)}
    return set_letter(Letter(**changed)).pdf


def _compare(passage: str, text: str) -> None:
    """Sentence by sentence: the page breaks lines elsewhere, and a heading may stand between two pages."""
    known = " ".join(text.split())
    for line in passage.splitlines():
        for sentence in _SENTENCE.split(line.strip()):
            words = " ".join(sentence.split())
            if words not in known:
                raise OtherWords(words=words[:120], field="passage")
