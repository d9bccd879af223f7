"""What the worker's lanes do by themselves, done here and now."""

from datetime import timedelta

from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.gateway import axis, follower, queries
from eoffice.gateway.receiver import Receiver
from eoffice.gateway.sender import Sender
from exchange.client import AxisClient
from exchange.model import MessageKind


def send(session: Session) -> None:
    """Empty the outbox as far as the axis lets it."""
    for kind in MessageKind:
        sender = Sender(kind)
        while sender.turn(axis.client()):
            sender.woken.wait(5)
            sender.woken.clear()
    session.expire_all()


def receive(
    session: Session, kind: MessageKind = MessageKind.DOCUMENT, client: AxisClient | None = None
) -> None:
    """Receive everything of one kind that waits at the axis, and take it in."""
    asked = client or axis.client()
    assert asked is not None
    receiver = Receiver(kind)
    while receiver.turn(asked):
        pass
    waiting = queries.stored(session, clock.now() + timedelta(minutes=1))
    session.rollback()
    jobs.run(session, "gateway.take_in", arrival_ids=waiting)
    session.expire_all()


def follow(session: Session) -> None:
    """Ask the axis what became of everything that was sent."""
    client = axis.client()
    assert client is not None
    follower.ask(session, client)
    session.expire_all()


def exchange(session: Session) -> None:
    """Let documents and statuses go to and fro until nothing is left to say."""
    for _ in range(3):
        send(session)
        for kind in MessageKind:
            receive(session, kind)
