"""The name PostgreSQL gives to an output column that has no alias (FigureColname in parse_target.c).

It matters inside of subqueries: a wrong name could hide a labelled column of the same name further out.
"""

from postgast import pg_query_pb2 as pg

from safelight.protocols.postgres.sql.tree import inner, kind, strings

UNNAMED = "?column?"
SQL_VALUES = {
    pg.SVFOP_CURRENT_DATE: "current_date",
    pg.SVFOP_CURRENT_TIME: "current_time",
    pg.SVFOP_CURRENT_TIME_N: "current_time",
    pg.SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
    pg.SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
    pg.SVFOP_LOCALTIME: "localtime",
    pg.SVFOP_LOCALTIME_N: "localtime",
    pg.SVFOP_LOCALTIMESTAMP: "localtimestamp",
    pg.SVFOP_LOCALTIMESTAMP_N: "localtimestamp",
    pg.SVFOP_CURRENT_ROLE: "current_role",
    pg.SVFOP_CURRENT_USER: "current_user",
    pg.SVFOP_USER: "user",
    pg.SVFOP_SESSION_USER: "session_user",
    pg.SVFOP_CURRENT_CATALOG: "current_catalog",
    pg.SVFOP_CURRENT_SCHEMA: "current_schema",
}
XML_NAMES = {
    pg.IS_XMLCONCAT: "xmlconcat",
    pg.IS_XMLELEMENT: "xmlelement",
    pg.IS_XMLFOREST: "xmlforest",
    pg.IS_XMLPARSE: "xmlparse",
    pg.IS_XMLPI: "xmlpi",
    pg.IS_XMLROOT: "xmlroot",
    pg.IS_XMLSERIALIZE: "xmlserialize",
}
JSON_FUNCTIONS = {
    pg.JSON_EXISTS_OP: "json_exists",
    pg.JSON_QUERY_OP: "json_query",
    pg.JSON_VALUE_OP: "json_value",
}
FIXED = {
    "row_expr": "row",
    "a_array_expr": "array",
    "coalesce_expr": "coalesce",
    "grouping_func": "grouping",
    "xml_serialize": "xmlserialize",
    "merge_support_func": "merge_action",
    "json_parse_expr": "json",
    "json_scalar_expr": "json_scalar",
    "json_serialize_expr": "json_serialize",
    "json_object_constructor": "json_object",
    "json_array_constructor": "json_array",
    "json_array_query_constructor": "json_array",
    "json_object_agg": "json_objectagg",
    "json_array_agg": "json_arrayagg",
}


def output_name(target: pg.ResTarget) -> str:
    """The column's name in the result."""
    return target.name or _figure(target.val)[0] or UNNAMED


def _figure(node: pg.Node) -> tuple[str, int]:
    """``(name, strength)``: 2 for a real name, 1 for one that a real name would replace, 0 for none."""
    what = kind(node)
    if not what:
        return "", 0
    value = inner(node)
    if what == "column_ref":
        names = [name for name in strings(value.fields) if name != "*"]
        return (names[-1], 2) if names else ("", 0)
    if what == "a_indirection":
        names = [part.string.sval for part in value.indirection if part.HasField("string")]
        return (names[-1], 2) if names else _figure(value.arg)
    if what == "func_call":
        return strings(value.funcname)[-1], 2
    if what == "collate_clause":
        return _figure(value.arg)
    return _weak(what, value)


def _weak(what: str, value: object) -> tuple[str, int]:
    if isinstance(value, pg.A_Expr):
        return ("nullif", 2) if value.kind == pg.AEXPR_NULLIF else ("", 0)
    if isinstance(value, pg.TypeCast):
        name, strength = _figure(value.arg)
        return (name, strength) if strength > 1 else (strings(value.type_name.names)[-1], 1)
    if isinstance(value, pg.CaseExpr):
        name, strength = _figure(value.defresult)
        return (name, strength) if strength > 1 else ("case", 1)
    if isinstance(value, pg.SubLink):
        return _sublink(value)
    if isinstance(value, pg.MinMaxExpr):
        return ("greatest" if value.op == pg.IS_GREATEST else "least"), 2
    if isinstance(value, pg.SQLValueFunction):
        return SQL_VALUES.get(value.op, ""), 2
    if isinstance(value, pg.XmlExpr):
        return XML_NAMES.get(value.op, ""), 2
    if isinstance(value, pg.JsonFuncExpr):
        return JSON_FUNCTIONS.get(value.op, ""), 2
    return (FIXED[what], 2) if what in FIXED else ("", 0)


def _sublink(link: pg.SubLink) -> tuple[str, int]:
    if link.sub_link_type == pg.EXISTS_SUBLINK:
        return "exists", 2
    if link.sub_link_type == pg.ARRAY_SUBLINK:
        return "array", 2
    if link.sub_link_type == pg.EXPR_SUBLINK:
        select = link.subselect.select_stmt
        while select.op != pg.SETOP_NONE and select.HasField("larg"):
            select = select.larg
        if select.values_lists:
            return "column1", 2
        if select.target_list:
            target = select.target_list[0].res_target
            return output_name(target), 2
    return "", 0
