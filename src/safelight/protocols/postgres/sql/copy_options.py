"""The options of COPY: a closed list, and the format in which its rows move.

https://www.postgresql.org/docs/18/sql-copy.html. What would make the format differ from what the masker is told is
refused: other encodings, several-byte delimiters, and options that are not known here.
"""

from collections.abc import Iterable

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Denied
from safelight.protocols.postgres.analysis import CopySpec
from safelight.protocols.postgres.sql.findings import refused
from safelight.protocols.postgres.sql.tree import kind

TRUE = frozenset({"true", "on", "1"})
FALSE = frozenset({"false", "off", "0"})
UTF8_NAMES = frozenset({"utf8", "utf-8", "unicode"})
IN_ONLY = frozenset(
    {"force_not_null", "force_null", "default", "on_error", "log_verbosity", "reject_limit", "freeze"}
)
"""Options that matter to reading rows in only; the server checks their values."""


def read_copy_options(options: Iterable[pg.Node], *, incoming: bool) -> CopySpec:
    """The format of a COPY.

    Raises:
        Denied: an option is not on the list.
    """
    given: dict[str, pg.DefElem] = {}
    for node in options:
        element = node.def_elem
        if element.defname in given:
            raise _unknown(element.defname, "is given twice")
        given[element.defname] = element
    form = _text(given["format"]) if "format" in given else "text"
    if form not in ("text", "csv", "binary"):
        raise _unknown("format", "is other than text, csv or binary")
    header = force = False
    characters: dict[str, bytes] = {}
    for name, element in given.items():
        if name in ("delimiter", "quote", "escape", "null"):
            characters[name] = _text(element).encode()
        elif name == "header":
            header = _header(element, incoming)
        elif name == "force_quote":
            force = True
        elif name == "encoding":
            if _text(element).lower() not in UTF8_NAMES:
                raise _unknown("encoding", "is other than UTF8")
        elif name != "format" and not (incoming and name in IN_ONLY):
            raise _unknown(name, "is not known here")
    return _spec(form, characters, "in" if incoming else "out", header=header, force_quote=force)


def _spec(form: str, characters: dict[str, bytes], direction: str, *, header: bool, force_quote: bool) -> CopySpec:
    csv = form == "csv"
    quote = characters.get("quote", b'"')
    spec = CopySpec(
        direction=direction,
        format=form,
        delimiter=characters.get("delimiter", b"," if csv else b"\t"),
        null=characters.get("null", b"" if csv else b"\\N"),
        quote=quote,
        escape=characters.get("escape", quote),
        header=header,
        force_quote=force_quote,
    )
    for name, value in (("delimiter", spec.delimiter), ("quote", spec.quote), ("escape", spec.escape)):
        if len(value) != 1 or value in b"\r\n\0":
            raise _unknown(name, "is other than one byte")
    if b"\n" in spec.null or b"\r" in spec.null or spec.delimiter in spec.null:
        raise _unknown("null", "has a line break or the delimiter in it")
    return spec


def _text(element: pg.DefElem) -> str:
    what = kind(element.arg)
    if what == "string":
        return str(element.arg.string.sval)
    if what == "boolean":
        return "true" if element.arg.boolean.boolval else "false"
    if what == "integer":
        return str(element.arg.integer.ival)
    raise _unknown(element.defname, "has no plain value")


def _boolean(element: pg.DefElem) -> bool:
    if not kind(element.arg):
        return True
    value = _text(element).lower()
    if value not in TRUE | FALSE:
        raise _unknown(element.defname, "is other than true or false")
    return value in TRUE


def _header(element: pg.DefElem, incoming: bool) -> bool:
    if incoming and kind(element.arg) == "string" and element.arg.string.sval.lower() == "match":
        return True
    return _boolean(element)


def _unknown(name: str, how: str) -> Denied:
    return refused(
        "postgres.copy.option",
        f"the COPY option {name.upper()} {how}",
        "use FORMAT, DELIMITER, NULL, HEADER, QUOTE, ESCAPE and FORCE_QUOTE with plain values",
    )
