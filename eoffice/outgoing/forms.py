"""The drafting form: what was typed, kept through every error, and the values made of it."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Optional

from eoffice.core.errors import Invalid
from eoffice.core.forms import Form, at_most
from eoffice.core.permissions import Actor
from eoffice.directory.queries import signer_of
from eoffice.documents import recipients
from eoffice.documents.groups import NewGroup
from eoffice.documents.layout.letter import about
from eoffice.documents.layout.wording import BLANKS, model
from eoffice.documents.models import Document, Recipient, Urgency
from eoffice.documents.recipients import Listed, outside
from eoffice.outgoing.consulting import Question
from eoffice.outgoing.drafting import Fields, Text
from eoffice.outgoing.models import OutgoingDocument, Stance
from eoffice.outgoing.remarking import NewRemark


def _number(typed: object) -> int | None:
    return int(str(typed)) if str(typed).isdecimal() else None


class BadDate(Invalid):
    """Not a day."""

    message = _l("Write the day as day/month/year, for example 24/11/2026.")


class BadNumber(Invalid):
    """Letters where a number is asked."""

    message = _l("Write a number, for example 165 or 165,5.")


class GroupForm(Form):
    """A group of recipients beside the field that lists its agencies."""

    version = HiddenField(filters=[_number])
    name = StringField(
        _l("Group name"), [at_most(100)], description=_l("It is found by this name while typing.")
    )
    line = StringField(
        _l("As printed on the page"), [Optional(), at_most(200)],
        description=_l("One line of “Kính gửi” and “Nơi nhận”; empty: the name."),
    )  # fmt: skip
    #: read by `recipients.listed`; here for what is said of it
    recipients = StringField()
    codes = TextAreaField(
        _l("Agency codes"),
        [Optional()],
        description=_l("One agency a line; what stands behind the code is not read."),
    )
    under = StringField(
        _l("Directly under the agency with this code"), [Optional(), at_most(35)],
        description=_l("For example H01: whoever stands under it on the axis on the day of sending."),
    )  # fmt: skip
    beginnings = StringField(
        _l("Only those whose names begin with"), [Optional(), at_most(200)],
        description=_l("Several are separated by commas; empty: all."),
    )  # fmt: skip
    shared = BooleanField(_l("Shared in the agency"))

    def to_new(self, codes: tuple[str, ...]) -> NewGroup:
        """What was entered; `codes`: of the agencies chosen."""
        return NewGroup(
            self.name.data or "", self.line.data or "", self.shared.data, codes, self.under.data or "",
            self.beginnings.data or "", self.version.data,
        )  # fmt: skip


class NoStance(Invalid):
    """Words alone leave open what is meant."""

    message = _l("Choose whether you agree.")


@dataclass
class Typed:
    """Every field as text, from the browser, the draft there is, or the document that is answered."""

    kind_code: str = "CV"
    #: of the draft that the form was opened with
    revision: str = ""
    subject: str = ""
    signer_id: str = ""
    body_id: str = ""
    body_title: str = ""
    unit_id: str = ""
    urgency: str = "0"
    due_on: str = ""
    reply_to: str = ""
    replaces: str = ""
    corrects: str = ""
    addressees: str = ""
    bases: str = ""
    body: str = ""
    copies: str = ""
    decided_by: str = ""
    outside: str = ""
    #: of a form that begins a draft: another one for each time it is opened
    form_key: str = ""
    to: Listed = field(default_factory=Listed)
    #: blanks of the kind's model by name, and those typed before another kind was chosen
    blanks: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls, session: Session, actor: Actor, form: MultiDict[str, str]) -> "Typed":
        """What the browser sent; groups of recipients opened."""
        plain = {
            name: form.get(name, "").strip()
            for name in cls.__dataclass_fields__
            if name not in ("to", "blanks")
        }
        blanks = {name: form[f"blanks.{name}"].strip() for name in BLANKS if f"blanks.{name}" in form}
        return cls(**plain, to=recipients.listed(session, actor, form), blanks=blanks)

    @classmethod
    def of(cls, document: OutgoingDocument, recipients: list[Recipient]) -> "Typed":
        """The draft there is."""
        text = Text.read(document.content)
        return cls(
            kind_code=document.kind_code,
            revision=str(document.revision),
            subject=document.subject,
            signer_id=_signer(document),
            body_id=str(document.body_id or ""),
            body_title=document.authority if document.body_id else "",
            unit_id=str(document.unit_id or ""),
            urgency=str(int(document.urgency)),
            due_on=_day(document.due_on),
            to=Listed.of(recipients),
            outside=_lines(tuple(outside(recipients))),
            body=text.body,
            decided_by=text.decided_by,
            addressees=_lines(text.addressees),
            bases=_lines(text.bases),
            copies=_lines(text.copies),
            blanks=dict(text.blanks),
        )

    def digest(self, *more: str) -> str:
        """The same for the same form with the same words in it; `more`: what it sent along. Empty without a key."""
        if not self.form_key:
            return ""
        return hashlib.sha256(
            json.dumps([asdict(self), more], sort_keys=True, default=str).encode()
        ).hexdigest()

    def fields(self, session: Session) -> Fields:
        """The values for the register. Raises BadDate."""
        signer_id, delegation_id = signer_of(self.signer_id)
        return Fields(
            kind_code=self.kind_code,
            subject=self.subject,
            signer_id=signer_id,
            delegation_id=delegation_id,
            unit_id=int(self.unit_id) if self.unit_id.isdecimal() else None,
            body_id=_number(self.body_id),
            body_title=self.body_title,
            urgency=Urgency(int(self.urgency)) if self.urgency in {"0", "1", "2", "3"} else Urgency.NORMAL,
            due_on=day(self.due_on),
            reply_to_id=int(self.reply_to) if self.reply_to.isdecimal() else None,
            replaces_id=int(self.replaces) if self.replaces.isdecimal() else None,
            corrects_id=int(self.corrects) if self.corrects.isdecimal() else None,
            recipients=recipients.entries(session, self.to.rows),
            outside=tuple(dict.fromkeys(split_lines(self.outside))),
            members=tuple(self.to.members),
        )

    def text(self) -> Text:
        """The values for the template."""
        return Text(
            body=self.body,
            addressees=split_lines(self.addressees),
            bases=split_lines(self.bases),
            copies=split_lines(self.copies),
            decided_by=self.decided_by,
            blanks={one.name: self.blanks.get(one.name, "") for one in model(self.kind_code).blanks},
        )


def _signer(document: OutgoingDocument) -> str:
    return (
        f"{document.signer_id}-{document.delegation_id}"
        if document.delegation_id
        else str(document.signer_id)
    )


def _named(document: Document) -> str:
    """A document as another one refers to it: kind, number and date."""
    code = f"{document.kind.name} số {document.code}" if document.code else document.kind.name
    return code + (f" ngày {document.issued_on:%d/%m/%Y}" if document.issued_on else "")


def _about(document: Document) -> str:
    plain = about(document.subject)
    return plain[:1].lower() + plain[1:]


def reply(answered: Document, agency_name: str) -> Typed:
    """An answer: whom it goes to and what it refers to stand there already."""
    code = f"{answered.kind.name} số {answered.code}" if answered.code else answered.kind.name
    opening = (
        f"Thực hiện {_named(answered)} của {answered.issuer_name} về việc {_about(answered)}, "
        f"{agency_name} có ý kiến như sau:"
    )
    return Typed(
        subject=f"Trả lời {code}"[:500],
        reply_to=str(answered.id),
        # empty: whoever it is sent to stands there, also one the drafter adds
        addressees="" if answered.issuer_code else answered.issuer_name,
        body=f"{opening}\n",
        to=Listed([(answered.issuer_name, answered.issuer_code)] if answered.issuer_code else []),
    )


def correction(corrected: OutgoingDocument, recipients: list[Recipient]) -> Typed:
    """A letter to whoever got a document, on what is wrong in its form (Article 18.3)."""
    body = (
        f"{corrected.issuer_name} đã ban hành {_named(corrected)} về việc {_about(corrected)}.\n"
        "Do sơ suất về thể thức, kỹ thuật trình bày, nay đính chính như sau:\n"
        "Tại …, đã viết: “…”. Nay sửa lại là: “…”.\n"
        f"Các nội dung khác của {corrected.kind.name} số {corrected.code} không thay đổi./."
    )
    return Typed(
        subject=f"Đính chính {_named(corrected)}"[:500],
        corrects=str(corrected.id),
        signer_id=_signer(corrected),
        body_id=str(corrected.body_id or ""),
        body_title=corrected.authority if corrected.body_id else "",
        body=body,
        to=Listed.of(recipients),
        outside=_lines(tuple(outside(recipients))),
        addressees=_lines(Text.read(corrected.content).addressees),
    )


def replacement(replaced: OutgoingDocument, recipients: list[Recipient]) -> Typed:
    """A document in another's place: the same text to the same recipients, to be corrected."""
    typed = Typed.of(replaced, recipients)
    typed.replaces, typed.due_on = str(replaced.id), ""
    return typed


