"""PostgreSQL's parse tree: reading it, and the few questions that every reader asks of its nodes.

The grammar is PostgreSQL 18's (libpg_query). Nodes are protobuf messages; a ``Node`` wraps one of them. Nothing here
knows a catalog.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import postgast
from google._upb import _message
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from postgast import pg_query_pb2 as pg

_message.SetAllowOversizeProtos(True)
"""The decoder stops at 100 levels, which a sum of 48 terms reaches. Depth is bounded by the reader's own stack."""

TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "name", "citext"})
CONSTANTS = frozenset({"a_const", "param_ref"})


class SyntaxProblem(Exception):
    """The text is not SQL. ``position`` is 1-based, in characters; 0 when unknown."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class TooDeep(Exception):
    """The tree is nested deeper than can be read."""


def parse(text: str) -> pg.ParseResult:
    """The parse tree of a message's text.

    Raises:
        SyntaxProblem: it is not SQL. TooDeep: it is nested too deeply.
    """
    try:
        return postgast.parse(text)
    except postgast.PgQueryError as problem:
        raise SyntaxProblem(problem.message, max(problem.cursorpos, 0)) from problem
    except DecodeError as problem:
        raise TooDeep from problem


def kind(node: pg.Node) -> str:
    """Which node it is: the field name of the oneof (``column_ref``); empty for an absent node."""
    return node.WhichOneof("node") or ""


def inner(node: pg.Node) -> Any:
    """The message inside of a node."""
    return getattr(node, node.WhichOneof("node") or "")


def strings(nodes: Iterable[pg.Node]) -> list[str]:
    """The parts of a possibly qualified name. A star becomes ``*``."""
    return ["*" if node.HasField("a_star") else node.string.sval for node in nodes]


def qualified(parts: Sequence[str]) -> tuple[str | None, str]:
    """``(schema, name)`` of a name's parts; the database's name, which can only be this one, is dropped."""
    return (parts[-2] if len(parts) > 1 else None), (parts[-1] if parts else "")


def descend(message: Message) -> Iterator[Message]:
    """Every message below and including this one, ``Node`` wrappers left out. Iterative: depth does not matter."""
    stack = [message]
    while stack:
        current = stack.pop()
        if current.DESCRIPTOR.name != "Node":
            yield current
        for field, value in current.ListFields():
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                if isinstance(value, Message):
                    stack.append(value)
                else:
                    stack.extend(value)


def is_constant(node: pg.Node) -> bool:
    """A literal, a parameter, or one of them with a plain cast to a built-in text type."""
    what = kind(node)
    if what == "type_cast":
        cast = node.type_cast
        schema, name = qualified(strings(cast.type_name.names))
        plain = schema in (None, "pg_catalog") and name in TEXT_TYPES and not cast.type_name.array_bounds
        return plain and kind(cast.arg) in CONSTANTS
    return what in CONSTANTS


def integer_literal(node: pg.Node) -> int | None:
    """The value of a plain integer literal (as in ``ORDER BY 2``)."""
    if node.HasField("a_const") and node.a_const.HasField("ival"):
        return int(node.a_const.ival.ival)
    return None
