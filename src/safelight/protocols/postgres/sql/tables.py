"""Tables of PostgreSQL's own names, kept as text beside the code so that a change reads as a change of names.

A table has ``[sections]``; a line that starts with ``# `` is a comment; everything else is names between blanks.
"""

from functools import cache
from importlib import resources


@cache
def sections(table: str) -> dict[str, tuple[str, ...]]:
    """The sections of a table (``functions.txt``, ``names.txt``) and the names in them, as written."""
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in resources.files(__package__).joinpath(table).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("# "):
            section.extend(line.split())
    return {name: tuple(names) for name, names in found.items()}
