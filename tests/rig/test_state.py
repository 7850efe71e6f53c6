"""The state of a server is the same twice, and every kind of change shows in the part it belongs to."""

import pytest

from tests.rig.attempts import SETUP
from tests.rig.servers import Server
from tests.rig.state import server_state

CHANGES = [
    ("dump", "INSERT INTO orders (id, total) VALUES (1000, 1)"),
    ("dump", "ALTER TABLE orders ADD COLUMN mine int"),
    ("sequences", "SELECT nextval('orders_id_seq')"),
    ("roles", "CREATE ROLE changed_here"),
    ("roles", "ALTER ROLE changed_here PASSWORD 'x'"),
    ("role settings", "ALTER ROLE changed_here SET jit = off"),
    ("members", "GRANT pg_monitor TO changed_here"),
    ("large objects", "SELECT lo_create(815)"),
    ("large objects", "SELECT lo_put(815, 0, 'x')"),
    ("slots", "SELECT pg_create_physical_replication_slot('changed_here')"),
    ("prepared", "BEGIN; LOCK orders IN ACCESS SHARE MODE; PREPARE TRANSACTION 'changed here'"),
    ("files", "ALTER SYSTEM SET log_min_messages = 'error'"),
    ("storage", "VACUUM FULL documents"),
    ("databases", "CREATE DATABASE changed_here"),
]
CLEAN_UP = [
    "ROLLBACK PREPARED 'changed here'",
    "SELECT pg_drop_replication_slot('changed_here')",
    "DROP DATABASE changed_here",
    "DROP ROLE changed_here",
    "ALTER SYSTEM RESET ALL",
]


@pytest.mark.parametrize("fixture", ["postgres15", "postgres18"])
def test_each_change_shows(fixture: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(fixture)
    database = server.create_database()
    server.sql(SETUP, database)
    before = server_state(server, database)
    assert server_state(server, database) == before
    for part, change in CHANGES:
        server.sql(change, database)
        after = server_state(server, database)
        assert part in {name for name in after if after[name] != before[name]}, change
        before = after
    for statement in CLEAN_UP:
        server.sql(statement, database)
