"""How many rows an UPDATE or DELETE would touch: the count that a reviewer sees before approving it.

Made only where the count is the change's own condition on one table, so that it is exact. The text holds the
statement's values: it belongs to the exact text that was analysed, never to another of the same shape.
"""

import postgast
from postgast import pg_query_pb2 as pg

from safelight.protocols.postgres.sql.tree import descend, kind


def count_query(node: pg.Node) -> str | None:
    """``SELECT count(*) FROM t WHERE …`` for a plain UPDATE or DELETE, else None."""
    what = kind(node)
    if what == "update_stmt":
        update = node.update_stmt
        plain = not update.from_clause and not update.HasField("with_clause")
        relation, condition = update.relation, update.where_clause
    elif what == "delete_stmt":
        delete = node.delete_stmt
        plain = not delete.using_clause and not delete.HasField("with_clause")
        relation, condition = delete.relation, delete.where_clause
    else:
        return None
    if not plain or any(isinstance(part, pg.ParamRef | pg.CurrentOfExpr) for part in descend(condition)):
        return None
    tree = pg.ParseResult(version=180004)
    select = tree.stmts.add().stmt.select_stmt
    select.limit_option = pg.LIMIT_OPTION_DEFAULT
    select.op = pg.SETOP_NONE
    call = select.target_list.add().res_target.val.func_call
    call.funcname.add().string.sval = "pg_catalog"
    call.funcname.add().string.sval = "count"
    call.agg_star = True
    call.funcformat = pg.COERCE_EXPLICIT_CALL
    select.from_clause.add().range_var.CopyFrom(relation)
    if kind(condition):
        select.where_clause.CopyFrom(condition)
    try:
        return str(postgast.deparse(tree))
    except postgast.PgQueryError:
        return None
