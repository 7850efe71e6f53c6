"""A target between good and evil: it passes its administrator's connections on to a real server, and plays a script
to the gateway's session account.

    hostile.script = lambda talk: talk.answer_query(m.message(b"D", b"…"))
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

from safelight.protocols.postgres import messages as m
from tests.rig.servers import Server, free_port

WAIT_SECONDS = 20.0


class Talk:
    """One connection of the gateway's session account, its startup packet read already."""

    def __init__(self, gateway: socket.socket, startup: bytes, real_port: int) -> None:
        self._gateway = gateway
        self._startup = startup
        self._real_port = real_port
        self.received = b""
        """Everything that the gateway has sent, but what was passed on to the real server."""
        self.answered = b""
        """What was passed on to it, in a true login."""

    def send(self, data: bytes) -> None:
        """Whether the gateway still wants to hear it or not."""
        with contextlib.suppress(OSError):
            self._gateway.sendall(data)

    def hear(self) -> bytes:
        """What comes next; empty when the gateway has closed."""
        try:
            data = self._gateway.recv(65536)
        except OSError:
            data = b""
        self.received += data
        return data

    def pour(self, data: bytes, seconds: float = WAIT_SECONDS) -> int:
        """Say this again and again, until the gateway has closed or the time is over: how many bytes it took."""
        taken, end = 0, time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                taken += self._gateway.send(data)
        return taken

    def hang_up(self) -> None:
        self._gateway.close()

    def upgrade(self, context: ssl.SSLContext) -> None:
        """Take the gateway's TLS, and give it a handshake of ours."""
        self.send(b"S")
        self._gateway = context.wrap_socket(self._gateway, server_side=True)

    def listen(self) -> None:
        """Say nothing until the gateway has closed."""
        while self.hear():
            pass

    def login(self, up_to_bytes: int | None = None, *, until: bytes | None = None) -> int:
        """Let the real server log the gateway in, up to ReadyForQuery; then the real server is gone. The gateway
        hears so many bytes of it and no more, or up to and with ``until``. How many bytes it heard."""
        heard = b""
        self.answered = self._startup
        with socket.create_connection(("127.0.0.1", self._real_port), WAIT_SECONDS) as real:
            real.sendall(self._startup)
            while reply := real.recv(65536):
                end = len(heard) + len(reply) if up_to_bytes is None else up_to_bytes
                if until is not None and until in heard + reply:
                    end = (heard + reply).index(until) + len(until)
                told = reply[: end - len(heard)]
                self._gateway.sendall(told)
                heard += told
                cut_off = until in heard if until is not None else len(heard) == up_to_bytes
                if cut_off or reply.endswith(m.ready_for_query()):
                    break
                answer = self._gateway.recv(65536)
                self.answered += answer
                real.sendall(answer)
        return len(heard)

    def answer_query(self, *replies: bytes) -> None:
        """After a true login: wait for a statement and answer it with this, then listen."""
        self.login()
        self.hear()
        for reply in replies:
            self.send(reply)
        self.listen()


Script = Callable[[Talk], None]


class _Elsewhere(Server):
    """``real``, but for the port at which the gateway looks for it."""

    def __init__(self, real: Server, port: int) -> None:
        self.__dict__.update(real.__dict__)
        self._real = real
        self.port = port

    def sql(self, text: str, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        return self._real.sql(text, database, user, password)


class DownServer(_Elsewhere):
    """Nothing listens at its port."""

    def __init__(self, real: Server) -> None:
        super().__init__(real, free_port())


class SilentServer(_Elsewhere):
    """Takes connections and never says a word."""

    def __init__(self, real: Server) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        super().__init__(real, listener.getsockname()[1])
        self._listener = listener

    def close(self) -> None:
        self._listener.close()


class HostileServer(_Elsewhere):
    """:attr:`script` is played to everybody but the administrator, and with :attr:`to_all` to everybody. TLS hides
    who comes: with :attr:`passes_tls` it is passed on whole."""

    def __init__(self, real: Server) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(real, listener.getsockname()[1])
        self._listener = listener
        self.script: Script = Talk.listen
        self.to_all = False
        self.passes_tls = True
        self.talks: list[Talk] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening; ``real`` goes on."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, gateway: socket.socket) -> None:
        with gateway, contextlib.suppress(OSError):
            head = gateway.recv(4, socket.MSG_WAITALL)
            if len(head) < 4:
                return
            startup = head + gateway.recv(struct.unpack("!i", head)[0] - 4, socket.MSG_WAITALL)
            if not self.to_all and (
                b"user\0safelight_admin\0" in startup or (self.passes_tls and startup == m.ssl_request())
            ):
                _pass_on(gateway, startup, self._real.port)
                return
            gateway.settimeout(WAIT_SECONDS)
            talk = Talk(gateway, startup, self._real.port)
            self.talks.append(talk)
            self.script(talk)


def _pass_on(gateway: socket.socket, startup: bytes, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as real:
        real.sendall(startup)
        back = threading.Thread(target=_copy, args=(real, gateway), daemon=True)
        back.start()
        _copy(gateway, real)
        back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
