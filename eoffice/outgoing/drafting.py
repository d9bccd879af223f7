"""What a drafter writes, and the letter it becomes (Decree 30/2020, Appendix I)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import IO, Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.errors import Invalid
from eoffice.core.text import nfc
from eoffice.directory.models import AdvisoryBody, Agency, Assignment, Unit
from eoffice.documents.kinds import ADDRESSED, KINDS, OFFICIAL_LETTER, kind
from eoffice.documents.layout.letter import Letter, Other, about
from eoffice.documents.layout.letter import Urgency as Stamp
from eoffice.documents.layout.wording import Model, listed, model, written
from eoffice.documents.models import Urgency
from eoffice.documents.recipients import Member

#: longest subject (Appendix VI, part II)
SUBJECT_LIMIT = 500
#: recipients outside the directory
OUTSIDE_LIMIT = 100
#: longest text the template is set with, in characters: some 90 pages; what is longer is uploaded
BODY_LIMIT = 300_000
_STAMPS = dict(zip(Urgency, Stamp, strict=True))
#: kinds that open with who decides (Appendix III, template 1.2)
DECIDED = frozenset({"QD", "NQ"})


class Missing(Invalid):
    """A mandatory field is empty."""

    message = _l("Fill in: %(what)s.")


class UnknownBlank(Invalid):
    """Nobody would print it."""

    message = _l("The model of this kind has no “%(name)s”; it has: %(known)s.")


class SubjectTooLong(Invalid):
    """Longer than the law's field."""

    message = _l("The subject has %(length)s characters; at most %(limit)s are allowed. Shorten it.")


class TextTooLong(Invalid):
    """More than a person writes into a field; setting it would keep everybody else waiting."""

    message = _l("The text has %(length)s characters; at most %(limit)s are set here. Upload it as a file.")


class DayPassed(Invalid):
    """Nobody can answer before it."""

    message = _l("This day has passed. Choose today or a later day.")


class WrongKind(Invalid):
    """Not one of the 29 kinds an agency issues."""

    message = _l("Choose one of the kinds of documents in the list.")


class TooManyOutside(Invalid):
    """A list that nobody writes by hand."""

    message = _l("Write one name a line, at most 200 characters each and 100 names.")


@dataclass(frozen=True)
class Fields:
    """What the register wants to know of a draft, whatever its page comes from."""

    kind_code: str
    subject: str
    #: who signs: an assignment with authority lines
    signer_id: int
    #: codes of agencies, in the order of the list
    recipients: tuple[str, ...] = ()
    #: drafting unit; None: the drafter's own
    unit_id: int | None = None
    urgency: Urgency = Urgency.NORMAL
    #: last day for an answer
    due_on: date | None = None
    #: the incoming document this answers
    reply_to_id: int | None = None
    #: the issued document this takes the place of
    replaces_id: int | None = None
    #: the issued document whose form this one puts right; that stays in force
    corrects_id: int | None = None
    #: those chosen with their groups, named on the page by one line for each group
    members: tuple[Member, ...] = ()
    #: the council or committee in whose name it is issued; None: the agency itself
    body_id: int | None = None
    #: of that body: what its signer is there, one line each: "TM. BAN CHỈ ĐẠO", "TRƯỞNG BAN"
    body_title: str = ""
    #: people and bodies in no directory, who get it on paper, by name
    outside: tuple[str, ...] = ()
    #: under which delegation he signs; None: in his own right or, without one, under the one that holds longest
    delegation_id: int | None = None
    #: the same for what is sent again after a cut line: it makes one draft; empty: each makes its own
    form_key: str = ""

    def check(self) -> None:
        """Raise Missing, SubjectTooLong, WrongKind, TooManyOutside."""
        if self.kind_code not in KINDS:
            raise WrongKind(field="kind_code")
        if not self.subject.strip():
            raise Missing(what=str(_l("subject")), field="subject")
        self.check_outside()
        if len(nfc(self.subject)) > SUBJECT_LIMIT:
            raise SubjectTooLong(length=len(nfc(self.subject)), limit=SUBJECT_LIMIT, field="subject")

    def check_outside(self) -> None:
        """Raise TooManyOutside."""
        if len(self.outside) > OUTSIDE_LIMIT or any(len(name) > 200 for name in self.outside):
            raise TooManyOutside(field="outside")

    def check_day(self, today: date) -> None:
        """Raise DayPassed."""
        if self.due_on is not None and self.due_on < today:
            raise DayPassed(field="due_on")


