"""The first schema: principals and logins, incidents, requests, grants, credentials, sessions, locks, leases.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "locks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(lifted_by IS NULL) = (lifted_at_ms IS NULL)", name=op.f("ck_locks_lifted_by_somebody")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locks")),
    )
    op.create_index(
        op.f("ix_locks_lifted_at_ms_created_at_ms"), "locks", ["lifted_at_ms", "created_at_ms"], unique=False
    )
    op.create_table(
        "node_leases",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("renewed_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_node_leases")),
    )
    op.create_table(
        "principals",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("sponsor", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'agent') = (sponsor IS NOT NULL)", name=op.f("ck_principals_agent_has_sponsor")),
        sa.ForeignKeyConstraint(["created_by"], ["principals.name"], name=op.f("fk_principals_created_by")),
        sa.ForeignKeyConstraint(["sponsor"], ["principals.name"], name=op.f("fk_principals_sponsor")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_principals")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["principal"], ["principals.name"], name=op.f("fk_api_tokens_principal")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_api_tokens")),
    )
    op.create_index(
        op.f("ix_api_tokens_revoked_expires_at_ms"), "api_tokens", ["revoked", "expires_at_ms"], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("opener", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("grants_end_at_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> opener", name=op.f("ck_incidents_two_people")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["principals.name"], name=op.f("fk_incidents_confirmed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_state_opened_at_ms"), "incidents", ["state", "opened_at_ms"], unique=False)
    op.create_table(
        "one_time_codes",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["principal"], ["principals.name"], name=op.f("fk_one_time_codes_principal")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_one_time_codes")),
    )
    op.create_table(
        "passwords",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("encoded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["principal"], ["principals.name"], name=op.f("fk_passwords_principal")),
        sa.PrimaryKeyConstraint("principal", name=op.f("pk_passwords")),
    )
    op.create_table(
        "access_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_because", sa.Text(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state <> 'approved' OR grant_id IS NOT NULL", name=op.f("ck_access_requests_approved_has_grant")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_access_requests_incident_id")),
        sa.ForeignKeyConstraint(["requester"], ["principals.name"], name=op.f("fk_access_requests_requester")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
        sa.UniqueConstraint("id", "requester", name=op.f("uq_access_requests_id_requester")),
    )
    op.create_index(
        op.f("ix_access_requests_state_created_at_ms"), "access_requests", ["state", "created_at_ms"], unique=False
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (ended_at_ms IS NOT NULL)", name=op.f("ck_grants_ended_has_time")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_grants_incident_id")),
        sa.ForeignKeyConstraint(
            ["request_id", "principal"],
            ["access_requests.id", "access_requests.requester"],
            name=op.f("fk_grants_request_id_principal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("id", "principal", name=op.f("uq_grants_id_principal")),
        sa.UniqueConstraint("request_id", name=op.f("uq_grants_request_id")),
    )
    op.create_index(op.f("ix_grants_state_starts_at_ms"), "grants", ["state", "starts_at_ms"], unique=False)
    op.create_table(
        "request_approvals",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["approver"], ["principals.name"], name=op.f("fk_request_approvals_approver")),
        sa.ForeignKeyConstraint(["request_id"], ["access_requests.id"], name=op.f("fk_request_approvals_request_id")),
        sa.PrimaryKeyConstraint("request_id", "approver", name=op.f("pk_request_approvals")),
    )
    op.create_table(
        "grant_deadlines",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("monotonic_ms", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_grant_deadlines_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_deadlines")),
    )
    op.create_table(
        "session_credentials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("stored_key", sa.LargeBinary(), nullable=False),
        sa.Column("server_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id", "principal"],
            ["grants.id", "grants.principal"],
            name=op.f("fk_session_credentials_grant_id_principal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_credentials")),
        sa.UniqueConstraint("id", "grant_id", "principal", name=op.f("uq_session_credentials_id_grant_id_principal")),
    )
    op.create_index(
        op.f("ix_session_credentials_expires_at_ms"), "session_credentials", ["expires_at_ms"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("client_address", sa.Text(), nullable=False),
        sa.Column("application_name", sa.Text(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id", "grant_id", "principal"],
            ["session_credentials.id", "session_credentials.grant_id", "session_credentials.principal"],
            name=op.f("fk_sessions_credential_id_grant_id_principal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_state_started_at_ms"), "sessions", ["state", "started_at_ms"], unique=False)
