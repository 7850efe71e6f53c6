"""What the command line makes of servers that are not what they should be."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from safelight.cli.client import ApiClient
from safelight.cli.problem import CliProblem, ExitCode


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that answers one connection with these bytes, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def http(status: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (http("200 OK", b"<html>"), ExitCode.FAILED, "is no safelight gateway"),
        (http("502 Bad Gateway", b"<html>"), ExitCode.FAILED, "status 502"),
        (http("404 Not Found", b"[]"), ExitCode.NOT_FOUND, "status 404"),
        (http("200 OK", b'{"a": 1}')[:-3], ExitCode.UNREACHABLE, "cannot be reached"),
        (b"", ExitCode.UNREACHABLE, "cannot be reached"),
        (b"SSH-2.0-OpenSSH\r\n", ExitCode.UNREACHABLE, "cannot be reached"),
        (http("401 Unauthorized", b"{}"), ExitCode.NOT_LOGGED_IN, "status 401"),
        (http("403 Forbidden", b'{"detail": "no", "rule": "a.b"}'), ExitCode.REFUSED, "no"),
        (http("503 Busy", b"busy", "text/plain"), ExitCode.FAILED, "status 503"),
    ],
)
def test_each_kind_of_wrong_answer_has_its_exit_code(answer: bytes, code: ExitCode, said: str) -> None:
    with answering(answer) as url, pytest.raises(CliProblem, match=said) as raised:
        ApiClient(url, "token", timeout_seconds=5).get("/whoami")
    assert raised.value.exit_code is code


def test_a_stream_that_breaks_off() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with answering(head + b'data: {"n": 1}\n\n') as url:
        events = ApiClient(url, "token").events("/sessions/s-1/events")
        assert next(events) == {"n": 1}
        assert list(events) == []


@pytest.mark.parametrize("url", ["ftp://gateway", "gateway:8480", ""])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(CliProblem, match="must begin with http, https or unix"):
        ApiClient(url, None)


@pytest.mark.parametrize("token", ["with\nline", "tökén", "nul\0"])
def test_a_token_that_could_not_be_sent(token: str) -> None:
    with pytest.raises(CliProblem, match="characters that no token has"):
        ApiClient("http://gateway", token)
