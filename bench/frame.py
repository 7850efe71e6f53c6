"""What a figure is, and how it is sampled: the sides in turn, three times or more, medians compared.

Machines drift. A side's samples are taken beside the other's, so that a slow minute slows both.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

SAMPLES = 3
Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. ``samples`` are the raw values behind ``value``, a list for each side where there are sides.
    ``note`` says what limits it."""

    name: str
    value: float
    unit: str
    goal: float
    better: Better
    samples: list[Any]
    note: str = ""
    sides: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


Measure = Callable[[], float]


def interleaved(sides: Mapping[str, Measure], rounds: int = SAMPLES) -> dict[str, list[float]]:
    """Sample every side once per round, after one round that is thrown away (caches, connections)."""
    for measure in sides.values():
        measure()
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            samples[name].append(measure())
    return samples


def ratio(
    name: str, samples: Mapping[str, list[float]], over: str, under: str, goal: float, better: Better, note: str = ""
) -> Result:
    """``over`` / ``under`` by medians."""
    sides = {side: median(values) for side, values in samples.items()}
    value = sides[over] / sides[under]
    return Result(name, round(value, 3), "ratio", goal, better, [dict(samples)], note, sides)


def difference(
    name: str, samples: Mapping[str, list[float]], of: str, minus: str, unit: str, goal: float, note: str = ""
) -> Result:
    """``of`` - ``minus`` by medians; lower is better."""
    sides = {side: median(values) for side, values in samples.items()}
    return Result(name, round(sides[of] - sides[minus], 4), unit, goal, "lower", [dict(samples)], note, sides)


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


Figures = Iterator[Result]
