"""A target from a database URL in a variable."""

import secrets

import pytest

from safelight.adapters.target_url import UrlInvalid, target_from_url
from safelight.domain.target import AccountMode, TlsMode

PASSWORD = secrets.token_hex(8) + "@:/"


def url(rest: str) -> str:
    from urllib.parse import quote

    return f"postgresql://app:{quote(PASSWORD, safe='')}@{rest}"


def test_a_url_is_a_static_target_named_after_its_database() -> None:
    given = target_from_url("DATABASE_URL", url("db.internal:6000/Shop%20One"))
    target = given.target
    assert (target.name, target.host, target.port) == ("shop-one", "db.internal", 6000)
    assert target.databases == ("Shop One",)
    assert target.account_mode is AccountMode.STATIC
    assert target.account_secret is not None
    assert given.secrets[target.account_secret].reveal() == PASSWORD
    assert PASSWORD not in repr(given)


@pytest.mark.parametrize(
    ("rest", "tls"),
    [
        ("localhost/shop", TlsMode.DISABLE),
        ("db.internal/shop", TlsMode.VERIFY_FULL),
        ("localhost/shop?sslmode=verify-full", TlsMode.VERIFY_FULL),
        ("db.internal/shop?sslmode=disable", TlsMode.DISABLE),
    ],
)
def test_tls_is_verified_beyond_this_machine(rest: str, tls: TlsMode) -> None:
    assert target_from_url("DATABASE_URL", url(rest)).target.tls is tls


def test_half_protection_is_refused() -> None:
    with pytest.raises(UrlInvalid, match="sslmode must be verify-full"):
        target_from_url("DATABASE_URL", url("db.internal/shop?sslmode=require"))


@pytest.mark.parametrize(
    "text", ["", "mysql://u@h/d", "postgresql://h/d", "postgresql://u@h", "postgresql://u@h:x/d"]
)
def test_what_is_missing_is_said_without_the_url(text: str) -> None:
    with pytest.raises(UrlInvalid, match="DATABASE_URL") as raised:
        target_from_url("DATABASE_URL", text)
    assert not text or text not in str(raised.value)
