"""The HTTP API as the command line uses it: JSON in and out, problems as :class:`CliProblem`, streams line by line.

Built on ``http.client``, which starts in a fifth of the time of a full client library.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from email.message import Message
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlencode, urlsplit

from safelight import __version__
from safelight.cli import login_file
from safelight.cli.problem import CliProblem, ExitCode

API = "/api/v1"
_COPY_BYTES = 256 * 1024

_EXIT_CODES = {401: ExitCode.NOT_LOGGED_IN, 403: ExitCode.REFUSED, 404: ExitCode.NOT_FOUND, 409: ExitCode.REFUSED}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class ApiClient:
    """One gateway, one token. A connection is opened for each call: commands make one or two."""

    def __init__(self, url: str, token: str | None, ca_pem: str | None = None, timeout_seconds: float = 30) -> None:
        self.url = url
        self._url = urlsplit(url)
        self._token = token
        self._ca_pem = ca_pem
        self._timeout_seconds = timeout_seconds
        if token is not None and not (token.isascii() and token.isprintable()):
            raise CliProblem(
                ExitCode.USAGE, "the token holds characters that no token has", next_step="safelight login"
            )
        if self._url.scheme not in ("http", "https", "unix"):
            raise CliProblem(ExitCode.USAGE, f"the gateway's URL must begin with http, https or unix: {url}")

    def get(self, path: str, **query: object) -> Any:
        return self._call("GET", path + _query(query))

    def post(self, path: str, body: object = None) -> Any:
        return self._call("POST", path, body)

    def put(self, path: str, body: object) -> Any:
        return self._call("PUT", path, body)

    def download(self, path: str, destination: BinaryIO, **query: object) -> Message:
        """Write a body to ``destination`` in pieces; gives the answer's headers."""
        with self._open("GET", path + _query(query), None, timeout_seconds=None) as response:
            while data := self._piece(response):
                destination.write(data)
            return response.headers

    def _piece(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read(_COPY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def events(self, path: str, **query: object) -> Iterator[Any]:
        """Follow a stream of server-sent events; gives the JSON of each ``data:`` line until the server ends it."""
        for line in self.lines(path, **query):
            if line.startswith("data:"):
                yield json.loads(line[5:])

    def lines(self, path: str, **query: object) -> Iterator[str]:
        """The body line by line, as it arrives."""
        with self._open("GET", path + _query(query), None, timeout_seconds=None) as response:
            try:
                for raw in response:
                    yield raw.decode("utf-8").rstrip("\r\n")
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(error) from error

    def _call(self, method: str, path: str, body: object = None) -> Any:
        with self._open(method, path, body, self._timeout_seconds) as response:
            try:
                data = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(error) from error
        try:
            return json.loads(data) if data else None
        except ValueError:
            raise self._no_gateway() from None

    def _open(self, method: str, path: str, body: object, timeout_seconds: float | None) -> http.client.HTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": f"safelight/{__version__}"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection = self._connection()
            connection.request(method, API + path, body=content, headers=headers)
            if connection.sock is not None:
                connection.sock.settimeout(timeout_seconds)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise _problem(response.status, response.read(1024 * 1024))
        return response

    def _connection(self) -> http.client.HTTPConnection:
        if self._url.scheme == "unix":
            return _UnixConnection(unquote(self._url.path), self._timeout_seconds)
        host = self._url.hostname or "localhost"
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port or 80, timeout=self._timeout_seconds)
        context = ssl.create_default_context()
        if self._ca_pem:
            context.load_verify_locations(cadata=self._ca_pem)
        return http.client.HTTPSConnection(
            host, self._url.port or 443, timeout=self._timeout_seconds, context=context
        )

    def _no_gateway(self) -> CliProblem:
        return CliProblem(
            ExitCode.FAILED,
            f"what answers at {self.url} is no safelight gateway",
            next_step="safelight login --url …",
        )

    def _unreachable(self, error: Exception) -> CliProblem:
        place = self._url.geturl()
        if isinstance(error, ssl.SSLCertVerificationError):
            return CliProblem(
                ExitCode.UNREACHABLE,
                f"the certificate of {place} is not trusted: {error.verify_message}",
                next_step="safelight login --ca FILE (the gateway's ca.pem)",
            )
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return CliProblem(
            ExitCode.UNREACHABLE, f"the gateway at {place} cannot be reached: {reason}", next_step="safelight doctor"
        )


def connect() -> ApiClient:
    """A client for the saved login."""
    login = login_file.load()
    return ApiClient(login.url, login.token, login.ca_pem)


def segment(text: str) -> str:
    """``text`` as one segment of a path."""
    return quote(text, safe="")


def _query(query: dict[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return "?" + urlencode(given, doseq=True) if given else ""


def _problem(status: int, body: bytes) -> CliProblem:
    """RFC 9457 problem details, or whatever came instead."""
    try:
        content = json.loads(body)
        if not isinstance(content, dict):
            raise ValueError
    except ValueError:
        content = {"detail": f"the gateway answered with status {status}"}
    message = str(content.get("detail") or content.get("title") or f"status {status}")
    code = _EXIT_CODES.get(status, ExitCode.FAILED if status >= 500 else ExitCode.REFUSED)
    next_step = str(content.get("next_step") or ("safelight login" if status == 401 else ""))
    return CliProblem(code, message, str(content.get("rule") or ""), next_step)
