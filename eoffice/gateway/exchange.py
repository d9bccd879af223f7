"""Everything that goes on between this installation and the axis, by itself."""

from eoffice.core.bell import Bell
from eoffice.gateway import operations
from eoffice.gateway.follower import Follower
from eoffice.gateway.lanes import Lane
from eoffice.gateway.receiver import Receiver
from eoffice.gateway.sender import Sender
from exchange.model import MessageKind


class Exchange:
    """Sending, receiving and following, each kind of packet in a lane of its own: none waits for another."""

    def __init__(self, *, sends: bool = True, receives: bool = True) -> None:
        senders = {operations.bell(kind): Sender(kind) for kind in MessageKind if sends}
        self._bell = Bell({name: sender.ring for name, sender in senders.items()})
        self._lanes: list[Lane] = [*senders.values()]
        if sends:
            self._lanes.append(Follower())
        if receives:
            self._lanes += [Receiver(kind) for kind in MessageKind]

    def start(self) -> None:
        """Begin; returns at once."""
        self._bell.start()
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Ask every lane to end; what is under way is offered and tried again at the next start."""
        self._bell.stop()
        for lane in self._lanes:
            lane.stop()
