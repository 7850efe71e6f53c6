"""The domain's values as Cedar entities and contexts (schema.cedarschema says what each field means)."""

import json
from collections.abc import Mapping
from typing import Any

from safelight.domain.capability import Capability
from safelight.domain.incident import Incident, IncidentOrigin
from safelight.domain.principal import Principal, PrincipalKind
from safelight.domain.target import Target

Json = dict[str, Any]
Uid = tuple[str, str]

GATEWAY: Uid = ("Gateway", "safelight")


def principal_uid(principal: Principal) -> Uid:
    return ("Person" if principal.kind is PrincipalKind.PERSON else "Agent", principal.name)


def target_uid(target: Target) -> Uid:
    return ("Target", target.name)


def principal_entities(principal: Principal, sponsor: Principal | None) -> list[Json]:
    """The principal, and for an agent its sponsor (without groups when only its name is known)."""
    parents = _groups(principal)
    if principal.kind is PrincipalKind.PERSON:
        return [_entity(principal_uid(principal), {"name": principal.name}, parents)]
    name = principal.sponsor or ""
    attributes = {"name": principal.name, "sponsor": _reference("Person", name)}
    return [
        _entity(principal_uid(principal), attributes, parents),
        _entity(("Person", name), {"name": name}, _groups(sponsor) if sponsor else []),
    ]


def target_entity(target: Target) -> Json:
    attributes: Json = {"name": target.name, "kind": target.kind.value}
    parents = []
    if target.service is not None:
        attributes["service"] = target.service
        parents.append({"type": "Service", "id": target.service})
    return _entity(target_uid(target), attributes, parents) | {"tags": dict(target.labels)}


def gateway_entity() -> Json:
    return _entity(GATEWAY, {}, [])


def target_key(target: Target) -> tuple[object, ...]:
    """Everything of a target that policy can see, hashable."""
    return (target.name, target.kind, target.service, tuple(sorted(target.labels.items())))


def capabilities_value(capabilities: frozenset[Capability]) -> list[Json]:
    return [_reference("Capability", capability.value) for capability in sorted(capabilities)]


def capability_value(capability: Capability) -> Json:
    return _reference("Capability", capability.value)


def incident_value(incident: Incident, principal: Principal) -> Json:
    value: Json = {
        "id": incident.id,
        "state": _reference("IncidentState", incident.state.value),
        "origin": _reference("IncidentOrigin", incident.origin.value),
        "source": incident.source,
        "confirmed": _is_confirmed(incident),
        "opened_by_requester": _is_opened_by(incident, principal),
    }
    if incident.service is not None:
        value["service"] = incident.service
    return value


def encode(context: Mapping[str, Any]) -> str:
    return json.dumps(context, separators=(",", ":"))


def _is_confirmed(incident: Incident) -> bool:
    """Whether more than one party stands behind it."""
    if incident.origin is IncidentOrigin.WEBHOOK:
        return True
    return incident.confirmed_by is not None and incident.confirmed_by != incident.opener


def _is_opened_by(incident: Incident, principal: Principal) -> bool:
    """Whether the principal or its sponsor opened the incident, here or at its source, or confirmed it. A source may
    know people by an address: its local part counts too. One person too many only asks for an approval more."""
    names = {principal.name.casefold()}
    if principal.sponsor is not None:
        names.add(principal.sponsor.casefold())
    opener = incident.opener.strip().casefold()
    return opener in names or opener.partition("@")[0] in names or incident.confirmed_by in names


def _groups(principal: Principal) -> list[Json]:
    return [{"type": "Group", "id": group} for group in sorted(principal.groups)]


def _entity(uid: Uid, attributes: Json, parents: list[Json]) -> Json:
    return {"uid": {"type": uid[0], "id": uid[1]}, "attrs": attributes, "parents": parents}


def _reference(type_name: str, identifier: str) -> Json:
    return {"__entity": {"type": type_name, "id": identifier}}
