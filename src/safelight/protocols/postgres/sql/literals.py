"""Which of a statement's literals its facts depend on."""

from postgast import pg_query_pb2 as pg


def significant_literals(text: bytes, tree: pg.ParseResult) -> tuple[int, ...] | None:
    """Ordinals of the native shape's literals that are significant; None when the text has no shape."""
    return None
