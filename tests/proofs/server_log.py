"""What PostgreSQL has logged, entry by entry, as the rig's servers write it."""

import re
from collections.abc import Iterator

ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] (?P<user>\S+?)@\S+ (?P<level>[A-Z]+):  ", re.M)


def entries(log: str) -> Iterator[tuple[str, str]]:
    """(user, message) of each entry of the server's log."""
    heads = list(ENTRY.finditer(log))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        yield head["user"], log[head.end() : following.start() if following else len(log)]
