"""A small shop's catalog, made by hand: what the tests of reading SQL resolve names against."""

from collections.abc import Iterable
from dataclasses import replace

from safelight.domain.masking import Strategy
from safelight.protocols.postgres.analysis import Analysis, StatementAnalysis
from safelight.protocols.postgres.catalog import Catalog, CatalogColumn, CatalogRelation, LabelledColumn
from safelight.protocols.postgres.sql.analyse import analyse

TEXT, DATE = 25, 1082
CUSTOMERS, CARDS, ACCOUNTS, ORDERS, EVENTS, PATIENTS = 1001, 1002, 1003, 1004, 1005, 1014
EMAIL = LabelledColumn("email", Strategy.PSEUDONYM)
PHONE = LabelledColumn("phone", Strategy.PARTIAL)
FULL_NAME = LabelledColumn("full_name", Strategy.REDACT)
CARD = LabelledColumn("card", Strategy.PARTIAL)
BORN = LabelledColumn("birth_date", Strategy.REDACT, generalisations=("year",))
POSTCODE = LabelledColumn("postcode", Strategy.REDACT, generalisations=("prefix:2",))
MAIL = LabelledColumn("mail", Strategy.PSEUDONYM, generalisations=("domain",))
SECRET = LabelledColumn("secret", Strategy.NULL, uses=frozenset())


def relation(
    oid: int,
    name: str,
    columns: Iterable[str],
    *,
    kind: str = "r",
    schema: str = "public",
    definition: str | None = None,
    parents: tuple[int, ...] = (),
    numbers: Iterable[int] | None = None,
) -> CatalogRelation:
    """A relation with text columns, numbered from one (``numbers`` where some were dropped). ``id`` is a key."""
    names = tuple(columns)
    attnums = tuple(numbers) if numbers is not None else tuple(range(1, len(names) + 1))
    listed = tuple(
        CatalogColumn(number, column, DATE if column == "born" else TEXT, unique=column == "id")
        for number, column in zip(attnums, names, strict=True)
    )
    return CatalogRelation(oid, schema, name, kind, listed, definition, parents)


CUSTOMER_COLUMNS = ("id", "email", "phone", "full_name", "country", "note")
RELATIONS = (
    relation(CUSTOMERS, "customers", CUSTOMER_COLUMNS, numbers=(1, 2, 3, 5, 6, 7)),
    relation(CARDS, "cards", ("id", "customer_id", "number", "expires")),
    relation(ACCOUNTS, "accounts", ("id", "email", "plan")),
    relation(ORDERS, "orders", ("id", "customer_id", "total", "placed_at", "note")),
    relation(EVENTS, "events", ("id", "at", "kind"), kind="p"),
    relation(1006, "events_2024", ("id", "at", "kind"), parents=(EVENTS,)),
    relation(1007, "orders_id_seq", ("last_value", "log_cnt", "is_called"), kind="S"),
    relation(1008, "elsewhere", ("id", "body"), kind="f"),
    relation(1009, "secrets", ("id", "body")),
    relation(1010, "orders", ("id", "body"), schema="archive"),
    relation(1011, "pgbench_accounts", ("aid", "bid", "abalance", "filler")),
    relation(1012, "pgbench_branches", ("bid", "bbalance", "filler")),
    relation(1013, "guesses", ("email", "phone")),
    relation(PATIENTS, "patients", ("id", "born", "postcode", "email", "secret")),
    relation(
        2001,
        "customer_view",
        ("id", "mail", "country"),
        kind="v",
        definition="SELECT c.id, c.email AS mail, c.country FROM public.customers c WHERE (c.country <> 'XX'::text);",
    ),
    relation(
        2002,
        "customer_report",
        ("country", "n", "longest"),
        kind="v",
        definition="SELECT c.country, count(*) AS n, max(c.email) AS longest FROM public.customers c GROUP BY 1;",
    ),
    relation(
        2003,
        "order_totals",
        ("customer_id", "total"),
        kind="v",
        definition="SELECT o.customer_id, sum(o.total) AS total FROM public.orders o GROUP BY o.customer_id;",
    ),
    relation(
        2004, "view_of_view", ("mail",), kind="v", definition="SELECT customer_view.mail FROM public.customer_view;"
    ),
    relation(
        2005, "odd_view", ("x",), kind="v", definition="SELECT public.pay(orders.id) AS x FROM public.orders;"
    ),
    relation(2006, "password_view", ("rolname",), kind="v", definition="SELECT a.rolname FROM pg_authid a;"),
    relation(2007, "loop_view", ("x",), kind="v", definition="SELECT loop_view.x FROM public.loop_view;"),
    relation(2008, "broken_view", ("x",), kind="v", definition=None),
    relation(
        2009,
        "customer_names",
        ("id", "full_name"),
        kind="m",
        definition="SELECT c.id, c.full_name FROM public.customers c;",
    ),
)  # fmt: skip

SHOP = Catalog(
    version="shop-1",
    target="shop-db",
    database="shop",
    server_version_num=180000,
    relations=RELATIONS,
    functions=frozenset({("public", "pay"), ("public", "similarity"), ("public", "leak")}),
    trusted_functions=frozenset({("public", "similarity")}),
    operators=frozenset({"<~>", "%"}),
    trusted_operators=frozenset({"%"}),
    types=frozenset({("public", "mood")}),
    labels={
        (CUSTOMERS, 2): EMAIL,
        (CUSTOMERS, 3): PHONE,
        (CUSTOMERS, 5): FULL_NAME,
        (CARDS, 3): CARD,
        (ACCOUNTS, 2): EMAIL,
        (PATIENTS, 2): BORN,
        (PATIENTS, 3): POSTCODE,
        (PATIENTS, 4): MAIL,
        (PATIENTS, 5): SECRET,
    },
    opaque=frozenset({1009}),
    search_path=("public",),
)
PLAIN_SHOP = replace(SHOP, version="shop-plain", labels={}, opaque=frozenset())
"""The same without labels."""


def read(sql: str, catalog: Catalog = SHOP) -> StatementAnalysis:
    """The analysis of a single statement."""
    whole = read_message(sql, catalog)
    assert whole.refusal is None, whole.refusal
    assert len(whole.statements) == 1, whole
    return whole.statements[0]


def read_message(sql: str, catalog: Catalog = SHOP, *, extended: bool = False) -> Analysis:
    """The analysis of a whole message."""
    return analyse(sql.encode(), catalog, extended=extended)


def rule_of(sql: str, catalog: Catalog = SHOP) -> str | None:
    """The rule by which a statement is refused, or None."""
    refusal = read(sql, catalog).facts.refusal
    return refusal.rule if refusal is not None else None


def shown_outputs(sql: str, catalog: Catalog = SHOP) -> list[str] | None:
    """The outputs in short: ``-`` for detect, ``*`` for a constant, the label's name for a label."""
    outputs = read(sql, catalog).outputs
    if outputs is None:
        return None
    return [{"detect": "-", "constant": "*"}.get(o.rule, o.label or "?") for o in outputs]


def capabilities(sql: str, catalog: Catalog = SHOP) -> set[str]:
    """The capabilities a statement needs, by name."""
    return {capability.value for capability in read(sql, catalog).facts.capabilities}
