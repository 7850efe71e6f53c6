"""Whether a message's bytes can be read as SQL text at all: size, NUL, encoding.

PostgreSQL takes the text as a C string in client_encoding, which is UTF8 in every session of ours. Text that the
server would cut short (NUL) or reject (invalid UTF-8) has no meaning we could agree on, so it is refused (I4).
"""

from safelight.domain.errors import Refusal

MAX_TEXT_BYTES = 1024 * 1024
"""The longest text that is read. Loading data goes through COPY or parameters."""


def decode_text(text: bytes) -> str | Refusal:
    """The text of a Query or Parse message, or why it cannot be read."""
    if len(text) > MAX_TEXT_BYTES:
        return Refusal(
            "postgres.text.size",
            f"the statement's text is {len(text)} bytes, the limit is {MAX_TEXT_BYTES}",
            "send large values as parameters, or load rows with COPY … FROM STDIN",
        )
    if b"\0" in text:
        return Refusal(
            "postgres.text.nul", "the statement's text contains a zero byte", "remove the zero byte from the text"
        )
    try:
        return text.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        return Refusal(
            "postgres.text.encoding",
            f"the statement's text is not UTF-8 at byte {error.start + 1}",
            "set the client's encoding to UTF8 (psql: \\encoding UTF8)",
        )
