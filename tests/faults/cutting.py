"""A line to the axis that breaks: it cuts connections in the middle, and says what was said once more, later."""

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

_PIECE = 1 << 14
#: an end that closes with this on sends a reset, as a broken line does, instead of a farewell
_RESET = struct.pack("ii", 1, 0)
#: bytes of one connection that are remembered for saying them again
_REMEMBERED = 4 << 20


@dataclass
class CuttingLine:
    """Listens on a port of its own and passes on to port `to`. `seed` decides which connections suffer."""

    to: int
    seed: int
    #: share of connections that are cut, and that are said again
    cuts: float = 0.25
    repeats: float = 0.1
    cut: int = 0
    repeated: int = 0
    _socket: socket.socket = field(init=False)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._random = random.Random(self.seed)

    @property
    def url(self) -> str:
        """Where to call instead of the target."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Pass on until the process ends."""
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self) -> None:
        """From now on nothing is cut and nothing said again; lines that are open stay as they are."""
        self.cuts = self.repeats = 0.0

    def _accept(self) -> None:
        while True:
            near, _ = self._socket.accept()
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.to), timeout=10)
        except OSError:  # nobody listens there now
            _reset(near)
            return
        far.settimeout(None)
        # within the first head, within a small body, within a large one
        left = self._random.choice((900, 20_000, 1_500_000))
        bytes_left = int(left * self._random.random()) if self._random.random() < self.cuts else None
        said = bytearray() if self._random.random() < self.repeats else None
        line = _Line(near, far, bytes_left, said)
        back = threading.Thread(target=line.pump, args=(far, near), daemon=True)
        back.start()
        line.pump(near, far)
        back.join()
        self.cut += line.broken
        if said:
            time.sleep(3 * self._random.random())  # by now others have said more: it comes out of order
            self._say_again(bytes(said))

    def _say_again(self, said: bytes) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.to), timeout=5) as again:
            self.repeated += 1
            threading.Thread(target=_send, args=(again, said), daemon=True).start()
            while again.recv(_PIECE):
                pass


def _send(line: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)


@dataclass
class _Line:
    """One connection. `left`: bytes in both directions together until it breaks, None: it holds."""

    near: socket.socket
    far: socket.socket
    left: int | None
    said: bytearray | None
    broken: bool = False

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        """Pass on what comes from one end until either ends."""
        try:
            while data := source.recv(_PIECE):
                if self.said is not None and source is self.near and len(self.said) < _REMEMBERED:
                    self.said += data
                if self.left is not None:
                    data, self.left = data[: self.left], self.left - len(data)
                target.sendall(data)
                if self.left is not None and self.left <= 0:
                    self.broken = True
                    break
            else:
                with suppress(OSError):
                    target.shutdown(socket.SHUT_WR)
                return
        except OSError:  # an end was killed
            pass
        _reset(self.near)
        _reset(self.far)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    end.close()
