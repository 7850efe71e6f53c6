"""Reads from the server what the preflight judges."""

from collections.abc import Awaitable, Callable, Mapping

from safelight.adapters.postgres_target.preflight import Observed
from safelight.adapters.postgres_target.privileges import Attributes, Privileges, attributes_of
from safelight.adapters.postgres_target.wire import Wire
from safelight.domain.errors import PeerProtocolError
from safelight.domain.target import AccountMode, Target

_SERVER = """
    SELECT current_setting('server_version_num'), pg_is_in_recovery(), current_user,
           r.rolsuper OR pg_has_role('pg_signal_backend', 'USAGE'),
           r.rolsuper OR pg_has_role('pg_read_all_stats', 'USAGE')
    FROM pg_roles r WHERE r.rolname = current_user
"""
_MAY_GRANT = """
    SELECT pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles r WHERE r.rolname = $1
"""
ADMIN_OPTION_NEEDED_FROM = 160000
"""Before 16, CREATEROLE could make members of any role that is not a superuser."""


async def observe(
    target: Target,
    wire: Wire,
    account: str,
    privileges_in: Callable[[str], Awaitable[Privileges | None]],
) -> Observed:
    """Raises: ServerRefused, PeerProtocolError, TargetUnavailable."""
    ((version, standby, administrator, may_signal, sees),) = await wire.query(_SERVER)
    attributes = await attributes_of(wire, administrator or "")
    if attributes is None:
        raise PeerProtocolError("the account that is logged in does not exist")
    may_grant, missing = await _roles(target, wire, int(version or 0), attributes)
    shares_account = administrator == account and target.account_mode is AccountMode.STATIC
    account_attributes = await attributes_of(wire, account)
    privileges: Mapping[str, Privileges | None] = {}
    if account_attributes is not None:
        privileges = {database: await privileges_in(database) for database in target.databases}
    return Observed(
        version_num=int(version or 0),
        standby=standby == "t",
        administrator=administrator or "",
        administrator_attributes=attributes,
        may_signal=may_signal == "t" or shares_account,
        sees_activity=sees == "t" or shares_account,
        account=account,
        account_attributes=account_attributes,
        privileges=privileges,
        may_grant=may_grant,
        missing_roles=missing,
    )


async def _roles(
    target: Target, wire: Wire, version_num: int, administrator: Attributes
) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Of which configured roles the administrator can make members, and which do not exist."""
    may_grant: dict[str, bool] = {}
    missing: list[str] = []
    if target.account_mode is AccountMode.EPHEMERAL:
        for role in filter(None, (target.read_role, target.write_role)):
            rows = await wire.query(_MAY_GRANT, role)
            if not rows:
                missing.append(role)
                continue
            by_old_rules = version_num < ADMIN_OPTION_NEEDED_FROM and administrator.creates_roles
            may_grant[role] = rows[0][0] == "t" or administrator.superuser or by_old_rules
    return may_grant, tuple(missing)
