"""How many files and sockets this process may have open.

Usual systems start programs with 1,024 and let them ask for far more. A node that runs out of them cannot record
and must stop, so it asks at once, and handshakes of strangers get a part only.
"""

import resource

HANDSHAKES_SHARE = 4
MOST_HANDSHAKES = 4096


def allow_many() -> None:
    """Raise our limit as far as the system lets us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def affordable_handshakes() -> int:
    """How many clients may be in their startup phase: a quarter of what can be open, and no more than any node
    needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return MOST_HANDSHAKES
    return min(MOST_HANDSHAKES, max(1, allowed // HANDSHAKES_SHARE))
