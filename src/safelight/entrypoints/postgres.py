"""Puts the PostgreSQL listener together."""

import datetime
import hmac
from typing import TYPE_CHECKING

from safelight.adapters.keys import issue_server_certificate
from safelight.dataplane import tls
from safelight.dataplane.connection import TlsSide
from safelight.dataplane.postgres.cancels import CancelKeys
from safelight.dataplane.postgres.front_door import PostgresFrontDoor
from safelight.dataplane.postgres.masking_scope import MaskingScopes
from safelight.dataplane.postgres.opening import Opening
from safelight.entrypoints.limits import session_limits
from safelight.entrypoints.settings import TlsPolicy
from safelight.ports.secrets import Secret

if TYPE_CHECKING:
    from safelight.entrypoints.node import Node


def postgres_front_door(node: "Node") -> PostgresFrontDoor:
    cancels = CancelKeys()
    opening = Opening(
        sessions=node.services.sessions,
        statements=node.services.statements,
        holds=node.services.holds,
        targets=node.targets,
        live=node.live,
        audit=node.audit,
        departures=node.departures,
        scopes=MaskingScopes(node.keys.masking_key, node.settings.masking.regions),
        cancels=cancels,
        clock=node.clock,
        executor=node.executor,
        limits=session_limits(node.settings),
    )
    mock_secret = hmac.digest(node.keys.node_key.reveal(), b"safelight:mock-verifier", "sha256")
    return PostgresFrontDoor(
        tls=node.tls,
        tls_required=node.settings.postgres.tls is TlsPolicy.REQUIRE,
        sessions=node.services.sessions,
        opening=opening,
        cancels=cancels,
        mock_secret=Secret(mock_secret),
        executor=node.executor,
    )


def server_tls(node: "Node") -> TlsSide:
    """The configured certificate, or one from the node's own authority, made anew at each start."""
    files = node.settings.tls
    if files.certificate_file is not None and files.key_file is not None:
        return tls.server_side(files.certificate_file.read_bytes(), files.key_file.read_bytes())
    issued = issue_server_certificate(node.keys, files.server_names, datetime.datetime.now(datetime.UTC))
    return tls.server_side(issued.certificate_pem, issued.key_pem)
