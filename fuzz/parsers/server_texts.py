"""Bodies of a server's messages that carry text or meaning: the first byte says which."""

from fuzz.parsers.playing import outcome_of
from safelight.domain.errors import PeerProtocolError
from safelight.protocols.postgres import messages as m
from safelight.protocols.postgres.origins import OriginMismatch, OriginUnknown, column_rules
from safelight.protocols.postgres.parameter_status import synthesise
from safelight.protocols.postgres.server_texts import error_for_client, notice_for_client
from safelight.protocols.postgres.sql.settings import check_setting
from tests.protocols.postgres import conversation_playbook as book

ERROR, NOTICE, DESCRIPTION, SETTING = range(4)
PLANS = (None, book.reading(book.EMAIL), book.reading(book.DETECT, book.DETECT), book.writing("update", "customers"))
KINDS = 4
_WORDS = {"S": "ERROR", "V": "ERROR", "C": "23505", "M": "key", "D": "Key (a)=(b)", "P": "7", "F": "a.c", "W": "code"}
SEEDS = (
    b"\0" + m.fields(_WORDS),
    b"\4" + m.fields(_WORDS),
    b"\1" + m.fields(_WORDS | {"S": "NOTICE", "C": "00000"}),
    b"\6" + book.EMAILS[5:],
    b"\x0a" + book.fields(("id", book.ORDERS, 1, book.INT4), ("x", 0, 0, book.JSON))[5:],
    b"\3" + b"TimeZone\0Europe/Amsterdam\0",
    b"\3" + b"server_version\x0018.1 (Debian)\0",
    b"\3" + b"DateStyle\0ISO, MDY\0",
)


def one_input(data: bytes) -> bool:
    choice, body = (data[0] if data else 0), data[1:]
    kind, plan = choice % KINDS, PLANS[choice // KINDS % len(PLANS)]
    try:
        match kind:
            case 0:
                _text(error_for_client(m.decode_fields(body), plan, _mask, withheld=bool(choice & 64)), b"E")
            case 1:
                _text(notice_for_client(body, plan, _mask, withheld=bool(choice & 64)), b"N")
            case 2:
                fields = m.decode_row_description(body)
                assert len(fields) * 19 <= len(body)
                rules = column_rules(fields, plan) if plan is not None else ()
                assert plan is None or len(rules) == len(fields)
            case _:
                return _setting(body)
    except (PeerProtocolError, OriginMismatch, OriginUnknown):
        return False
    return True


def _mask(text: bytes) -> bytes:
    return book.MASKER.mask_text(text)[0]


def _text(told: bytes, kind: bytes) -> None:
    """What the client gets is one message that reads as such."""
    if told:
        assert told[:1] == kind and int.from_bytes(told[1:5], "big") == len(told) - 1
        assert isinstance(outcome_of(lambda: m.decode_fields(told[5:])), dict), told


def _setting(body: bytes) -> bool:
    name, _, value = body.rstrip(b"\0").partition(b"\0")
    told = synthesise(
        name.decode("utf-8", "replace"),
        value.decode("utf-8", "replace"),
        user="ada",
        check_setting=lambda n, v: check_setting(n, v, at_startup=True),
    )
    if told is None:
        return False
    assert "\0" not in told and len(told) <= 128
    m.parameter_status("x", told)
    return True
