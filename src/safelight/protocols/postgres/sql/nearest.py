"""The nearest form that works, for a labelled column that stands where it may not. Texts only; decides nothing."""

from safelight.domain.masking import LabelUse
from safelight.protocols.postgres.sql.scope import Column


def nearest_form(column: Column, place: str) -> str:
    """What to write instead."""
    assert column.label is not None
    name, allows = column.name, column.label.allows
    listed = [f"name {name} itself in the select list"]
    if "whole row" in place:
        return f"name the columns instead: SELECT *, or SELECT {name}, …"
    if "ORDER BY" in place:
        return f"order by another column; compare {name} by = in WHERE: {name} = 'value'"
    if allows(LabelUse.COMPARE):
        values = column.label.values
        listed.append(f"compare it: {name} = 'value', {name} IN ('a', 'b') (at most {values})")
    if allows(LabelUse.JOIN):
        listed.append("= with a column of the same label")
    if allows(LabelUse.NULLS):
        listed.append(f"{name} IS NULL")
    if allows(LabelUse.GROUP):
        listed.append(f"count(DISTINCT {name})")
    listed += [_generalised(name, how) for how in column.label.generalisations]
    return ", or ".join(listed)


def _generalised(name: str, how: str) -> str:
    if how == "domain":
        return f"split_part({name}, '@', 2)"
    if how == "year":
        return f"extract(year FROM {name})"
    return f"left({name}, {how.removeprefix('prefix:')})"
