"""What is wrong in a configuration file, in words for the person who edits it: file, key, and what is allowed.

Values are never repeated: a misplaced secret must not end up in a log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from safelight.domain.errors import SafelightError

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """``key`` is dotted (``targets.orders-db.port``); empty when the whole file is meant."""

    file: Path
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class FilesInvalid(SafelightError):
    """Configuration files cannot be used. Nothing of them is taken; what ran before goes on."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def problems_of(error: ValidationError, model: type[BaseModel], file: Path) -> tuple[FileProblem, ...]:
    """One problem for each error, with the keys that are known where an unknown one stands."""
    return tuple(_problem(item["loc"], item["type"], item["msg"], model, file) for item in error.errors())


def known_keys(model: type[BaseModel]) -> str:
    return ", ".join(sorted(model.model_fields))


def _problem(location: Location, kind: str, message: str, model: type[BaseModel], file: Path) -> FileProblem:
    key = ".".join(str(part) for part in location if part != "[key]")
    if kind == "extra_forbidden":
        section = _section_at(location[:-1], model)
        known = f"; known here: {known_keys(section)}" if section is not None else ""
        return FileProblem(file, key, f"unknown key{known}")
    return FileProblem(file, key, message.removeprefix("Value error, "))


def _section_at(location: Location, model: type[BaseModel]) -> type[BaseModel] | None:
    """The model whose table ``location`` names, through dicts and lists of models."""
    section: type[BaseModel] | None = model
    inside_collection = False
    for part in location:
        if inside_collection:
            inside_collection = False
            continue
        field = section.model_fields.get(str(part)) if section is not None else None
        if field is None:
            return None
        annotation: Any = field.annotation
        section = next(_models_in(annotation), None)
        inside_collection = not isinstance(annotation, type)
    return section


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
