"""Grants what a session's relay waits for: plans, fsyncs, approvals, catalogs.

A hold sends the exact text and values to the reviewers' registry; its release is decided again from the beginning.
"""

import asyncio
from collections.abc import Callable

import structlog

from safelight.application.hold_statement import Held, HoldRegistry, HoldVerdict
from safelight.dataplane.postgres.dial import cancel
from safelight.dataplane.postgres.gate import SessionGate
from safelight.domain.errors import Refusal, TargetUnavailable
from safelight.domain.session import Session
from safelight.domain.target import Target
from safelight.ports.audit import AuditLog
from safelight.ports.target_admin import TargetAdmin
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.relay import Relay
from safelight.protocols.postgres.target_login import TargetReady
from safelight.protocols.postgres.wishes import NeedApproval, NeedCatalog, NeedDurable, NeedPlan, Wish

log = structlog.get_logger(__name__)

COUNT_SECONDS = 2.0
"""How long counting the rows of a held statement may take; reviewers then see no number."""
CANCEL_SECONDS = 5.0
Answer = Callable[[Relay, int], None]
"""Called with the relay and the time in microseconds."""
