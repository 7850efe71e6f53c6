"""The closed table of utility statements: what each is called, and which capabilities it needs.

Statements that need more than a line (COPY, EXPLAIN, SET, transactions, CREATE … AS) are read in :mod:`.statements`.
A statement that is in neither is refused. Code that would run on the server (functions, triggers, rules) needs
``admin`` besides ``ddl``: what it does later is out of this product's sight.
"""

from dataclasses import dataclass

from safelight.domain.capability import Capability
from safelight.domain.errors import Refusal

READ, WRITE, DDL, ADMIN = Capability.READ, Capability.WRITE, Capability.DDL, Capability.ADMIN


@dataclass(frozen=True, slots=True)
class Utility:
    """A utility statement. ``rollback_safe`` as in StatementFacts; DDL stands alone."""

    form: str
    capabilities: tuple[Capability, ...]
    rollback_safe: bool = True

    @property
    def stands_alone(self) -> bool:
        """Whether it changes how later text is read."""
        return DDL in self.capabilities or ADMIN in self.capabilities


def _ddl(*forms: str) -> dict[str, Utility]:
    return {f"{form}_stmt": Utility(_plain(form), (DDL,)) for form in forms}


def _code(*forms: str) -> dict[str, Utility]:
    return {f"{form}_stmt": Utility(_plain(form), (DDL, ADMIN)) for form in forms}


def _admin(*forms: str, rollback_safe: bool = True) -> dict[str, Utility]:
    return {f"{form}_stmt": Utility(_plain(form), (ADMIN,), rollback_safe) for form in forms}


def _plain(form: str) -> str:
    return PLAIN_NAMES.get(form, form)


PLAIN_NAMES = {
    "create": "create_table",
    "index": "create_index",
    "view": "create_view",
    "create_seq": "create_sequence",
    "alter_seq": "alter_sequence",
    "composite_type": "create_type",
    "create_enum": "create_type",
    "create_range": "create_type",
    "alter_enum": "alter_type",
    "create_stats": "create_statistics",
    "alter_stats": "alter_statistics",
    "alter_object_schema": "alter_schema_of",
    "refresh_mat_view": "refresh_materialized_view",
    "create_trig": "create_trigger",
    "rule": "create_rule",
    "define": "create_object",
    "create_plang": "create_language",
    "create_event_trig": "create_event_trigger",
    "alter_event_trig": "alter_event_trigger",
    "createdb": "create_database",
    "dropdb": "drop_database",
    "check_point": "checkpoint",
}

UTILITIES: dict[str, Utility] = {
    "truncate_stmt": Utility("truncate", (WRITE,)),
    "lock_stmt": Utility("lock", (WRITE,)),
    "vacuum_stmt": Utility("vacuum", (WRITE,), rollback_safe=False),
    "constraints_set_stmt": Utility("set_constraints", (WRITE,)),
    "refresh_mat_view_stmt": Utility("refresh_materialized_view", (WRITE,)),
    "cluster_stmt": Utility("cluster", (DDL,), rollback_safe=False),
    "reindex_stmt": Utility("reindex", (DDL,), rollback_safe=False),
    "index_stmt": Utility("create_index", (DDL,), rollback_safe=False),  # CONCURRENTLY is not undone
    "drop_stmt": Utility("drop", (DDL,), rollback_safe=False),  # DROP INDEX CONCURRENTLY
    "alter_table_stmt": Utility("alter_table", (DDL,), rollback_safe=False),  # DETACH PARTITION CONCURRENTLY
    "call_stmt": Utility("call", (ADMIN,), rollback_safe=False),
    **_ddl(
        "create", "create_seq", "alter_seq", "create_schema", "comment", "rename", "composite_type", "create_enum",
        "alter_enum", "create_range", "create_domain", "alter_domain", "create_stats", "alter_stats", "alter_type",
        "alter_object_schema",
    ),
    **_code(
        "create_function", "alter_function", "create_trig", "rule", "define", "create_policy", "alter_policy",
        "create_cast", "create_transform", "create_conversion", "create_op_class", "create_op_family",
        "alter_op_family", "alter_operator", "alter_collation", "create_event_trig", "alter_event_trig",
        "create_plang", "create_am", "create_extension", "alter_extension", "alter_extension_contents",
        "alter_object_depends", "alter_tsdictionary", "alter_tsconfiguration",
    ),
    **_admin(
        "grant", "grant_role", "alter_default_privileges", "create_role", "alter_role", "alter_role_set", "drop_role",
        "alter_owner", "sec_label", "reassign_owned", "drop_owned", "create_fdw", "alter_fdw",
        "create_foreign_server", "alter_foreign_server", "create_foreign_table", "create_user_mapping",
        "alter_user_mapping", "drop_user_mapping", "import_foreign_schema", "create_publication",
        "alter_publication",
    ),
    **_admin(
        "createdb", "dropdb", "alter_database", "alter_database_set", "alter_database_refresh_coll",
        "create_table_space", "drop_table_space", "alter_table_space_options", "alter_table_move_all",
        "create_subscription", "alter_subscription", "drop_subscription", "check_point", rollback_safe=False,
    ),
}  # fmt: skip
"""By the parse tree's name for the statement. What is not here or in ``statements`` is refused."""

CURSORS = Refusal(
    "postgres.form.cursor",
    "cursors of SQL are not carried yet",
    "fetch in parts over the extended protocol (a driver's server-side paging without DECLARE), or use LIMIT",
)
PREPARED = Refusal(
    "postgres.form.prepare",
    "PREPARE and EXECUTE in SQL are not carried yet",
    "use the extended protocol: prepared statements of a driver, or psql's \\bind",
)
REFUSED: dict[str, tuple[str, Refusal]] = {
    "prepare_stmt": ("prepare", PREPARED),
    "execute_stmt": ("execute", PREPARED),
    "declare_cursor_stmt": ("declare", CURSORS),
    "fetch_stmt": ("fetch", CURSORS),
    "do_stmt": (
        "do",
        Refusal("postgres.form.do", "the code of a DO block cannot be read", "send its statements one by one"),
    ),
    "load_stmt": (
        "load",
        Refusal("postgres.form.load", "LOAD runs code of a file on the server", "ask the target's administrator"),
    ),
    "alter_system_stmt": (
        "alter_system",
        Refusal(
            "postgres.form.alter_system", "ALTER SYSTEM writes the server's files", "ask the target's administrator"
        ),
    ),
    "listen_stmt": (
        "listen",
        Refusal("postgres.form.listen", "notifications are not carried yet", "poll the table that is written"),
    ),
    "notify_stmt": (
        "notify",
        Refusal("postgres.form.notify", "notifications are not carried yet", "write to a table instead"),
    ),
}
"""Never carried, whatever the policy says: (form, refusal)."""
