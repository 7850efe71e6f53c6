"""Masking keys per scope: equal values stay equal within an incident, and tell nothing across two (DESIGN §6).

Without an incident the scope is the grant. Labels and detectors have keys of their own, or a statement that selects a
constant would give away the pseudonym of a labelled value.
"""

import hmac
from collections.abc import Sequence

from safelight import _native
from safelight.domain.grant import Grant
from safelight.ports.secrets import Secret

MAX_KEPT = 512


class MaskingScopes:
    """Maskers by scope, made once and shared by the sessions of a scope."""

    def __init__(self, master: Secret[bytes], regions: Sequence[str] = ()) -> None:
        """``regions``: where national telephone numbers are to be expected from (ISO 3166-1 alpha-2)."""
        self._master = master
        self._regions = regions
        self._kept: dict[str, _native.Masker] = {}

    def masker(self, grant: Grant) -> _native.Masker:
        scope = f"incident:{grant.incident_id}" if grant.incident_id is not None else f"grant:{grant.id}"
        kept = self._kept.get(scope)
        if kept is None:
            if len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[scope] = _native.Masker(
                label_key=self._derive("label", scope),
                detector_key=self._derive("detector", scope),
                regions=self._regions,
            )
        return kept

    def _derive(self, use: str, scope: str) -> bytes:
        return hmac.digest(self._master.reveal(), f"safelight:{use}:{scope}".encode(), "sha256")
