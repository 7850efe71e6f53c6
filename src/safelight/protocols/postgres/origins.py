"""Does the server's RowDescription agree with the plan? Checked before the first row moves.

Labels live on (table OID, attribute number). The server tells both for every bare column, so a disagreement means
that our reading of the text, or our snapshot of the catalog, is not the server's. Then nothing may leave.
"""

from safelight._native import ColumnRule
from safelight.domain.errors import SafelightError
from safelight.protocols.postgres.analysis import Output
from safelight.protocols.postgres.catalog import Catalog
from safelight.protocols.postgres.messages import Field
from safelight.protocols.postgres.plan import StatementPlan

FIRST_USER_OID = 16_384
"""Relations below are the system's own; they are the same in every database of a version, and never labelled."""


class OriginMismatch(SafelightError):
    """The result does not have the origins that the plan expects."""


class OriginUnknown(SafelightError):
    """A relation that the catalog snapshot does not know: reload it, then check again."""


def column_rules(fields: tuple[Field, ...], plan: StatementPlan) -> list[ColumnRule]:
    """One mask rule per field.

    Raises:
        OriginMismatch: the plan and the result disagree.
        OriginUnknown: the catalog snapshot is too old to tell.
    """
    outputs = plan.analysis.outputs
    if outputs is not None and len(outputs) != len(fields):
        raise OriginMismatch(f"{len(fields)} columns came, the plan knows {len(outputs)}")
    known = plan.catalog.relation_oids
    for field in fields:
        if field.table >= FIRST_USER_OID and field.table not in known:
            raise OriginUnknown(str(field.table))
    if outputs is None:
        return [_unlabelled(field, plan.catalog) for field in fields]
    return [_rule(field, output, plan) for field, output in zip(fields, outputs, strict=True)]


def _unlabelled(field: Field, catalog: Catalog) -> ColumnRule:
    if (field.table, field.attribute) in catalog.labels or field.table in catalog.opaque:
        raise OriginMismatch("a labelled column came where the plan expects none")
    return ColumnRule.detect()


def _rule(field: Field, output: Output, plan: StatementPlan) -> ColumnRule:
    if output.rule == "detect":
        return _unlabelled(field, plan.catalog)
    if output.rule != "label" or output.label is None or output.strategy is None:
        return ColumnRule.constant()
    if field.table in plan.catalog.opaque:
        raise OriginMismatch("a column came of a relation whose labels could not all be placed")
    if output.origin is not None and output.origin != (field.table, field.attribute):
        raise OriginMismatch("a column came of another origin than the plan expects")
    actual = plan.catalog.labels.get((field.table, field.attribute))
    if actual is not None and actual.label != output.label:
        raise OriginMismatch("a column came with another label than the plan expects")
    if output.label in plan.decision.unmasked:
        return ColumnRule.clear(output.label)
    return ColumnRule.label(output.label, output.strategy.value)
