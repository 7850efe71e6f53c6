"""Targets and policies in force: read whole, checked whole, refused whole, put in force together."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from safelight.adapters.config_files import ConfigSet, ConfigSource
from safelight.domain.target import Target
from safelight.policy.engine import PolicyEngine


@dataclass(frozen=True, slots=True)
class InForce:
    """One consistent set. ``digest`` names the files' content."""

    targets: Mapping[str, Target]
    engine: PolicyEngine
    digest: str


class Configuration:
    """``extra`` is a target that came from the environment and is in no file."""

    def __init__(self, source: ConfigSource, extra: Target | None, *, default_policies: bool) -> None:
        self.source = source
        self._extra = extra
        self._default_policies = default_policies

    def load(self) -> InForce:
        """Raises: FilesInvalid, PolicyInvalid: with every problem."""
        return self.check(self.source.load())

    def check(self, files: ConfigSet) -> InForce:
        """Raises: PolicyInvalid: with every problem."""
        engine = PolicyEngine.load(files.policies, defaults=self._default_policies)
        targets = dict(files.targets)
        if self._extra is not None:
            targets.setdefault(self._extra.name, self._extra)
        return InForce(MappingProxyType(targets), engine, files.digest)
