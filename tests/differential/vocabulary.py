"""What expressions can be made of: every function and operator that a server has, by the type it gives."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

LITERALS: Mapping[str, tuple[str, ...]] = {
    "int4": ("1", "-7", "0", "20", "'5'", "NULL"),
    "int8": ("9", "1::int8", "4711::int8"),
    "int2": ("2::int2", "'3'::smallint"),
    "numeric": ("1.5", "0.0", "'1e3'::numeric"),
    "float8": ("1.5::float8", "'NaN'::float8"),
    "float4": ("2.5::real",),
    "bool": ("true", "false", "1 = 1"),
    "text": ("'orders'", "'a b'", "E'x\\ny'", "$q$it's$q$", "''", "'SELECT 1'", "'public'", "'{}'", "'work_mem'"),
    "varchar": ("'abc'::varchar",),
    "bpchar": ("'abc'::char(5)",),
    "name": ("'orders'::name", "current_user"),
    "char": ("'r'::\"char\"",),
    "cstring": ("'x'::cstring",),
    "oid": ("1259::oid", "4711::oid", "'orders'::regclass::oid"),
    "regclass": ("'orders'::regclass", "'orders_id_seq'::regclass", "'orders_placed_at'::regclass"),
    "regproc": ("'pay'::regproc",),
    "regprocedure": ("'pay(int)'::regprocedure",),
    "regtype": ("'int4'::regtype",),
    "regrole": ("current_user::regrole",),
    "regnamespace": ("'public'::regnamespace",),
    "date": ("'2024-01-01'::date", "CURRENT_DATE"),
    "time": ("'12:00'::time", "LOCALTIME"),
    "timetz": ("'12:00+01'::timetz",),
    "timestamp": ("'2024-01-01'::timestamp",),
    "timestamptz": ("now()", "'2024-01-01'::timestamptz"),
    "interval": ("'1 day'::interval", "INTERVAL '2' HOUR"),
    "json": ("'{\"a\": [1, 2]}'::json",),
    "jsonb": ("'{\"a\": [1, 2]}'::jsonb", "'7'::jsonb"),
    "jsonpath": ("'$.a[*]'::jsonpath",),
    "xml": ("'<a>1</a>'::xml",),
    "bytea": ("'\\x00ff'::bytea", "'abc'::bytea"),
    "inet": ("'10.0.0.1'::inet",),
    "cidr": ("'10.0.0.0/8'::cidr",),
    "macaddr": ("'08:00:2b:01:02:03'::macaddr",),
    "uuid": ("'7b0b7a0e-7e62-4d5b-9e0b-3f6cbb0b1a11'::uuid",),
    "bit": ("B'101'",),
    "varbit": ("B'101'::varbit",),
    "money": ("'1.50'::money",),
    "point": ("'(1,2)'::point",),
    "box": ("'(1,1),(0,0)'::box",),
    "circle": ("'<(0,0),1>'::circle",),
    "tsvector": ("to_tsvector('simple', 'word1')",),
    "tsquery": ("'word1'::tsquery",),
    "int4range": ("'[1,5)'::int4range",),
    "_int4": ("'{1,2}'::int[]", "ARRAY[1, 2, NULL]"),
    "_text": ("'{a,b}'::text[]", "ARRAY['a', 'public']"),
    "record": ("ROW(1, 'a')", "(1, 2)"),
    "mood": ("'good'::mood",),
    "any": ("'x'::text", "1"),
    "anyelement": ("1",),
    "anycompatible": ("1",),
    "anynonarray": ("1",),
    "anycompatiblenonarray": ("1",),
    "anyarray": ("ARRAY[1, 2]",),
    "anycompatiblearray": ("ARRAY[1, 2]",),
    "anyrange": ("'[1,5)'::int4range",),
    "anycompatiblerange": ("'[1,5)'::int4range",),
    "anymultirange": ("'{[1,5)}'::int4multirange",),
    "anyenum": ("'good'::mood",),
}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "customers": {"id": "int4", "email": "text", "phone": "text", "full_name": "text", "country": "text"},
    "orders": {"id": "int4", "customer_id": "int4", "total": "numeric", "placed_at": "timestamptz", "note": "text"},
    "documents": {"id": "int4", "words": "tsvector"},
    "customer_view": {"id": "int4", "mail": "text", "country": "text"},
    "customer_names": {"id": "int4", "full_name": "text"},
    "pg_class": {"oid": "oid", "relname": "name", "relkind": "char", "relacl": "_aclitem"},
    "pg_proc": {"oid": "oid", "proname": "name", "prosrc": "text"},
    "pg_settings": {"name": "text", "setting": "text"},
    "pg_locks": {"pid": "int4", "mode": "text"},
}


@dataclass(frozen=True, slots=True)
class Function:
    schema: str
    name: str
    arguments: tuple[str, ...]
    result: str
    kind: str
    """``f`` function, ``a`` aggregate, ``w`` window function, ``p`` procedure."""
    returns_set: bool


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    left: str
    right: str
    result: str


class Vocabulary:
    """Of one server, as :func:`load` finds it."""

    def __init__(self, functions: list[Function], operators: list[Operator]) -> None:
        self.functions = functions
        self.operators = operators
        self.functions_by_result: dict[str, list[Function]] = defaultdict(list)
        self.operators_by_result: dict[str, list[Operator]] = defaultdict(list)
        for function in functions:
            if function.kind == "f" and "internal" not in function.arguments:
                self.functions_by_result[function.result].append(function)
        for operator in operators:
            self.operators_by_result[operator.result].append(operator)


_FUNCTIONS = """
SELECT n.nspname, p.proname, ARRAY(SELECT t.typname::text FROM unnest(p.proargtypes) WITH ORDINALITY a(type, at)
  JOIN pg_type t ON t.oid = a.type ORDER BY a.at), r.typname, p.prokind::text, p.proretset
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type r ON r.oid = p.prorettype ORDER BY p.oid
"""
_OPERATORS = """
SELECT o.oprname, coalesce(l.typname, ''), coalesce(r.typname, ''), t.typname FROM pg_operator o
LEFT JOIN pg_type l ON l.oid = o.oprleft LEFT JOIN pg_type r ON r.oid = o.oprright
JOIN pg_type t ON t.oid = o.oprresult ORDER BY o.oid
"""


def load(connection: "psycopg.Connection[Any]") -> Vocabulary:
    functions = connection.execute(_FUNCTIONS).fetchall()
    operators = connection.execute(_OPERATORS).fetchall()
    return Vocabulary(
        [Function(s, n, tuple(a), r, k, many) for s, n, a, r, k, many in functions],
        [Operator(*row) for row in operators],
    )
