"""What a draft's fields name: who signs and by what right, the unit, who gets it (Decree 30/2020, Article 13)."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.directory.models import AdvisoryBody, Agency, Assignment, Delegation, Unit
from eoffice.documents import bodies, kinds, recipients
from eoffice.outgoing.drafting import Fields, Missing
from eoffice.outgoing.models import OutgoingDocument


class WrongSigner(Invalid):
    """No post that signs for the agency."""

    message = _l("Choose who signs from the list of those who sign for your agency.")


class WrongUnit(Invalid):
    """Not a unit the drafter works in."""

    message = _l("Choose one of your own units as the drafting unit.")


class KindNotCovered(Invalid):
    """Article 13.3: limited in content."""

    message = _l(
        "%(name)s signs in another's stead for these kinds only: %(kinds)s. Choose another signer or kind."
    )


class DelegationOver(Conflict):
    """Article 13.4: limited in time and content."""

    message = _l(
        "The authority to sign in another's stead ended at %(end)s or does not cover this kind. "
        "The drafter chooses another signer; a draft that was submitted is sent back for that."
    )


class SignerLeft(Conflict):
    """Whoever holds the post no more signs nothing under it."""

    message = _l(
        "%(name)s holds that post no more and signs nothing. The drafter chooses another signer; a draft that was "
        "submitted is sent back for that."
    )


@dataclass(frozen=True)
class Chosen:
    """The rows a draft's fields name."""

    agency: Agency
    signer: Assignment
    #: the lines above the signature, by the signer's own right or under the delegation
    authority: str
    delegation: Delegation | None
    unit: Unit | None
    recipients: list[Agency]
    #: what names those of groups on the page, by id
    lines: dict[int, str]
    #: names of those in no directory
    outside: tuple[str, ...] = ()
    #: the advisory body in whose name it is issued
    body: AdvisoryBody | None = None

    @property
    def issuer(self) -> Agency | AdvisoryBody:
        """Whose name and abbreviation the page bears."""
        return self.body or self.agency

    @property
    def named(self) -> tuple[str, ...]:
        """The recipients as the page lists them: a group stands on one line (Appendix I, part II.9)."""
        listed = [self.lines.get(one.id) or one.name for one in self.recipients]
        return tuple(dict.fromkeys([*listed, *self.outside]))


def choose(session: Session, actor: Actor, fields: Fields) -> Chosen:
    """Find what the fields name. Raises WrongSigner, WrongUnit, WrongBody, Missing, and what `recipients` refuses
    with."""
    assert actor.agency_id is not None
    signer = session.get(Assignment, fields.signer_id)
    if signer is None or signer.agency_id != actor.agency_id:
        raise WrongSigner(field="signer_id")
    lent = _lent(session, signer, fields)
    authority = lent.authority if lent else signer.authority
    if not signer.holds(clock.today()):
        raise WrongSigner(field="signer_id")
    unit = _unit(session, actor, fields)
    agency = directory.agency(session, actor.agency_id)
    to, lines = _recipients(session, fields, agency)
    body = bodies.present(session, agency.id, fields.body_id)
    if body is not None:
        authority = _in_body(fields)
    outside = tuple(dict.fromkeys(name for name in map(nfc, fields.outside) if name))
    return Chosen(agency, signer, authority, lent, unit, to, lines, outside, body)


def _lent(session: Session, signer: Assignment, fields: Fields) -> Delegation | None:
    """Under what the signer signs in another's stead (Article 13). Raises WrongSigner, KindNotCovered."""
    now = clock.now()
    if fields.delegation_id is None:
        if signer.authority:
            return None
        mine = [one for one in directory.delegations(session, signer.agency_id) if one.to_id == signer.id]
    else:
        chosen = session.get(Delegation, fields.delegation_id)
        mine = [chosen] if chosen is not None and chosen.to_id == signer.id else []
    lent = next((one for one in mine if one.holds(now, fields.kind_code)), None)
    if lent is None and (codes := {code for one in mine for code in one.kind_codes if one.holds(now, code)}):
        covered = ", ".join(sorted(kinds.kind(code).name for code in codes))
        raise KindNotCovered(name=signer.person.full_name, kinds=covered, field="signer_id")
    if lent is None:
        raise WrongSigner(field="signer_id")
    return lent


def ended(document: OutgoingDocument) -> Conflict | None:
    """Why nobody can sign it, or allow the copy, as it is: the signer's post has ended, or the authority to sign in
    another's stead, with its day or by its kinds (Article 13).
    """
    if document.signed_at is not None or (document.copied_to and document.approved_at is not None):
        return None
    if not document.signer.holds(clock.today()):
        return SignerLeft(name=document.signer.label)
    lent = document.delegation
    if lent is None or lent.holds(clock.now(), document.kind_code):
        return None
    return DelegationOver(end=f"{clock.local(lent.ends):%H:%M %d/%m/%Y}")


def refuse_ended(document: OutgoingDocument) -> None:
    """Raises SignerLeft, DelegationOver."""
    if (why := ended(document)) is not None:
        raise why


def _in_body(fields: Fields) -> str:
    """What the signer is in the body, which is what the page says of him (Appendix I, II.7.b). Raises Missing."""
    lines = [nfc(line).upper() for line in fields.body_title.splitlines() if line.strip()]
    if not lines:
        raise Missing(what=str(_l("the signer's title in the body")), field="body_title")
    return "\n".join(lines)


def _recipients(session: Session, fields: Fields, own: Agency) -> tuple[list[Agency], dict[int, str]]:
    """Those named alone, then the members of groups without one's own agency, with the line of each.

    Raises Missing for a letter to nobody, and what `recipients` refuses with.
    """
    alone = recipients.find(session, fields.recipients)
    members = recipients.find_members(session, fields.members)
    grouped = [agency for agency in members if agency is not own and agency not in alone]
    if fields.kind_code == kinds.OFFICIAL_LETTER.code and not (alone or grouped or fields.outside):
        raise Missing(what=str(_l("recipients")), field="recipients")
    return [*alone, *grouped], {agency.id: members[agency] for agency in grouped}


def _unit(session: Session, actor: Actor, fields: Fields) -> Unit | None:
    wanted = fields.unit_id or min(actor.unit_ids, default=None)
    if wanted is None:
        raise Missing(what=str(_l("drafting unit")), field="unit_id")
    if wanted not in actor.unit_ids:
        raise WrongUnit(field="unit_id")
    return session.get_one(Unit, wanted)
