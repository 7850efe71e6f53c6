"""Values kept by the shape of a text: its skeleton and those of its literals that matter (DESIGN §4.2).

Texts outside of the plain subset that has shapes are kept by their exact bytes. Bounded in number, where the oldest
entries go first, and in all by weight, where everything goes: whoever fills it can only make itself slow.
"""

from typing import Generic, TypeVar

from safelight import _native

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

MAX_SHAPES = 4096
MAX_VALUES_PER_SHAPE = 512
MAX_EXACT = 1024
MAX_TEXT_BYTES = 16 * 1024
"""A longer text is not kept: it is read again each time."""
MAX_WEIGHT = 16_384


class ShapeCache(Generic[T]):
    """Simple and extended protocol are kept apart: a message of several statements has a meaning only in one."""

    def __init__(self) -> None:
        self._shapes: tuple[_Shapes[T], _Shapes[T]] = ({}, {})
        self._exact: dict[tuple[bytes, bool], T] = {}
        self._weight = 0

    def get(self, text: bytes, extended: bool) -> T | None:
        found = _native.shape(text)
        if found is not None:
            kept = self._shapes[extended].get(found.skeleton)
            if kept is not None:
                significant, values = kept
                return values.get(found.values(significant) if significant else ())
        return self._exact.get((text, extended))

    def put(
        self, text: bytes, extended: bool, significant: tuple[int, ...] | None, value: T, *, weight: int = 1
    ) -> None:
        """``significant``: ordinals of the shape's literals that the value depends on; None: keep by exact text.
        ``weight`` is how much the value holds, 1 for a usual one."""
        if len(text) > MAX_TEXT_BYTES:
            return
        self._weight += weight
        if self._weight > MAX_WEIGHT:
            self._shapes, self._exact, self._weight = ({}, {}), {}, weight
        found = _native.shape(text) if significant is not None else None
        if found is None or significant is None:
            _make_room(self._exact, MAX_EXACT)
            self._exact[text, extended] = value
            return
        shapes = self._shapes[extended]
        kept = shapes.get(found.skeleton)
        if kept is None or kept[0] != significant:
            # Which literals matter follows from the skeleton alone, but for the catalog: the newer answer counts.
            _make_room(shapes, MAX_SHAPES)
            kept = shapes[found.skeleton] = (significant, {})
        _make_room(kept[1], MAX_VALUES_PER_SHAPE)
        kept[1][found.values(significant)] = value


_Shapes = dict[bytes, tuple[tuple[int, ...], dict[tuple[bytes, ...], T]]]


def _make_room(entries: dict[K, V], most: int) -> None:
    if len(entries) >= most:
        del entries[next(iter(entries))]
