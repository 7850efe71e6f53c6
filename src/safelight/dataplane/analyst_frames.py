"""The frames between the gateway and an analyst's child: one byte of kind, four of length, a body in typed JSON.

A catalog can be large, so it goes in parts, each small enough that making it does not stall the loop.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from safelight.dataplane.typed_json import from_json, to_json
from safelight.protocols.postgres.catalog import Catalog, CatalogRelation

HEADER = struct.Struct(">BI")
MAX_FRAME_BYTES = 32 * 1024 * 1024
RELATIONS_PER_FRAME = 100


class FrameKind(IntEnum):
    """Ready, catalog kept, analysis and failure come from the child; the rest goes to it."""

    READY = 1
    CATALOG = 2
    RELATIONS = 3
    CATALOG_END = 4
    CATALOG_KEPT = 5
    FORGET = 6
    QUESTION = 7
    ANALYSIS = 8
    FAILURE = 9


@dataclass(frozen=True, slots=True)
class Question:
    """``catalog`` is the number that the gateway gave to a catalog it has sent before."""

    number: int
    catalog: int
    extended: bool
    text: bytes


@dataclass(frozen=True, slots=True)
class CatalogHead:
    """A catalog without its relations, which follow in frames of their own."""

    number: int
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class CatalogPart:
    """Some of the relations of the catalog that is being sent."""

    relations: tuple[CatalogRelation, ...]


def frame(kind: FrameKind, body: bytes = b"") -> bytes:
    """One frame, ready to be written."""
    return HEADER.pack(kind, len(body)) + body


def catalog_frames(number: int, catalog: Catalog) -> Iterator[bytes]:
    """The frames that make a child know ``catalog`` as ``number``."""
    yield frame(FrameKind.CATALOG, to_json(CatalogHead(number, replace(catalog, relations=()))))
    for start in range(0, len(catalog.relations), RELATIONS_PER_FRAME):
        part = CatalogPart(catalog.relations[start : start + RELATIONS_PER_FRAME])
        yield frame(FrameKind.RELATIONS, to_json(part))
    yield frame(FrameKind.CATALOG_END)


def read_catalog_head(body: bytes) -> CatalogHead:
    return from_json(CatalogHead, body)


def read_catalog_part(body: bytes) -> CatalogPart:
    return from_json(CatalogPart, body)