@dataclass(frozen=True)
class Text:
    """What the official template is filled with."""

    body: str
    #: Kính gửi, one entry each
    addressees: tuple[str, ...] = ()
    #: legal bases, without closing mark
    bases: tuple[str, ...] = ()
    #: Nơi nhận, without dash and mark; the last line says what is kept
    copies: tuple[str, ...] = ()
    #: for a decision: whose it is; empty: made from the signer's authority
    decided_by: str = ""
    #: the blanks of the kind's model, by name (`layout.wording`)
    blanks: Mapping[str, str] = field(default_factory=dict)

    def addressed(self, kind_code: str, named: tuple[str, ...]) -> "Text":
        """Addressed to the recipients as a page lists them where it has to say to whom, and nobody else is written."""
        asked = kind_code in ADDRESSED or model(kind_code).addressees is not None
        return replace(self, addressees=named) if asked and not self.addressees else self

    def check(self, kind_code: str = OFFICIAL_LETTER.code) -> None:
        """Raise Missing, TextTooLong."""
        asked = model(kind_code)
        if (blank := asked.missing(self.blanks)) is not None:
            raise Missing(what=str(blank.label), field=f"blanks.{blank.name}")
        if asked.addressees is not None and not self.addressees:
            raise Missing(what=str(asked.addressees), field="addressees")
        if asked.text_needed and not self.body.strip():
            raise Missing(what=str(_l("text of the document")), field="body")
        lists = (*self.addressees, *self.bases, *self.copies, self.decided_by, *self.blanks.values())
        length = len(self.body) + sum(map(len, lists))
        if length > BODY_LIMIT:
            raise TextTooLong(length=length, limit=BODY_LIMIT, field="body")

    def data(self) -> dict[str, Any]:
        """For the row of the document."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Text":
        """From the row of the document; an upload has none."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**{"body": "", **known})


@dataclass(frozen=True)
class Upload:
    """A PDF or Word file as it comes from the browser."""

    stream: IO[bytes] = field(repr=False)
    name: str


Page = Text | Upload


def usual_copies(
    unit: Unit | None, addressees: tuple[str, ...] = (), named: tuple[str, ...] = (), kept: str = ""
) -> tuple[str, ...]:
    """Nơi nhận as an office writes it: "Như trên" under a page that is addressed to somebody, else whom it is sent to,
    then what is kept (Appendix I-II.9), by the drafting unit or where `kept` says."""
    first = ("Như trên",) if addressees else named
    beside = kept or (unit.abbreviation if unit else "")
    return (*first, f"Lưu: VT, {beside}" if beside else "Lưu: VT")


def decided_by(issuer: Agency | AdvisoryBody, authority: str) -> str:
    """Whose decision it is: the collective's, or its head's, whoever signs for him."""
    head = authority.splitlines()[0].strip() if authority else ""
    together = issuer.collective if isinstance(issuer, Agency) else head.startswith("TM.")
    if together:
        return issuer.name.upper()
    for prefix in ("KT.", "TL.", "TUQ.", "TM.", "Q."):
        head = head.removeprefix(prefix).strip()
    return _joined(head.upper(), issuer.name.upper())


def _joined(head: str, name: str) -> str:
    """Title and body, what both say said once: "TRƯỞNG BAN" of "BAN CHỈ ĐẠO" is "TRƯỞNG BAN CHỈ ĐẠO"."""
    words, others = head.split(), name.split()
    shared = max(n for n in range(len(words) + 1) if words[len(words) - n :] == others[:n])
    return " ".join([*words, *others[shared:]])


def letter(
    fields: Fields, text: Text, agency: Agency, unit: Unit | None, signer: Assignment, authority: str,
    named: tuple[str, ...] = (), body: AdvisoryBody | None = None,
) -> Letter:  # fmt: skip
    """The page as typst sets it; number and date stay blank. `authority`: the lines above the signature; `named`: the
    recipients as a page lists them; `body`: in whose name it is issued, under that of its agency."""
    what, asked = kind(fields.kind_code), model(fields.kind_code)
    decides = text.decided_by or decided_by(body or agency, authority)
    values = asked.values(text.blanks, {
        "agency": body.name if body else agency.name, "subject": about(nfc(fields.subject)),
        "addressees": listed(list(text.addressees)), "sender": decides,
        "signer": signer.person.full_name, "office": signer.title,
    })  # fmt: skip
    above = tuple(line.strip() for line in authority.splitlines() if line.strip())
    return Letter(
        agency=(body.name if body else agency.name,),
        parent=agency.name if body else agency.parent_name,
        kind=values.get(asked.kind, "" if what is OFFICIAL_LETTER else what.name),
        subject=nfc(fields.subject),
        untitled=asked.untitled,
        greeting=written(asked.greeting, values),
        addressees=() if asked.names_addressees else text.addressees,
        bases=text.bases,
        decided_by=decides if what.code in DECIDED else "",
        body=asked.body(text.body, values),
        recipients=text.copies or usual_copies(unit, text.addressees, named, asked.kept),
        authority=(*asked.own, *above) if asked.parties else asked.own or above,
        signer=signer.person.full_name,
        other=_other(asked, values),
        urgency=_STAMPS[fields.urgency],
    )


def _other(asked: Model, values: Mapping[str, str]) -> Other | None:
    title = tuple(line for words in asked.other if (line := written(words, values)))
    return Other(title, values[asked.other_name], after=asked.parties) if asked.other else None


#: names of the fields on form and API
LABELS: dict[str, LazyString] = {
    "kind_code": _l("Kind of document"),
    "subject": _l("Subject"),
    "recipients": _l("Recipients"),
    "outside": _l("People and bodies in no directory"),
    "signer_id": _l("Signed by"),
    "unit_id": _l("Drafting unit"),
    "body_id": _l("Issued in the name of"),
    "body_title": _l("Signer's title in the body"),
    "urgency": _l("Urgency"),
    "due_on": _l("Answer by"),
    "addressees": _l("Addressed to"),
    "bases": _l("Legal bases"),
    "body": _l("Text"),
    "copies": _l("Recipients printed at the end"),
    "decided_by": _l("Who decides"),
    "upload": _l("PDF or Word file"),
}
