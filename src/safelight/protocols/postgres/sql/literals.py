"""Which of a statement's literals its facts may depend on, so that its analysis can be kept for others of its shape.

A shape (``_native.shape``) is the text with its literals taken out. An analysis is kept by the shape and the values
of its *significant* literals. A closed list says which are neutral: an operand of a comparison with a column or a
parameter, a cell of VALUES in INSERT, a value of SET in UPDATE. All others are significant: ``ORDER BY 2``, a LIKE
pattern, what is cast, an option, a key of ``->>``, LIMIT. Wrongly significant costs speed, wrongly neutral safety; so
each neutral literal is found in both the tree and the text, and any doubt means no shape.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from safelight._native import shape
from safelight.protocols.postgres.sql.tree import descend, strings

_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_PAIRS = frozenset({pg.AEXPR_OP, pg.AEXPR_DISTINCT, pg.AEXPR_NOT_DISTINCT})
_LISTS = frozenset(
    {pg.AEXPR_IN, pg.AEXPR_BETWEEN, pg.AEXPR_NOT_BETWEEN, pg.AEXPR_BETWEEN_SYM, pg.AEXPR_NOT_BETWEEN_SYM}
)
_OPERANDS = frozenset({"column_ref", "param_ref"})


def significant_literals(text: bytes, tree: pg.ParseResult) -> tuple[int, ...] | None:
    """Ordinals of the shape's literals that are significant; None when the text is to be kept by its exact words."""
    found = shape(text)
    if found is None or len(tree.stmts) > 1:
        return None
    literals = list(found.literals)
    if not literals:
        return ()
    starts = [start for start, _ in literals]
    neutral: set[int] = set()
    for constant in _neutral_constants(tree):
        # A negative number stands at its minus sign; the literal is the first one from there on.
        ordinal = bisect_left(starts, constant.location)
        if ordinal == len(starts) or not _is_written(constant, text, *literals[ordinal]) or ordinal in neutral:
            return None
        neutral.add(ordinal)
    return tuple(ordinal for ordinal in range(len(literals)) if ordinal not in neutral)


def _neutral_constants(tree: pg.ParseResult) -> Iterator[pg.A_Const]:
    """The string and number literals in neutral places."""
    for message in descend(tree):
        for node in _neutral_places(message):
            if node.WhichOneof("node") == "a_const" and node.a_const.WhichOneof("val") in ("ival", "fval", "sval"):
                yield node.a_const


def _neutral_places(message: Message) -> Iterable[pg.Node]:
    name = message.DESCRIPTOR.name
    if name == "A_Expr":
        return _compared(message)
    if name == "InsertStmt" and message.select_stmt.WhichOneof("node") == "select_stmt":
        return [cell for row in message.select_stmt.select_stmt.values_lists for cell in row.list.items]
    if name in ("UpdateStmt", "OnConflictClause"):
        return [target.res_target.val for target in message.target_list]
    return ()


def _compared(expression: pg.A_Expr) -> Iterable[pg.Node]:
    left, right = expression.lexpr, expression.rexpr
    if expression.kind in _LISTS:
        return right.list.items if left.WhichOneof("node") in _OPERANDS else ()
    if expression.kind not in _PAIRS or strings(expression.name)[0] not in _COMPARISONS or len(expression.name) != 1:
        return ()
    if left.WhichOneof("node") in _OPERANDS:
        return (right,)
    return (left,) if right.WhichOneof("node") in _OPERANDS else ()


def _is_written(constant: pg.A_Const, text: bytes, start: int, end: int) -> bool:
    """Whether the literal in the text is this constant. Its sign stands outside of the literal."""
    written = text[start:end].decode("utf-8", "replace")
    match constant.WhichOneof("val"):
        case "ival":
            return written.isdigit() and int(written) == abs(constant.ival.ival)
        case "fval":
            return written == str(constant.fval.fval).lstrip("-")
        case _:
            return written[:1] == "'" and written[1:-1].replace("''", "'") == constant.sval.sval
