"""The targets in force, by name, replaced as a whole at a reload."""

from collections.abc import Mapping
from types import MappingProxyType

from safelight._native import Epoch
from safelight.domain.target import Target


class TargetDirectory:
    """``epoch`` advances when the targets are replaced."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self.epoch = Epoch()
        self._targets: Mapping[str, Target] = MappingProxyType(dict(targets))

    @property
    def targets(self) -> Mapping[str, Target]:
        return self._targets

    def get(self, name: str) -> Target | None:
        return self._targets.get(name)

    def replace(self, targets: Mapping[str, Target]) -> None:
        self._targets = MappingProxyType(dict(targets))
        self.epoch.advance()
