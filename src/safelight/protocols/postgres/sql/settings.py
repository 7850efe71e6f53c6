"""The closed list of settings that a session may change, and the values it may give them."""

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Refusal
from safelight.protocols.postgres.analysis import SettingChange


def check_setting(name: str, value: str, *, at_startup: bool) -> Refusal | None:
    """Why ``name`` may not be set to ``value``, or None."""
    return Refusal("postgres.setting", f"setting {name} may not be changed", "leave it as it is")


def read_variable_set(stmt: pg.VariableSetStmt) -> SettingChange | Refusal:
    """What a SET, SET LOCAL, RESET or SET … TO DEFAULT changes."""
    return Refusal("postgres.setting", f"setting {stmt.name} may not be changed", "leave it as it is")
