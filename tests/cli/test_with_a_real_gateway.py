"""The command line against a real gateway and a real PostgreSQL, with the real psql."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.rig.gateway import Gateway, Target
from tests.rig.servers import Server

PROGRAM = [sys.executable, "-c", "from safelight.entrypoints.main import run; run()"]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def gateway(postgres15: Server) -> Iterator[Gateway]:
    with Gateway([Target("orders-db", postgres15, ("postgres",))], tls=True) as running:
        running.webhook("open", "INC-42")
        yield running


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> Callable[[str], Path]:
    """Where somebody is logged in, by ``safelight login``."""
    known: dict[str, Path] = {}

    def home(who: str) -> Path:
        if who not in known:
            known[who] = tmp_path_factory.mktemp(who)
            arguments = ["login", "--url", gateway.url, "--name", who]
            done = subprocess.run(
                [*PROGRAM, *arguments],
                env=environment(known[who]),
                input=gateway.passwords[who],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        return known[who]

    return home


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "SAFELIGHT_CLI_DIRECTORY": str(home),
        "PGOPTIONS": "-c work_mem=1GB",
        "PGHOSTADDR": "192.0.2.1",
    }


@pytest.fixture
def safelight(homes: Callable[[str], Path]) -> Run:
    def run(who: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=environment(homes(who)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_one_command_from_nothing_to_rows(safelight: Run) -> None:
    done = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "-Atc", "SELECT 40 + 2")
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    assert "masked and recorded" in done.stderr


def test_the_clients_exit_code_is_ours(safelight: Run) -> None:
    done = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "-c", "DROP TABLE nothing")
    assert done.returncode == 1
    assert "Rule:" in done.stderr


def test_the_password_is_in_no_argument_list(safelight: Run) -> None:
    show = "tr '\\0' ' ' < /proc/$$/cmdline; echo; echo $PGPASSWORD; echo [$PGOPTIONS$PGHOSTADDR]"
    done = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--exec", "--", "sh", "-c", show)
    arguments, password, other = done.stdout.splitlines()
    assert len(password) >= 32
    assert password not in arguments
    assert other == "[]"


def test_another_client_by_its_connection_string(safelight: Run) -> None:
    url = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--print").stdout.strip()
    assert urlsplit(url).query.startswith("sslmode=verify-full")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 7").fetchone() == (7,)


def test_the_same_for_programs(safelight: Run) -> None:
    found = json.loads(safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--json").stdout)
    assert found["PGDATABASE"] == "orders-db"
    assert stat.S_IMODE(Path(found["PGSSLROOTCERT"]).stat().st_mode) == 0o600


def test_without_a_reason_nothing_is_asked_for(safelight: Run) -> None:
    done = safelight("lin", "connect", "orders-db")
    assert done.returncode == 2
    assert "--incident" in done.stderr


def test_what_needs_a_person_waits_or_says_so(safelight: Run) -> None:
    done = safelight("lin", "connect", "orders-db", "--reason", "curious", "--no-wait")
    assert done.returncode == 7
    assert "safelight approve r-" in done.stderr


def test_a_client_that_is_not_installed(safelight: Run) -> None:
    done = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--exec", "no-such-client")
    assert done.returncode == 1
    assert "is not installed here" in done.stderr


@contextmanager
def tunnel(home: Path) -> Iterator[Path]:
    """An open tunnel; gives the directory of its socket."""
    command = [*PROGRAM, "connect", "orders-db", "--incident", "INC-42", "--tunnel"]
    with subprocess.Popen(command, env=environment(home), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "host=" not in (line := process.stderr.readline()):
            assert line, "the tunnel did not open"
        directory = Path(line.split("host=")[1].split()[0])
        assert "Ctrl-C" in process.stderr.readline()
        while not list(directory.iterdir()):
            assert process.poll() is None
        try:
            yield directory
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
            rest = process.stderr.read()
    assert not directory.exists()
    assert "Traceback" not in rest


def test_a_tunnel_needs_no_password_and_is_its_owners(homes: Callable[[str], Path]) -> None:
    with tunnel(homes("ada")) as directory:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (socket,) = directory.iterdir()
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        place = f"host={directory} user=whoever dbname=whatever"
        with psycopg.connect(place) as one, psycopg.connect(place, sslmode="prefer") as other:
            assert one.execute("SELECT 1").fetchone() == (1,)
            rows = other.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g").fetchall()
            assert len(rows) == 20000


def test_a_refusal_comes_through_the_tunnel(homes: Callable[[str], Path]) -> None:
    with tunnel(homes("ada")) as directory, psycopg.connect(f"host={directory} dbname=x") as connection:
        with pytest.raises(psycopg.Error, match="safelight"):
            connection.execute("DROP TABLE nothing")
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_ctrl_c_reaches_the_server_through_the_tunnel(homes: Callable[[str], Path]) -> None:
    with tunnel(homes("ada")) as directory, psycopg.connect(f"host={directory} dbname=x") as connection:
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
        timer.join()


def test_watching_a_session(safelight: Run, homes: Callable[[str], Path]) -> None:
    url = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--print").stdout.strip()
    with psycopg.connect(url, autocommit=True) as connection:
        live = json.loads(safelight("sam", "sessions", "--json").stdout)
        (session,) = [one["id"] for one in live if one["principal"] == "ada"]
        command = [*PROGRAM, "watch", session, "--json"]
        with subprocess.Popen(
            command, env=environment(homes("sam")), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        ) as watching:
            assert watching.stdout is not None
            seen: list[dict[str, object]] = []
            while not seen:
                connection.execute("SELECT 11")
                import select

                if select.select([watching.stdout], [], [], 0.1)[0]:
                    seen.append(json.loads(watching.stdout.readline()))
            connection.close()
            rest = [json.loads(line) for line in watching.stdout]
            assert watching.wait(15) == 0
    events = [event["event"] for event in [*seen, *rest]]
    assert "statement.intent" in events
    assert events[-1] == "end"
    assert safelight("ada", "watch", "s-1").returncode == 3


def test_the_kill_switch_in_the_middle_of_a_query(safelight: Run) -> None:
    url = safelight("ada", "connect", "orders-db", "--incident", "INC-42", "--print").stdout.strip()
    with psycopg.connect(url, autocommit=True) as connection:
        (session,) = json.loads(safelight("sam", "sessions", "--json").stdout)
        timer = threading.Timer(
            0.3, lambda: reports.append(safelight("sam", "kill", "session", session["id"], "--json"))
        )
        reports: list[subprocess.CompletedProcess[str]] = []
        timer.start()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
        timer.join()
    assert reports[0].returncode == 0, reports[0].stderr
    (ended,) = json.loads(reports[0].stdout)["ended"]
    assert ended["work_gone"] is True
    with pytest.raises(psycopg.OperationalError, match=r"revoked|locked"):
        psycopg.connect(url)


def test_an_export_is_proven_and_a_changed_one_is_not(safelight: Run, tmp_path: Path) -> None:
    export, checkpoint, key = tmp_path / "export.jsonl", tmp_path / "checkpoint", tmp_path / "key"
    made = safelight("sam", "audit", "export", str(export), "--checkpoint", str(checkpoint), "--key", str(key))
    assert made.returncode == 0, made.stderr
    proof = ("audit", "verify", str(export), "--key", str(key), "--checkpoint", str(checkpoint))
    good = safelight("sam", *proof)
    assert good.returncode == 0, good.stdout
    assert "anchored" in good.stdout
    text = export.read_text()
    assert '"ada' in text
    export.write_text(text.replace('"ada', '"eve', 1))
    bad = safelight("sam", *proof)
    assert bad.returncode == 1
    assert "NOT VERIFIED" in bad.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_webhook_of_the_user_guide(gateway: Gateway) -> None:
    """As a person would send it: with openssl and curl."""
    script = """
        now=$(date +%s)
        signature=$(printf '%s.%s' "$now" "$body" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)
        curl -s -d "$body" -H "Safelight-Timestamp: $now" -H "Safelight-Signature: v1=$signature" \\
            "$gateway/api/v1/incidents/webhooks/pager"
    """
    body = json.dumps({"action": "open", "id": "INC-77", "title": "by hand", "service": "shop"})
    variables = {"body": body, "secret": gateway.webhook_secret, "gateway": gateway.url}
    done = subprocess.run(
        ["sh", "-c", script], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["state"] == "open"
