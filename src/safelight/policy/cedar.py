"""The one place that calls Cedar. Asks with parsed handles and believes nothing but a clean answer.

Cedar skips a policy that fails while it is evaluated (a forbid too) and still answers; and a request that does not
fit the schema gets no decision at all. Either is a failure here, and a failure is a denial to whoever asked.
The policies' order is kept, so that Cedar's positional names (policy0, policy1 …) lead back to ours.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy

from safelight.policy.problems import PolicyFailed, PolicyInvalid, PolicyProblem
from safelight.policy.sources import Family, Policy, family_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One Cedar request. ``principal`` and ``resource`` are (type, id) of entities in the set it is asked with."""

    principal: tuple[str, str]
    action: str
    resource: tuple[str, str]
    context: str
    """A JSON object, already encoded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``policies`` are those that determined it: the permits of an allow, the forbids of a denial, or none when
    nothing permits."""

    allowed: bool
    policies: tuple[Policy, ...]


class Cedar:
    """A parsed set of policies, one part for each family of questions."""

    def __init__(self, policies: Sequence[Policy], schema: cedarpy.Schema) -> None:
        """Raises: PolicyInvalid when the parser does not see the same policies, in the same order, as we do."""
        self._schema = schema
        self._parts = {
            family: _Part([policy for policy in policies if family in policy.families]) for family in Family
        }

    def entities(self, documents: Iterable[Json]) -> cedarpy.Entities:
        """Parse entities once, checked against the schema. Raises: PolicyFailed."""
        try:
            return cedarpy.Entities.from_json_str(json.dumps(list(documents)), self._schema)
        except ValueError as cause:
            raise PolicyFailed("the entities do not fit the schema") from cause

    def ask(self, asks: Sequence[Ask], entities: cedarpy.Entities) -> list[Answer]:
        """Answers in order to questions of one family. Raises: PolicyFailed unless every one of them is clean."""
        requests = [
            {
                "principal": {"type": ask.principal[0], "id": ask.principal[1]},
                "action": {"type": "Action", "id": ask.action},
                "resource": {"type": ask.resource[0], "id": ask.resource[1]},
                "context": ask.context,
            }
            for ask in asks
        ]
        (family,) = {family_of(ask.action) for ask in asks}
        part = self._parts[family]
        results = cedarpy.is_authorized_batch(requests, part.handle, entities, self._schema)
        if len(results) != len(asks):
            raise PolicyFailed("not every question was answered")
        return [part.answer(result) for result in results]


class _Part:
    """A parsed policy set, and the way back from Cedar's names to our policies."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.handle = cedarpy.PolicySet.from_str("\n".join(policy.text for policy in policies))
        seen = self.handle.to_pst().static_policies
        self._by_position = {f"policy{index}": policy for index, policy in enumerate(policies)}
        if {name: node.annotations.get("id") for name, node in seen.items()} != {
            name: policy.id for name, policy in self._by_position.items()
        }:
            raise PolicyInvalid([PolicyProblem("*", 1, "the policies cannot be told apart when read together")])

    def answer(self, result: cedarpy.AuthzResult) -> Answer:
        diagnostics = result.diagnostics
        if diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            raise PolicyFailed("; ".join(diagnostics.errors) or "no decision")
        try:
            policies = tuple(self._by_position[name] for name in diagnostics.reasons)
        except KeyError as cause:
            raise PolicyFailed("an answer names a policy that is not ours") from cause
        return Answer(result.decision is cedarpy.Decision.Allow, tuple(sorted(policies, key=lambda p: p.id)))
