"""Everything that parses a peer's bytes in Python, a module each.

A module has ``SEEDS``, what peers really say, and ``one_input``, which reads any bytes: it returns whether they were
taken, and raises for nothing but a mistake of ours. The native parsers are in ``fuzz/native``.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

NAMES = {
    "startup": "a client's startup phase, up to its login",
    "client_messages": "a client's messages, cut and taken apart",
    "conversation": "both directions of a session, interleaved",
    "copy_in": "COPY data of a client, however it is cut",
    "scram": "SCRAM messages of either side",
    "target_login": "a server's side of the login",
    "server_texts": "a server's errors, notices, settings and descriptions",
    "admin_answers": "a server's answers to the gateway's own queries",
    "analyst_answers": "what a child that reads SQL answers",
    "webhook": "a webhook's body and headers",
}


@dataclass(frozen=True, slots=True)
class Parser:
    name: str
    seeds: tuple[bytes, ...]
    one_input: Callable[[bytes], bool]


def load(name: str) -> Parser:
    """Raises: KeyError: there is no such parser."""
    if name not in NAMES:
        raise KeyError(name)
    module = importlib.import_module(f"fuzz.parsers.{name}")
    return Parser(name, tuple(module.SEEDS), module.one_input)
