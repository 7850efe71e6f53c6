"""Files are read again while the node runs: a new label holds for a live session; what is wrong is refused whole."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.e2e.clients import eventually
from tests.e2e.shop import LABELS, leaks, make_shop
from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server


@pytest.fixture(scope="module")
def node(postgres18: Server) -> Iterator[Gateway]:
    """A gateway whose files a test may change."""
    make_shop(postgres18, "e2e_reload")
    target = Target(
        "orders-db", postgres18, ("e2e_reload",), labels={"public.customers.email": LABELS["public.customers.email"]}
    )
    with Gateway([target]) as running:
        yield running


def records(node: Gateway, kind: str) -> int:
    return len(node.api("GET", f"/audit/records?kind={kind}&limit=100", by="sam")["records"])


def test_a_new_label_holds_for_a_live_session(node: Gateway) -> None:
    with psycopg.connect(node.session("orders-db").dsn(), autocommit=True) as session:
        statement = "SELECT full_name FROM customers WHERE id = 1"
        assert session.execute(statement).fetchone() == ("Name1 Family1",)
        assert session.execute(statement, prepare=True).fetchone() == ("Name1 Family1",)
        file = node.directory / "targets.toml"
        loaded = records(node, "config.loaded")
        label = (
            '[[targets.orders-db.columns]]\ntable = "public.customers"\ncolumn = "full_name"\nlabel = "person_name"\n'
        )
        file.write_text(file.read_text() + label)
        eventually(lambda: records(node, "config.loaded") > loaded)
        for prepare in (False, True):
            (shown,) = session.execute(statement, prepare=prepare).fetchone() or ("",)
            assert shown.startswith("[person_name:")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="safelight"):
            session.execute(
                "SELECT upper(full_name) FROM customers WHERE id = 1; SELECT id FROM customers ORDER BY full_name"
            )


def test_a_targets_file_with_a_mistake_is_refused_whole(node: Gateway) -> None:
    file = node.directory / "targets.toml"
    good = file.read_text()
    with psycopg.connect(node.session("orders-db").dsn(), autocommit=True) as session:
        refused = records(node, "config.refused")
        file.write_text(good.replace("customers", "other_table", 1) + "\n[targets.second]\nkind = 'mystery'\n")
        eventually(lambda: records(node, "config.refused") > refused)
        (shown,) = session.execute("SELECT email FROM customers WHERE id = 2").fetchone() or ("",)
        assert not leaks(shown)
        assert [target["name"] for target in node.api("GET", "/targets", by="ada")["items"]] == ["orders-db"]
        psycopg.connect(node.session("orders-db").dsn()).close()
    file.write_text(good)


def test_a_policy_with_a_mistake_is_refused_and_the_old_ones_hold(node: Gateway) -> None:
    file = node.directory / "extra.cedar"
    refused = records(node, "config.refused")
    file.write_text('permit (principal, action == Action::"write", resourse);')
    eventually(lambda: records(node, "config.refused") > refused)
    with psycopg.connect(node.session("orders-db").dsn(), autocommit=True) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    file.write_text("")


def test_a_new_policy_holds_for_a_live_session(node: Gateway) -> None:
    file = node.directory / "extra.cedar"
    with psycopg.connect(node.session("orders-db").dsn(), autocommit=True) as session:
        assert session.execute("SELECT count(*) FROM stock").fetchone() == (50,)
        loaded = records(node, "config.loaded")
        file.write_text(
            '@id("tests.no-stock")\n@message("stock is being counted")\n@next("wait until it is done")\n'
            'forbid (principal, action in Action::"statement", resource)'
            ' when { context.relations.contains("public.stock") };\n'
        )
        eventually(lambda: records(node, "config.loaded") > loaded)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="stock is being counted") as caught:
            session.execute("SELECT count(*) FROM stock")
        assert caught.value.diag.message_hint == "wait until it is done"
        assert session.execute("SELECT count(*) FROM orders").fetchone() == (900,)
    file.write_text("")


def test_a_target_that_is_taken_out_ends_its_sessions(node: Gateway) -> None:
    file = node.directory / "targets.toml"
    good = file.read_text()
    with psycopg.connect(node.session("orders-db").dsn(), autocommit=True) as session:
        file.write_text(good.replace("targets.orders-db", "targets.renamed-db"))

        def ended() -> bool:
            try:
                session.execute("SELECT 1")
            except psycopg.errors.AdminShutdown:
                return True
            except psycopg.OperationalError:
                return session.closed
            return False

        eventually(ended)
    file.write_text(good)
    eventually(lambda: [t["name"] for t in node.api("GET", "/targets", by="ada")["items"]] == ["orders-db"])
