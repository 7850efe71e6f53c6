"""The corpus of attempts to change a server, or to see what is hidden, by somebody who may only read.

``tests/vectors/postgres/read_attempts.sql`` holds a message a line: the text, its last semicolon, and what it tries.
"""

from dataclasses import dataclass
from pathlib import Path

_VECTORS = Path(__file__).parent.parent / "vectors" / "postgres"
SETUP = (_VECTORS / "read_attempts_setup.sql").read_text()
"""What the attempts act on, as SQL for a superuser in an empty database."""


@dataclass(frozen=True, slots=True)
class Attempt:
    text: str
    tries: str


def attempts() -> list[Attempt]:
    """All attempts in order. Within one database, later ones may use what earlier ones would have left behind."""
    lines = (_VECTORS / "read_attempts.sql").read_text().splitlines()
    pairs = (line.rpartition("; -- ") for line in lines if line and not line.startswith("--"))
    return [Attempt(text, tries) for text, _, tries in pairs]
