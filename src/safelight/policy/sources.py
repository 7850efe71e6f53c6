"""Reading Cedar policies: cut files into policies, check each against the schema, keep where each came from.

Cedar's own parser reports neither files nor lines, and numbers policies by their position; so the text is cut first
(Cedar's grammar: strings in double quotes, `//` comments, a policy ends at `;`) and the parser must then agree with
the cut. Nothing here repairs anything: a set with one problem is refused whole.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import cedarpy
from cedarpy import pst

from safelight.policy.problems import PolicyInvalid, PolicyProblem
from safelight.policy.questions import AdminAction

ANNOTATIONS = frozenset({"id", "description", "message", "next"})
PLACEHOLDERS = frozenset({"principal", "target", "capability", "incident", "label"})
"""What a @message or @next may contain in braces."""

_ADMIN_ACTIONS = frozenset(action.value for action in AdminAction)

MAX_FILE_BYTES = 256 * 1024
_ID = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\S', re.DOTALL)
_ACTION = re.compile(r'Action::"([^"]*)"')
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Family(StrEnum):
    """What a question is about. A policy is only asked where its scope can match (questions about statements are
    many, and a smaller set answers sooner)."""

    STATEMENT = "statement"
    REQUEST = "request"
    APPROVAL = "approve"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy and where it is written. ``message`` and ``next_step`` are what a refusal by it says."""

    id: str
    file: str
    line: int
    effect: str
    text: str
    description: str
    message: str | None
    next_step: str | None
    families: frozenset["Family"]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Piece:
    file: str
    line: int
    text: str
    complete: bool


def schema_text() -> str:
    return (resources.files("safelight.policy") / "schema.cedarschema").read_text(encoding="utf-8")


def default_sources() -> dict[str, str]:
    """The default set: file name → Cedar text."""
    folder = resources.files("safelight.policy") / "defaults"
    return {
        f"defaults/{entry.name}": entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".cedar")
    }


def read_policies(sources: Mapping[str, str], schema: cedarpy.Schema) -> tuple[Policy, ...]:
    """All policies of ``sources`` in order.

    Raises:
        PolicyInvalid: with every problem found, in all files.
    """
    policies: list[Policy] = []
    problems: list[PolicyProblem] = []
    for file, text in sources.items():
        if len(text.encode()) > MAX_FILE_BYTES:
            problems.append(PolicyProblem(file, 1, f"larger than {MAX_FILE_BYTES} bytes"))
            continue
        for piece in _cut(file, text):
            read = _read(piece, schema)
            if isinstance(read, Policy):
                policies.append(read)
            else:
                problems.extend(read)
    problems.extend(_duplicates(policies))
    if problems:
        raise PolicyInvalid(problems)
    return tuple(policies)


def _cut(file: str, text: str) -> Iterator[_Piece]:
    """One piece per policy: from its first token to its semicolon. What is left over is an incomplete piece."""
    start: int | None = None
    for token in _TOKEN.finditer(text):
        if token.group().startswith("//"):
            continue
        if start is None:
            start = token.start()
        if token.group() == ";":
            yield _Piece(file, text.count("\n", 0, start) + 1, text[start : token.end()], complete=True)
            start = None
    if start is not None:
        yield _Piece(file, text.count("\n", 0, start) + 1, text[start:], complete=False)


def _read(piece: _Piece, schema: cedarpy.Schema) -> Policy | list[PolicyProblem]:
    def problem(message: str) -> list[PolicyProblem]:
        return [PolicyProblem(piece.file, piece.line, message)]

    if not piece.complete:
        return problem("this policy does not end with a semicolon")
    try:
        nodes = cedarpy.policies_to_pst(piece.text)
    except ValueError as cause:
        return problem(f"cannot be parsed: {cause}")
    if nodes.templates:
        return problem("templates (?principal, ?resource) are not used here: name a group instead")
    if len(nodes.static_policies) != 1:
        return problem("expected exactly one policy before this semicolon")
    (node,) = nodes.static_policies.values()
    messages = _annotation_problems(node)
    checked = cedarpy.validate_policies(piece.text, schema)
    messages += _merged(re.sub(r"^for policy `policy0`[,:] ", "", error.error) for error in checked.errors)
    if not checked.validation_passed and not messages:
        messages.append("does not fit the schema")
    if messages:
        return [PolicyProblem(piece.file, piece.line, message) for message in dict.fromkeys(messages)]
    return _policy(piece, node)


def _merged(messages: Iterable[str]) -> list[str]:
    """Cedar repeats an error for each action a policy applies to: say it once, with the first few of them."""
    actions: dict[str, list[str]] = {}
    for message in messages:
        found = _ACTION.search(message)
        actions.setdefault(_ACTION.sub("{actions}", message), []).append(found.group(1) if found else "")
    merged = []
    for message, names in actions.items():
        more = f" and {len(names) - 3} more actions" if len(names) > 3 else ""
        merged.append(message.replace("{actions}", ", ".join(names[:3]) + more))
    return merged


def _annotation_problems(node: pst.Template) -> list[str]:
    found = node.annotations
    messages = [f"unknown annotation @{name}" for name in sorted(set(found) - ANNOTATIONS)]
    if not _ID.fullmatch(found.get("id") or ""):
        messages.append('needs an @id such as @id("statements.read"): it is what a refused person is told')
    for name in ("message", "next"):
        unknown = set(_PLACEHOLDER.findall(found.get(name) or "")) - PLACEHOLDERS
        messages += [
            f"@{name} names {{{word}}}; known are {', '.join(sorted(PLACEHOLDERS))}" for word in sorted(unknown)
        ]
    return messages


def _policy(piece: _Piece, node: pst.Template) -> Policy:
    uids = pst.entity_uids(node)
    return Policy(
        id=node.annotations["id"] or "",
        file=piece.file,
        line=piece.line,
        effect=str(node.effect),
        text=piece.text,
        description=node.annotations.get("description") or "",
        message=node.annotations.get("message"),
        next_step=node.annotations.get("next"),
        families=_families(node.action),
        groups=frozenset(uid.id for uid in uids if uid.type.basename == "Group"),
    )


def family_of(action: str) -> Family:
    """The family of one of the schema's actions."""
    if action == Family.REQUEST or action.startswith("request_"):
        return Family.REQUEST
    if action == Family.APPROVAL:
        return Family.APPROVAL
    if action == Family.ADMINISTRATION or action in _ADMIN_ACTIONS:
        return Family.ADMINISTRATION
    return Family.STATEMENT


def _families(scope: pst.ActionConstraint) -> frozenset[Family]:
    if isinstance(scope, pst.ActionEq):
        return frozenset({family_of(scope.entity.id)})
    if isinstance(scope, pst.ActionIn):
        return frozenset(family_of(entity.id) for entity in scope.entities)
    return frozenset(Family)


def _duplicates(policies: list[Policy]) -> Iterator[PolicyProblem]:
    first: dict[str, Policy] = {}
    for policy in policies:
        earlier = first.setdefault(policy.id, policy)
        if earlier is not policy:
            yield PolicyProblem(
                policy.file, policy.line, f"@id {policy.id} is already used in {earlier.file}:{earlier.line}"
            )
