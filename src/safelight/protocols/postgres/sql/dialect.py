"""Whether a target of an older major version reads the text as our parser does."""

from postgast import pg_query_pb2 as pg

from safelight.domain.errors import Refusal


def check_dialect(text: str, tree: pg.ParseResult, server_version_num: int) -> Refusal | None:
    """Why the target would read ``text`` differently, or None."""
    return None