def day(typed: str) -> date | None:
    """A day as people or browsers write it. Raises BadDate."""
    if not typed.strip():
        return None
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(typed.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise BadDate(field="due_on")


def question(form: MultiDict[str, str]) -> Question:
    """Whom to ask what, each with his own day or by the common one. Raises BadDate."""
    try:
        due_on = day(form.get("asked_due_on", ""))
    except BadDate as error:
        raise BadDate(field="asked_due_on") from error
    rows = zip_longest(form.getlist("people"), form.getlist("days"), fillvalue="")
    try:
        asked = [(int(who), day(until)) for who, until in rows if who.isdecimal()]
    except BadDate as error:
        raise BadDate(field="people") from error
    people, days = tuple(who for who, _ in asked), tuple(until for _, until in asked)
    return Question(
        people, form.get("question", ""), due_on, in_turn=form.get("order") == "in_turn", days=days
    )


def opinion(form: Mapping[str, str]) -> tuple[Stance, str]:
    """What somebody thinks. Raises NoStance."""
    chosen = form.get("stance", "")
    if chosen not in set(Stance):
        raise NoStance(field="stance")
    return Stance(chosen), form.get("opinion", "")


def remark(form: Mapping[str, str]) -> NewRemark:
    """What somebody says of which version, on which page. Raises BadNumber."""
    page = form.get("page", "").strip()
    if page and not page.isdecimal():
        raise BadNumber(field="page")
    version = form.get("version", "")
    return NewRemark(
        form.get("remark", ""), int(version) if version.isdecimal() else None, int(page) if page else None,
        form.get("passage", ""),
    )  # fmt: skip


def millimetres(form: Mapping[str, Any], name: str) -> float:
    """A length, with comma or point. Raises BadNumber."""
    try:
        length = float(str(form.get(name, "")).replace(",", "."))
    except ValueError:
        raise BadNumber(field=name) from None
    if not math.isfinite(length):
        raise BadNumber(field=name)
    return length


def split_lines(typed: str) -> tuple[str, ...]:
    """What a field of one entry a line says."""
    return tuple(line.strip() for line in typed.splitlines() if line.strip())


def _lines(entries: tuple[str, ...]) -> str:
    return "\n".join(entries)


def _day(value: date | None) -> str:
    return f"{value:%d/%m/%Y}" if value else ""
