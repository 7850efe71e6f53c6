"""The closed list of settings that a session may change, the values it may give them, and which it may read.

A setting can change how later text is read (search_path, standard_conforming_strings), what an account may do (role,
row_security), or how results look on the wire (client_encoding). So nothing is set that is not on this list, wherever
it is set: startup options, SET, set_config (DESIGN: text and meaning). Pure; knows nothing of a session's own limits:
the gate compares timeouts with the target's by :func:`timeout_milliseconds`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.analysis import SettingChange
from safelight.protocols.postgres.sql.tables import sections

TIMEOUTS = frozenset(
    {
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "transaction_timeout",
    }
)
"""Set by SET only, never by set_config, so that the gate sees every change and can refuse to raise ours."""

READ_ONLY_SETTINGS = frozenset({"transaction_read_only", "default_transaction_read_only"})
"""Turning these off needs the write capability (:func:`widens`)."""

_ISOLATION_LEVELS = ("read uncommitted", "read committed", "repeatable read", "serializable")
_TRUE = ("on", "true", "yes", "1", "t", "y")
_FALSE = ("off", "false", "no", "0", "f", "n")


@dataclass(frozen=True, slots=True)
class _Setting:
    """``says`` completes "it may be …"."""

    says: str
    accepts: Callable[[str], bool]


def _one_of(*values: str) -> _Setting:
    return _Setting("one of " + ", ".join(values), lambda value: value.strip().lower() in values)


def _matching(says: str, pattern: str, flags: int = re.ASCII) -> _Setting:
    compiled = re.compile(pattern, flags)
    return _Setting(says, lambda value: compiled.fullmatch(value) is not None)


def _number(low: float, high: float) -> _Setting:
    pattern = re.compile(r"\s*[+-]?\d{1,12}(\.\d{1,6})?\s*", re.ASCII)
    return _Setting(
        f"a number from {low:g} to {high:g}",
        lambda value: pattern.fullmatch(value) is not None and low <= float(value) <= high,
    )


def _timeout(*, may_be_zero: bool) -> _Setting:
    def accepts(value: str) -> bool:
        milliseconds = timeout_milliseconds(value)
        return milliseconds is not None and (milliseconds > 0 or may_be_zero)

    return _Setting("a time such as 500ms or 5s" + ("" if may_be_zero else ", not 0 (switched off)"), accepts)


def _memory(high_kilobytes: int) -> _Setting:
    pattern = re.compile(r"\s*(\d{1,9})\s*(kB|MB|GB)?\s*", re.ASCII)

    def accepts(value: str) -> bool:
        match = pattern.fullmatch(value)
        unit = {None: 1, "kB": 1, "MB": 1024, "GB": 1024 * 1024}
        return match is not None and 64 <= int(match[1]) * unit[match[2]] <= high_kilobytes

    return _Setting(f"from 64kB to {high_kilobytes // 1024}MB", accepts)


def _date_style(value: str) -> bool:
    known = {"iso", "mdy", "dmy", "ymd", "us", "euro", "european", "noneuropean"}
    words = [word.strip().lower() for word in value.split(",")]
    return 1 <= len(words) <= 2 and all(word in known for word in words)


def _utf8(value: str) -> bool:
    """PostgreSQL looks at letters and digits only (encnames.c: clean_encoding_name); asyncpg sends ``'utf-8'`` with
    the quotes."""
    letters = "".join(character for character in value.lower() if character.isalnum())
    return value.isascii() and letters in ("utf8", "unicode")


_BOOLEAN = _one_of(*_TRUE, *_FALSE)
SETTINGS: dict[str, _Setting] = dict.fromkeys(sections("names.txt")["boolean settings"], _BOOLEAN) | {
    "application_name": _matching("at most 63 printable ASCII characters", r"[ -~]{0,63}"),
    "bytea_output": _one_of("hex", "escape"),
    "client_encoding": _Setting("UTF8", _utf8),
    "client_min_messages": _one_of("notice", "warning", "error"),
    "cpu_index_tuple_cost": _number(0, 1e6),
    "cpu_operator_cost": _number(0, 1e6),
    "cpu_tuple_cost": _number(0, 1e6),
    "cursor_tuple_fraction": _number(0, 1),
    "datestyle": _Setting("ISO, with MDY, DMY or YMD", _date_style),
    "default_text_search_config": _matching("a configuration of pg_catalog", r"pg_catalog\.[a-z]{1,40}"),
    "default_transaction_isolation": _one_of(*_ISOLATION_LEVELS),
    "default_transaction_read_only": _BOOLEAN,
    "extra_float_digits": _number(-15, 3),
    "from_collapse_limit": _number(1, 100),
    "idle_in_transaction_session_timeout": _timeout(may_be_zero=False),
    "idle_session_timeout": _timeout(may_be_zero=False),
    "intervalstyle": _one_of("postgres", "postgres_verbose", "sql_standard", "iso_8601"),
    "join_collapse_limit": _number(1, 100),
    "lock_timeout": _timeout(may_be_zero=True),
    "max_parallel_workers_per_gather": _number(0, 8),
    "parallel_setup_cost": _number(0, 1e9),
    "parallel_tuple_cost": _number(0, 1e9),
    "plan_cache_mode": _one_of("auto", "force_generic_plan", "force_custom_plan"),
    "random_page_cost": _number(0, 1e6),
    "seq_page_cost": _number(0, 1e6),
    "standard_conforming_strings": _one_of("on", "true", "yes", "1"),
    "statement_timeout": _timeout(may_be_zero=False),
    "timezone": _matching("the name or the offset of a time zone", r"[A-Za-z0-9_+\-/:<>]{1,64}"),
    "transaction_isolation": _one_of(*_ISOLATION_LEVELS),
    "transaction_read_only": _BOOLEAN,
    "transaction_timeout": _timeout(may_be_zero=False),
    "work_mem": _memory(256 * 1024),
    "xmlbinary": _one_of("base64", "hex"),
    "xmloption": _one_of("content", "document"),
}
"""Every setting that may be changed within a session, and the values it may be given."""

_SEARCH_PATH = re.compile(r'\s*(?:"\$user"|"[^"$\0]{1,63}"|[a-z_][a-z0-9_]{0,62})\s*', re.ASCII | re.IGNORECASE)
_IDENTITY = frozenset({"role", "session_authorization"})
_SECRET_SETTINGS = frozenset(sections("names.txt")["secret settings"])
_EXTENSION_PREFIXES = ("plpgsql.", "pg_stat_statements.", "auto_explain.", "pg_trgm.", "postgis.")


def check_setting(name: str, value: str, *, at_startup: bool) -> Refusal | None:
    """Why ``name`` may not be set to ``value``, or None. ``at_startup``: in the startup packet or its options."""
    name = name.lower()
    if name in _IDENTITY:
        return _identity_refusal(name)
    if name == "search_path":
        return _check_search_path(value) if at_startup else _search_path_refusal()
    rule = SETTINGS.get(name)
    if rule is None:
        return Refusal(
            "postgres.setting.name",
            f"setting {name} may not be changed through safelight",
            "leave it as it is; docs/settings.md lists what may be set",
        )
    if not rule.accepts(value):
        return Refusal("postgres.setting.value", f"setting {name} may not have this value", f"it may be {rule.says}")
    if at_startup and name in READ_ONLY_SETTINGS and value.strip().lower() not in _TRUE:
        return Refusal(
            "postgres.setting.value",
            f"setting {name} may not be switched off at startup",
            "leave it out: the account's own rights decide",
        )
    return None


def check_set_config(name: str | None, value: str | None) -> Refusal | None:
    """Why set_config may not be called with these literals (None: not a literal), or None. Settings that the gate
    keeps an eye on are set by SET only."""
    if name is None or value is None or name.lower() in TIMEOUTS | READ_ONLY_SETTINGS:
        return Refusal(
            "postgres.function.settings",
            "set_config may only be called with a literal name and value of a setting that is not a limit",
            "use SET, for example: SET statement_timeout = '5s'",
        )
    return check_setting(name, value, at_startup=False)


def check_read_setting(name: str | None) -> Refusal | None:
    """Why a setting may not be read by SHOW or current_setting, or None. ``name`` is None when it is no literal.
    Names with a dot are made up by applications, which keep secrets there."""
    if name is None:
        return Refusal(
            "postgres.setting.read",
            "current_setting may only be called with a literal name",
            "write the name of the setting as a literal, or use SHOW",
        )
    plain = name.lower()
    if plain in _SECRET_SETTINGS or ("." in plain and not plain.startswith(_EXTENSION_PREFIXES)):
        return Refusal(
            "postgres.setting.read",
            f"setting {plain} may hold a secret and is not shown",
            "ask an administrator of the server",
        )
    return None


def timeout_milliseconds(value: str) -> int | None:
    """A timeout's value in milliseconds, rounded down (guc.c: no unit means milliseconds); None if it is not one."""
    match = re.fullmatch(r"\s*(\d{1,9})(\.\d{1,3})?\s*(us|ms|s|min|h|d)?\s*", value, re.ASCII)
    if match is None:
        return None
    unit = {None: 1.0, "us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}[match[3]]
    return int(float(match[1] + (match[2] or "")) * unit)


def widens(change: SettingChange) -> bool:
    """Whether a change lets the session write where it could not: it needs the write capability."""
    if change.name not in READ_ONLY_SETTINGS or change.value is None:
        return False
    return change.value.strip().lower() not in _TRUE


def read_variable_set(stmt: pg.VariableSetStmt) -> SettingChange | Refusal:
    """What a SET, SET LOCAL, RESET or SET … TO DEFAULT changes. SET TRANSACTION and SET SESSION CHARACTERISTICS are
    told by the mode that matters most (read only or not, then isolation)."""
    name = stmt.name.lower()
    if stmt.kind == pg.VAR_RESET_ALL:
        return SettingChange("all", None, local=False)
    if stmt.kind in (pg.VAR_RESET, pg.VAR_SET_DEFAULT):
        return _read_reset(name, bool(stmt.is_local))
    if stmt.kind == pg.VAR_SET_MULTI and name in ("transaction", "session characteristics"):
        return _read_transaction_modes(stmt.args, session=name != "transaction")
    if stmt.kind != pg.VAR_SET_VALUE:
        return _form_refusal(name)
    words = [_word(argument) for argument in stmt.args]
    if (
        not words
        or any(word is None for word in words)
        or (len(words) > 1 and name not in ("datestyle", "search_path"))
    ):
        return _form_refusal(name)
    value = ", ".join(word for word in words if word is not None)
    refusal = check_setting(name, value, at_startup=False)
    return SettingChange(name, value, bool(stmt.is_local)) if refusal is None else refusal


def transaction_modes(options: Iterable[pg.Node]) -> dict[str, str] | Refusal:
    """The modes of BEGIN, START TRANSACTION or SET TRANSACTION by setting name, checked."""
    modes: dict[str, str] = {}
    for option in options:
        word = _word(option.def_elem.arg) if option.WhichOneof("node") == "def_elem" else None
        if word is None:
            return _form_refusal("transaction")
        name = option.def_elem.defname
        value = ("on" if word == "1" else "off") if name != "transaction_isolation" else word
        refusal = check_setting(name, value, at_startup=False)
        if refusal is not None:
            return refusal
        modes[name] = value
    return modes


def _read_transaction_modes(options: Iterable[pg.Node], *, session: bool) -> SettingChange | Refusal:
    modes = transaction_modes(options)
    if isinstance(modes, Refusal):
        return modes
    for name in ("transaction_read_only", "transaction_isolation", "transaction_deferrable"):
        if name in modes:
            return SettingChange(f"default_{name}" if session else name, modes[name], local=not session)
    return _form_refusal("transaction")


def _read_reset(name: str, local: bool) -> SettingChange | Refusal:
    """A reset goes back to what the gateway started the session with: safe for whatever may be named."""
    if name in SETTINGS or name in _IDENTITY or name == "search_path":
        return SettingChange(name, None, local)
    refusal = check_setting(name, "", at_startup=False)
    assert refusal is not None, "a name that is not on the list is refused"
    return refusal


def _word(node: pg.Node) -> str | None:
    """A plain word, string or number given to SET; None for anything else (SET TIME ZONE INTERVAL …)."""
    if node.WhichOneof("node") != "a_const":
        return None
    match node.a_const.WhichOneof("val"):
        case "sval":
            return str(node.a_const.sval.sval)
        case "ival":
            return str(node.a_const.ival.ival)
        case "fval":
            return str(node.a_const.fval.fval)
        case "boolval":
            return "on" if node.a_const.boolval.boolval else "off"
        case _:
            return None


def _check_search_path(value: str) -> Refusal | None:
    """At startup the path is part of what gives text its meaning. pg_catalog must stay first and unnamed."""
    parts = value.split(",")
    names = {part.strip().strip('"').lower() for part in parts}
    plain = all(_SEARCH_PATH.fullmatch(part) for part in parts) and len(parts) <= 16
    if plain and not any(name.startswith("pg_") for name in names):
        return None
    return Refusal(
        "postgres.setting.value",
        "search_path may name at most 16 schemas by plain or quoted names, none of them the system's own",
        "for example: options=-csearch_path=reporting,public",
    )


def _search_path_refusal() -> Refusal:
    return Refusal(
        "postgres.setting.search_path",
        "search_path may not be changed within a session, since it changes what names mean",
        "write the schema before the name, or connect again with options=-csearch_path=reporting,public",
    )


def _identity_refusal(name: str) -> Refusal:
    return Refusal(
        "postgres.setting.identity",
        f"{name} may not be changed: the session keeps the account it was given",
        "ask for the capability you need: safelight request",
    )


def _form_refusal(name: str) -> Refusal:
    return Refusal(
        "postgres.setting.form",
        f"this way of setting {name} is not read",
        "write SET name = value, with one plain value",
    )
