"""What a child that reads SQL answers: its text has been through a parser in C, so that it is a peer."""

from safelight.dataplane.analyst_frames import CatalogPart, Question
from safelight.dataplane.typed_json import Malformed, from_json, to_json
from safelight.protocols.postgres.analysis import Analysis
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.sql.analyse import analyse
from tests.protocols.postgres.sql.shop import SHOP

KINDS: tuple[type[Analysis | Question | CatalogPart | Catalog], ...] = (Analysis, Question, CatalogPart, Catalog)
_TEXTS = (
    b"SELECT id, email FROM customers WHERE id = 7",
    b"COPY (SELECT 1) TO STDOUT",
    b"SET DateStyle = 'ISO'; BEGIN; DELETE FROM orders",
    b"SELEC",
)
SEEDS = (
    *(b"\0" + to_json(analyse(text, SHOP, extended=False)) for text in _TEXTS),
    b"\1" + to_json(Question(1, 2, False, b"SELECT 1")),
    b"\2" + to_json(CatalogPart(SHOP.relations[:2])),
    b"\0" + b"[" * 3000,
    b"\0[[],null,null,1e400]",
)


def one_input(data: bytes) -> bool:
    kind = KINDS[(data[0] if data else 0) % len(KINDS)]
    try:
        value = from_json(kind, data[1:])
    except Malformed:
        return False
    assert isinstance(value, kind)
    assert from_json(kind, to_json(value)) == value, "what was read is not what would be written"
    return True
