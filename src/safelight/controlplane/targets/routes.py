"""Targets, their preflight, and reading their files again."""

from fastapi import APIRouter

from safelight.controlplane.parts import Parts
from safelight.controlplane.paths import API
from safelight.controlplane.problems import ApiProblem
from safelight.controlplane.schema_base import Listing
from safelight.controlplane.targets.schemas import ColumnView, FindingView, Reloaded, TargetView
from safelight.domain.errors import Denied, Refusal
from safelight.domain.target import Target

router = APIRouter(prefix=API, tags=["targets"])


@router.get("/targets")
async def list_targets(parts: Parts) -> Listing[TargetView]:
    targets = parts.services.targets.targets
    return Listing(items=[_view(targets[name]) for name in sorted(targets)])


@router.get("/targets/{name}")
async def get_target(parts: Parts, name: str) -> TargetView:
    return _view(_known(parts, name))


@router.get("/targets/{name}/preflight")
async def preflight(parts: Parts, name: str) -> Listing[FindingView]:
    """Ask the target now what its account can and cannot guarantee, in plain words."""
    findings = await parts.preflight(_known(parts, name).name)
    return Listing(items=[FindingView.model_validate(finding) for finding in findings])


@router.post("/config/reload")
async def reload_config(parts: Parts) -> Reloaded:
    """Read targets, labels and policies again now. Connections stay."""
    if parts.reload is None:
        raise ApiProblem(409, Refusal("config.files", "this node runs without configuration files", "restart it"))
    return Reloaded(problems=list(await parts.reload()))


def _known(parts: Parts, name: str) -> Target:
    target = parts.services.targets.get(name)
    if target is None:
        raise Denied(Refusal("target.unknown", f"there is no target {name}", "safelight targets list"))
    return target


def _view(target: Target) -> TargetView:
    columns = [
        ColumnView(schema_name=c.schema, table=c.table, column=c.column, label=c.label, strategy=c.strategy)
        for c in target.columns
    ]
    return TargetView(
        name=target.name,
        kind=target.kind,
        databases=list(target.databases),
        service=target.service,
        labels=dict(target.labels),
        tls=target.tls,
        account_mode=target.account_mode,
        columns=columns,
        statement_timeout_seconds=target.statement_timeout_seconds,
        lock_timeout_seconds=target.lock_timeout_seconds,
        idle_in_transaction_timeout_seconds=target.idle_in_transaction_timeout_seconds,
    )
