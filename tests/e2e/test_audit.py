"""What is on the record: an intent and an outcome for every statement, every refusal, and a proof offline."""

import base64
import secrets
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.clients import eventually
from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import real_email
from tests.rig.gateway import Gateway

Records = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def records(gateway: Gateway) -> Records:
    """Records of one session, oldest first, with their sealed fields open."""

    def find(session: str, kind: str = "") -> list[dict[str, Any]]:
        query = f"session={session}&limit=500&reveal=true" + (f"&kind={kind}" if kind else "")
        found: list[dict[str, Any]] = gateway.api("GET", f"/audit/records?{query}", by="sam")["records"]
        return found[::-1]

    return find


def session_named(gateway: Gateway, name: str) -> str:
    listed = gateway.api("GET", "/sessions", by="sam")["items"]
    return str(next(s["id"] for s in listed if s["application_name"] == name))


def test_an_intent_and_an_outcome_for_each_statement(gateway: Gateway, login: MakeLogin, records: Records) -> None:
    with psycopg.connect(login().dsn(application_name="recorded"), autocommit=True) as connection:
        session = session_named(gateway, "recorded")
        connection.execute("SELECT id, email FROM customers WHERE id < 4")
        connection.execute("SELECT id FROM customers WHERE email = %s", (real_email(5),))
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1 / 0")
        with pytest.raises(psycopg.Error):
            connection.execute("DELETE FROM stock")
    eventually(lambda: records(session, "session.ended"))
    found = records(session)
    kinds = [record["kind"] for record in found]
    assert kinds[0] == "session.started" and kinds[-1] == "session.ended"
    intents = [record for record in found if record["kind"] == "statement.intent"]
    outcomes = [record for record in found if record["kind"] == "statement.outcome"]
    assert len(intents) == len(outcomes) == 3
    assert [o["fields"]["intent"] for o in outcomes] == [i["index"] for i in intents]
    assert "SELECT id, email FROM customers" in str(intents[0]["sensitive"])
    assert intents[0]["fields"]["relations"] == ["public.customers"] and "email" in intents[0]["fields"]["labels"]
    assert outcomes[0]["fields"]["rows"] == 3 and "email" in str(outcomes[0]["fields"])
    assert real_email(5) in str(intents[1]["sensitive"])
    assert outcomes[2]["fields"]["sqlstate"] == "22012"
    (refused,) = [record for record in found if record["kind"] == "statement.refused"]
    assert refused["fields"]["rule"] and "DELETE FROM stock" in str(refused["sensitive"])


def test_without_revealing_no_text_is_shown(gateway: Gateway, login: MakeLogin) -> None:
    with psycopg.connect(login().dsn(), autocommit=True) as connection:
        connection.execute("SELECT 'a text that is sealed'")
    found = gateway.api("GET", "/audit/records?limit=200", by="sam")["records"]
    assert "a text that is sealed" not in str(found)
    with pytest.raises(httpx.HTTPStatusError):
        gateway.api("GET", "/audit/records", by="ada")


def test_refused_logins_are_recorded(gateway: Gateway, login: MakeLogin) -> None:
    mine = login()

    def rules() -> list[str]:
        found = gateway.api("GET", "/audit/records?kind=connection.refused&limit=100", by="sam")["records"]
        return [record["fields"]["rule"] for record in found]

    before = len(rules())
    for wrong in (
        replace(mine, secret="wrong"),
        replace(mine, user="nobody.abcdef"),
        replace(mine, database="nowhere"),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong.dsn())
    eventually(lambda: len(rules()) >= before + 3)
    assert rules()[:3] == ["grant.target", "login.password", "login.password"]


def test_no_secret_and_no_value_is_in_any_file_of_the_node(gateway: Gateway, login: MakeLogin) -> None:
    mine = login()
    word = "very" + "secret" + "parameter"
    with psycopg.connect(mine.dsn(), autocommit=True) as connection:
        connection.execute("SELECT %s::text", (word,))
        connection.execute("SELECT email FROM customers")
    written = b"".join(path.read_bytes() for path in gateway.state.rglob("*") if path.is_file())
    for secret in (mine.secret, word, real_email(7), "SELECT email FROM customers"):
        assert secret.encode() not in written
        assert secret not in gateway.log()


def test_an_export_is_verified_offline_and_tampering_is_found(
    gateway: Gateway, login: MakeLogin, tmp_path: Path
) -> None:
    with psycopg.connect(login().dsn(), autocommit=True) as connection:
        connection.execute("SELECT 1")
    headers = {"Authorization": f"Bearer {gateway._tokens['sam']}"}
    answer = httpx.get(f"{gateway.url}/api/v1/audit/export", headers=headers, timeout=60)
    export, key, anchor = tmp_path / "export.jsonl", tmp_path / "key", tmp_path / "checkpoint"
    export.write_bytes(answer.content)
    anchor.write_bytes(base64.b64decode(answer.headers["Safelight-Checkpoint"]))
    key.write_text(gateway.api("GET", "/gateway", by="sam")["audit_verifier_key"])

    def verify() -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "safelight.audit.verifier", export, "--key", key, "--checkpoint", anchor]
        return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)

    done = verify()
    assert done.returncode == 0, done.stdout + done.stderr
    lines = export.read_text().splitlines(keepends=True)
    middle = len(lines) // 2
    export.write_text("".join(lines[:middle] + lines[middle + 1 :]))
    assert verify().returncode == 1
    export.write_text("".join(lines).replace("statement.intent", "statement.refuse", 1))
    assert verify().returncode != 0


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE CURRENT_USER PASSWORD '{}'",
        "ALTER USER CURRENT_USER WITH ENCRYPTED PASSWORD '{}'",
        "CREATE ROLE somebody LOGIN PASSWORD '{}'",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password '{}')",
        "SELECT 1; ALTER ROLE CURRENT_USER PASSWORD '{}'",
    ],
)
def test_a_password_in_a_statement_is_on_no_record(
    gateway: Gateway, login: MakeLogin, records: Records, statement: str
) -> None:
    """Whether it is carried out, fails on the server, or is refused."""
    word = "pass" + "word" + secrets.token_hex(8)
    name = f"passwords {word[-6:]}"
    with psycopg.connect(login("workshop", ("read", "admin")).dsn(application_name=name), autocommit=True) as one:
        session = session_named(gateway, name)
        with suppress(psycopg.Error):
            psycopg.ClientCursor(one).execute(statement.format(word))
    eventually(lambda: records(session, "session.ended"))
    found = records(session)
    told = [record["sensitive"] for record in found if record["kind"] in ("statement.intent", "statement.refused")]
    assert "[password]" in str(told) and "PASSWORD" in str(told).upper()
    assert word not in str(found)
