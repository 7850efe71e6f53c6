"""Servers that are hostile to the gateway's own connections too: the node starts, the others' sessions run, memory is
bounded, and the log says what was found."""

from collections.abc import Iterator

import psycopg
import pytest

from safelight.protocols.postgres import messages as m
from tests.hostile.conftest import DATABASE, LABELS, SETTINGS, VICTIM_PASSWORD, shop_server
from tests.hostile.measuring import Beside, resident_bytes
from tests.hostile.saying import LEAK, READY
from tests.proofs.hostile import HostileServer, Script, Talk
from tests.rig.gateway import Gateway, Target

MOST_BYTES = 250 * 1024 * 1024
"""Of the whole process."""


def _answers_all(data: bytes) -> Script:
    """A true login, and the same answer to whatever is asked then."""

    def play(talk: Talk) -> None:
        talk.login()
        while talk.hear():
            talk.send(data)

    return play


SCRIPTS: dict[str, Script] = {
    "nonsense": _answers_all(m.message(b"G", b"\0\0\0") + READY),
    "false-rows": _answers_all(LEAK + m.message(b"C", b"SELECT 1\0") + READY),
}


@pytest.fixture(scope="module")
def hostiles() -> Iterator[dict[str, HostileServer]]:
    """One for each script; the same true server is behind all of them."""
    for real in shop_server():
        servers = {name: HostileServer(real) for name in SCRIPTS}
        yield servers
        for server in servers.values():
            server.close()


def test_a_node_with_such_targets(hostiles: dict[str, HostileServer]) -> None:
    for shop in shop_server():
        targets = [
            Target(f"{name}-db", server, (DATABASE,), labels=LABELS, account=("victim", VICTIM_PASSWORD))
            for name, server in hostiles.items()
        ]
        gateway = Gateway([*targets, Target("shop-db", shop, (DATABASE,), labels=LABELS)], settings=SETTINGS)
        for name, server in hostiles.items():
            server.script, server.to_all = SCRIPTS[name], True
        with gateway:
            with Beside(gateway.session("shop-db")):
                for name in hostiles:
                    with pytest.raises(psycopg.OperationalError) as refused:
                        psycopg.connect(gateway.session(f"{name}-db").dsn())
                    assert "Rule: target.unavailable" in str(refused.value), (name, refused.value)
            assert resident_bytes(gateway.pid) < MOST_BYTES
