"""Everything that is shipped with safelight may be: its crates and Python packages are under licences we know.

Development tools are not shipped and not looked at. The law asked is each package's own statement of its licence
(an SPDX expression where there is one); what it bundles in turn is its statement's business.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Unicode-3.0",
    "Zlib",
}
"""Licences that ask for nothing but their text and notices to be kept."""
EXCEPTIONS = {
    "certifi": ("MPL-2.0", "a list of authorities, shipped as it is: MPL asks for changes to its own files only"),
}
"""One package, one more licence, and why. This list only shrinks."""
OLD_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
"""What packages without an SPDX expression call the same licences."""
TEXTS = {"Apache-2.0": "Apache License\n Version 2.0, January 2004"}
"""How a licence's text begins, for packages that ship the text and do not name it."""
TOKEN = re.compile(r"\s*(\(|\)|/|[\w.+-]+)")


def allows(expression: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether an SPDX expression (annex D) can be met with the allowed licences. ``/`` is cargo's old ``OR``.

    Raises:
        ValueError: it is no such expression.
    """
    tokens = TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s", "", expression):
        raise ValueError(f"not a licence expression: {expression}")
    met = _either(tokens, ALLOWED | extra)
    if tokens:
        raise ValueError(f"not a licence expression: {expression}")
    return met


def _either(tokens: list[str], known: set[str] | frozenset[str]) -> bool:
    met = _both(tokens, known)
    while tokens and tokens[0] in ("OR", "/"):
        tokens.pop(0)
        met = _both(tokens, known) or met
    return met


def _both(tokens: list[str], known: set[str] | frozenset[str]) -> bool:
    met = _one(tokens, known)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        met = _one(tokens, known) and met
    return met


def _one(tokens: list[str], known: set[str] | frozenset[str]) -> bool:
    if not tokens:
        raise ValueError("a licence expression that ends early")
    if tokens[0] == "(":
        tokens.pop(0)
        met = _either(tokens, known)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a licence expression with an open parenthesis")
        return met
    name = tokens.pop(0)
    if tokens and tokens[0] == "WITH":
        name = f"{name} WITH {tokens[1]}"
        del tokens[:2]
    return name in known


def _crates() -> Iterator[tuple[str, str]]:
    """(name, licence) of every crate of the workspace's lock file that is built here."""
    host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    platform = re.search(r"^host: (.*)$", host, re.M)
    assert platform is not None
    told = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", platform[1]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for package in json.loads(told.stdout)["packages"]:
        yield package["name"], package["license"] or "none"


def _packages() -> Iterator[tuple[str, str]]:
    """(name, licence) of safelight and everything that it needs to run."""
    seen: set[str] = set()
    waiting = [Requirement("safelight")]
    while waiting:
        wanted = waiting.pop()
        found = distribution(wanted.name)
        for line in found.requires or ():
            requirement = Requirement(line)
            extras = wanted.extras or {""}
            needed = requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras)
            if needed and f"{requirement}" not in seen:
                seen.add(f"{requirement}")
                waiting.append(requirement)
        yield found.name, _licence(found)


def _licence(found: Distribution) -> str:
    expression = found.metadata["License-Expression"]
    if expression is not None:
        return expression
    named = [name for name in (found.metadata["License"],) if name]
    named = named or [
        classifier.rpartition(" :: ")[2]
        for classifier in found.metadata.get_all("Classifier") or ()
        if classifier.startswith("License ::")
    ]
    if named:
        return " AND ".join(OLD_NAMES.get(name, name) for name in named)
    files = [file for file in found.files or () if file.name.startswith("LICENSE")]
    texts = [re.sub(r"[ \n]+", " ", file.read_text()) for file in files]
    return next((name for name, head in TEXTS.items() if any(_begins(text, head) for text in texts)), "none")


def _begins(text: str, head: str) -> bool:
    return text.lstrip().startswith(re.sub(r"[ \n]+", " ", head))


def _refused(found: dict[str, str]) -> dict[str, str]:
    return {
        name: licence
        for name, licence in found.items()
        if not allows(licence, frozenset({EXCEPTIONS[name][0]} if name in EXCEPTIONS else ()))
    }


def test_crates_are_under_licences_we_know() -> None:
    crates = dict(_crates())
    assert {"pyo3", "sha2", "safelight-evidence"} <= crates.keys()
    assert not _refused(crates)


def test_packages_are_under_licences_we_know() -> None:
    packages = dict(_packages())
    assert {"safelight", "cryptography", "cedarpy", "uvloop", "greenlet"} <= packages.keys()
    assert "pytest" not in packages
    assert not _refused(packages)
    assert packages.keys() >= EXCEPTIONS.keys(), "no longer needed: take them off the list"


@pytest.mark.parametrize(
    "expression, allowed",
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", True),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", False),
        ("Apache-2.0/MIT", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("none", False),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert allows(expression) is allowed


@pytest.mark.parametrize("broken", ["", "MIT OR", "(MIT", "MIT)", "see the file; LICENSE"])
def test_what_is_no_expression_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="licence expression"):
        allows(broken)


def test_an_exception_is_for_one_package() -> None:
    assert _refused({"certifi": "MPL-2.0"}) == {}
    assert _refused({"other": "MPL-2.0"}) == {"other": "MPL-2.0"}
