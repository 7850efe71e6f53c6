"""What the schemas of all resources share. Times are wall-clock milliseconds since the epoch (``…_at_ms``)."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

ItemT = TypeVar("ItemT")


class View(BaseModel):
    """What is told: built from a frozen value of the domain."""

    model_config = ConfigDict(from_attributes=True)


class Input(BaseModel):
    """What is asked: closed, so that a misspelt field is an error and not silently without effect."""

    model_config = ConfigDict(extra="forbid")


class Listing(BaseModel, Generic[ItemT]):
    """Several things, in the order that the resource says."""

    items: list[ItemT]


Name = Annotated[str, Field(min_length=1, max_length=128)]
FreeText = Annotated[str, Field(min_length=1, max_length=1000)]

MAX_LISTED = 500
"""The newest of a list: making more would hold the loop up for longer than 5 ms."""


def newest(found: list[ItemT]) -> list[ItemT]:
    """The last :data:`MAX_LISTED` of a list that is oldest first."""
    return found[-MAX_LISTED:]
