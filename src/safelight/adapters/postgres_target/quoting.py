"""Names and texts inside SQL that takes no parameters (CREATE ROLE and its kin).

PostgreSQL documentation, "Identifiers and Key Words" and "String Constants". ``standard_conforming_strings`` is
verified on at login, so a backslash is a backslash.
"""


def identifier(name: str) -> str:
    return '"' + _clean(name).replace('"', '""') + '"'


def literal(value: str) -> str:
    return "'" + _clean(value).replace("'", "''") + "'"


def _clean(value: str) -> str:
    if "\0" in value:
        raise ValueError("a name or text holds a zero byte")
    return value
