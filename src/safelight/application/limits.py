"""The bounds of the access workflow: how long things last, and how many there may be at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """Defaults are the product's; every value is a setting."""

    credential_seconds: int = 3_600
    """A session credential opens sessions for this long, never longer than its grant."""
    request_pending_seconds: int = 3_600
    minimum_grant_seconds: int = 60
    maximum_grant_seconds: int = 12 * 3_600
    """Longest life of a grant from its start, extensions included."""
    notice_before_end_seconds: int = 300
    incident_warning_seconds: int = 120
    hold_timeout_seconds: int = 300
    token_seconds: int = 12 * 3_600
    one_time_code_seconds: int = 24 * 3_600
    store_lease_seconds: int = 30
    """A node that could not write its sign of life to the store for this long ends its sessions (I10)."""
    login_attempts_per_principal: int = 10
    login_attempts_per_address: int = 60
    login_attempts_window_seconds: int = 300
    pending_requests_per_principal: int = 20
    live_credentials_per_grant: int = 50
    live_tokens_per_principal: int = 50
    held_statements_per_session: int = 4
    held_statements: int = 200
    history: int = 2_000
    """How many ended grants, decided requests, closed incidents and lifted locks stay in memory for listing."""
    minimum_password_characters: int = 12
    scram_iterations: int = 4_096
