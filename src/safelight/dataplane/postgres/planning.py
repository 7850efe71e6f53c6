"""From what a text means to what is done with it: decisions and mask plans made into a message's plan.

Pure: the analysis comes from the parser's children, decisions from the application, and the plan is kept by shape.
"""

import json
from collections.abc import Callable, Mapping

from safelight import _native
from safelight.domain.decision import Decision, Effect
from safelight.domain.errors import Refusal
from safelight.domain.statement import StatementFacts
from safelight.protocols.postgres.analysis import Analysis, Output, SettingChange, StatementAnalysis
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.deny import SYNTAX_ERROR, sqlstate_of
from safelight.protocols.postgres.plan import MessagePlan, StatementPlan
from safelight.protocols.postgres.sql.settings import timeout_milliseconds

Decide = Callable[[StatementFacts], Decision]


def plan_message(
    analysis: Analysis,
    decide: Decide,
    *,
    masker: _native.Masker,
    catalog: Catalog,
    read_only: bool,
    longest_ms: Mapping[str, int],
    epoch: int,
) -> MessagePlan:
    """Decide every statement of a message. ``read_only``: the account itself can change nothing on the server.
    ``longest_ms``: timeouts that a session may shorten and not lengthen."""
    if analysis.refusal is not None:
        return refused_message(analysis.refusal, epoch, analysis.syntax_error)
    statements = tuple(
        plan_statement(statement, decide(statement.facts), masker=masker, catalog=catalog, read_only=read_only)
        for statement in analysis.statements
    )
    refusal = next((s.decision.refusal for s in statements if s.decision.effect is Effect.DENY), None)
    if refusal is None:
        refusal = next((found for s in statements if (found := too_long(s.analysis.setting, longest_ms))), None)
    hold = refusal is None and any(s.decision.effect is Effect.HOLD for s in statements)
    return MessagePlan(
        statements=statements,
        results=tuple(statement.result for statement in statements),
        refusal=refusal,
        sqlstate=_sqlstate(refusal),
        position=0,
        epoch=epoch,
        hold=hold,
        simple_read=refusal is None and not hold and len(statements) == 1 and _is_simple(statements[0]),
    )


def too_long(setting: SettingChange | None, longest_ms: Mapping[str, int]) -> Refusal | None:
    """Why a timeout may not be set to this, if it may not. 0 stands for no limit at all."""
    if setting is None or setting.value is None or (most := longest_ms.get(setting.name.lower())) is None:
        return None
    asked = timeout_milliseconds(setting.value)
    if asked is not None and 0 < asked <= most:
        return None
    return Refusal(
        "postgres.setting.limit",
        f"{setting.name} may be shortened here, not lengthened",
        f"stay at or below: SET {setting.name} = '{most}ms'",
    )


def refused_message(refusal: Refusal, epoch: int, syntax_error: tuple[str, int] | None = None) -> MessagePlan:
    """The plan of a message of which nothing runs."""
    return MessagePlan(
        statements=(),
        results=(),
        refusal=refusal if syntax_error is None else Refusal(refusal.rule, syntax_error[0], refusal.next_step),
        sqlstate=_sqlstate(refusal) if syntax_error is None else SYNTAX_ERROR,
        position=0 if syntax_error is None else syntax_error[1],
        epoch=epoch,
        hold=False,
        simple_read=False,
    )


def plan_statement(
    analysis: StatementAnalysis, decision: Decision, *, masker: _native.Masker, catalog: Catalog, read_only: bool
) -> StatementPlan:
    result = _native.ResultPlan(masker, involves_labels=analysis.restricted_reads)
    copy = analysis.copy
    if copy is not None and copy.direction == "out":
        rules = [_copy_rule(output, decision) for output in analysis.outputs or ()]
        result.copy_out(
            copy.format, copy.delimiter, copy.null, copy.quote, copy.escape, copy.header, copy.force_quote, rules
        )
    return StatementPlan(
        analysis=analysis,
        decision=decision,
        result=result,
        record=_record(analysis, decision),
        catalog=catalog,
        safe_to_lose=read_only and analysis.facts.harmless_to_lose,
    )


def _copy_rule(output: Output, decision: Decision) -> _native.ColumnRule:
    """COPY describes no columns: the rules come from the plan alone."""
    if output.rule == "detect":
        return _native.ColumnRule.detect()
    if output.rule != "label" or output.label is None or output.strategy is None:
        return _native.ColumnRule.constant()
    if output.label in decision.unmasked:
        return _native.ColumnRule.clear(output.label)
    return _native.ColumnRule.label(output.label, output.strategy.value)


def _is_simple(plan: StatementPlan) -> bool:
    analysis = plan.analysis
    return (
        analysis.facts.harmless_to_lose
        and not analysis.facts.stands_alone
        and analysis.copy is None
        and analysis.transaction is None
        and analysis.setting is None
        and analysis.deallocates is None
    )


def _record(analysis: StatementAnalysis, decision: Decision) -> bytes:
    """The part of the audit records that is the same for every statement of a shape: the inside of an object with
    sorted keys, as the log's canonical form wants it."""
    facts = analysis.facts
    fields = {
        "capabilities": sorted(capability.value for capability in facts.capabilities),
        "decision": decision.effect.value,
        "form": facts.form,
        "labels": sorted(facts.labels),
        "policies": list(decision.policies),
        "relations": list(facts.relations),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()[1:-1]


def _sqlstate(refusal: Refusal | None) -> str:
    return "" if refusal is None else sqlstate_of(refusal)
