"""The node itself, as the API shows it."""

from safelight.controlplane.schema_base import View


class Health(View):
    status: str


class Readiness(View):
    """``problems`` says what keeps the node from serving."""

    ready: bool
    problems: list[str]


class ListenerView(View):
    """Where clients of a protocol connect. ``tls`` is ``require`` or ``offer``."""

    protocol: str
    host: str
    port: int
    tls: str


class GatewayView(View):
    """``ca_pem`` is what clients of the listeners trust, ``audit_verifier_key`` what exports are verified with."""

    node: str
    version: str
    listeners: list[ListenerView]
    ca_pem: str
    audit_verifier_key: str
