"""Loads a province: people, then papers in the order of time, a batch a transaction."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict
from eoffice.core.permissions import system_actor
from eoffice.demo.load import vocabulary
from eoffice.demo.load.agencies import House, close_books, settle, settle_elsewhere
from eoffice.demo.load.copying import write_all
from eoffice.demo.load.incoming import IncomingDesk
from eoffice.demo.load.outgoing import OutgoingDesk
from eoffice.demo.load.papers import Desk, Paper, sheet
from eoffice.directory.models import Agency
from eoffice.documents.models import Document

LOADED = audit.action("demo.loaded", _l("Made-up documents loaded in bulk"))

BATCH = 5_000
#: of all papers, the share of the largest agency; the commune has this many
LARGEST, COMMUNE = 0.3, 500


class Loaded(Conflict):
    """Loading twice would give numbers twice."""

    message = _l("Made-up documents are loaded already. Start from an empty database to load others.")


@dataclass(frozen=True)
class Amounts:
    """How much to make."""

    documents: int
    agencies: int = 400
    #: agencies of the rest of the country
    elsewhere: int = 111_000
    #: the first paper lies this many days back
    days: int = 3 * 365


def load(
    session: Session, amounts: Amounts, tell: Callable[[int], None] = lambda _made: None
) -> Sequence[House]:
    """Make everything; `tell` hears after each batch how many documents there are. Raises Loaded.

    The same amounts give the same papers, but for the moments, which end now.
    """
    chance = random.Random(1)  # noqa: S311 - made-up papers, no secrets
    now = clock.now()
    began = now - timedelta(days=amounts.days)
    with transaction(session):
        if session.scalar(sa.select(Agency.id).where(Agency.code == "H01.300")):
            raise Loaded
        houses = settle(session, amounts.agencies, began, chance)
        settle_elsewhere(session, amounts.elsewhere)
        audit.record(
            session,
            system_actor(),
            LOADED,
            session.get_one(Agency, houses[0].id),
            documents=amounts.documents,
        )
    deck = _deck(amounts, chance)
    desk = Desk(session, sheet(), chance, now)
    incoming, outgoing = IncomingDesk(desk), OutgoingDesk(desk, houses)
    tables = (
        desk.documents, incoming.documents, outgoing.documents, desk.files, desk.pages, incoming.checks,
        desk.access, desk.entries, incoming.directions, incoming.tasks, incoming.handed_on, incoming.handed_tasks,
        outgoing.recipients, outgoing.dispatches, outgoing.deliveries, desk.log,
    )  # fmt: skip
    made = [0] * len(houses)
    for first in range(0, len(deck), BATCH):
        with transaction(session):
            for serial in range(first, min(first + BATCH, len(deck))):
                order = deck[serial]
                made[order] += 1
                rare = made[order] % 10_000 == 37 and (order < 2 or order % 6 == 0)
                paper = Paper(
                    desk.id_of(Document), houses[order], serial, began + (now - began) * (serial / len(deck)),
                    _subject(chance, serial), vocabulary.page(chance, serial, rare=rare),
                    chance.choices((0, 1, 2, 3), (90, 6, 3, 1))[0],
                )  # fmt: skip
                (outgoing.make if chance.random() < 0.25 else incoming.make)(paper)
            write_all(session, tables)
        tell(min(first + BATCH, len(deck)))
    with transaction(session):
        close_books(session, houses)
    return houses


def _deck(amounts: Amounts, chance: random.Random) -> bytearray | list[int]:
    """For each paper, in the order of time, whose it is."""
    largest = int(amounts.documents * LARGEST)
    commune = min(COMMUNE, amounts.documents // 20)
    deck = [0] * largest + [1] * commune
    others = range(2, amounts.agencies)
    deck += [others[n % len(others)] for n in range(amounts.documents - len(deck))]
    chance.shuffle(deck)
    return deck


def _subject(chance: random.Random, serial: int) -> vocabulary.Phrase:
    subject, place = chance.choice(vocabulary.SUBJECTS), chance.choice(vocabulary.PLACES)
    turn = serial % 97 + 1
    return vocabulary.Phrase(
        f"{subject.text} {place.text} đợt {turn}", f"{subject.folded} {place.folded} dot {turn}"
    )
