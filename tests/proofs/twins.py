"""Two hospitals on one server that differ in nothing but labelled values, behind one gateway.

Where labelled values are equal in the one they are equal in the other, and NULL where they are NULL there; their
order, length and digits differ. Some rows have the same values in both, so that an allowed comparison with a constant
that one knows finds something. The object ids are the same, as both are copies of one empty database.
Tables have the same number of pages: a size is no secret, and plans, and with them the order of rows without an ORDER
BY, follow it (decision 4).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests.proofs.canaries import Canaries, Search, word
from tests.rig.gateway import Gateway, SessionLogin, Target
from tests.rig.servers import Server

VECTORS = Path(__file__).parent.parent / "vectors"
SETUP = (VECTORS / "bypass" / "setup.sql").read_text()
TARGET = "hospital-db"
SIDES = ("left", "right")
PATIENTS = 24
EQUAL_EVERY = 6
"""Every sixth patient is the same in both."""
LABELS: dict[str, str | tuple[str, str]] = {
    "public.patients.handle": "handle",
    "public.patients.full_name": ("name", "redact"),
    "public.patients.born": ("birth", "null"),
    "public.patients.salary": ("pay", "redact"),
    "public.patients.badge": "badge",
    "public.patients.diagnosis": ("diagnosis", "redact"),
    "public.patients.tags": ("tags", "redact"),
    "public.patients.profile": ("profile", "redact"),
    "public.patients.raw": ("raw", "redact"),
    "public.patients.home": ("home", "redact"),
    "public.patients.stay": ("stay", "null"),
    "public.patients.alias": ("name", "redact"),
    "public.staff.handle": "handle",
    "public.staff.full_name": ("name", "redact"),
    "public.events.payload": ("payload", "redact"),
}
POLICY = """
@id("tests.hospital")
@description("In the hospital statements change things without a second person.")
permit (principal is Person, action in [Action::"write", Action::"ddl"], resource);
"""
SETTINGS = """
[access]
login_attempts_per_address = 10000
"""


@dataclass(frozen=True, slots=True)
class Person:
    """The labelled values of one patient."""

    handle: str
    full_name: str
    born: date
    salary: str
    badge: int
    diagnosis: str
    tags: tuple[str, str]
    nick: str
    pin: int
    raw: bytes
    street: str
    house: int
    payload: str


@dataclass(frozen=True, slots=True)
class Twins:
    """The two databases of one server, with one gateway in front, and what is hidden in them."""

    server: Server
    gateway: Gateway
    search: Search
    grant: str

    def login(self, side: str) -> SessionLogin:
        """What a client logs in with to reach one of the two. Both have one grant, and so one scope of pseudonyms."""
        return self.gateway.credential(self.grant, f"{TARGET}/{side}")


@contextmanager
def twins(major: int, *, superuser: bool, capabilities: tuple[str, ...], seed: int = 1) -> Iterator[Twins]:
    """With a superuser's account nothing but the gateway stands between a statement and the values."""
    with Server(major, settings={"log_statement": "'none'", "autovacuum": "off"}) as server:
        template = server.create_database("template_hospital")
        server.sql(SETUP, template)
        sides = [[_person(seed, side, number) for number in range(PATIENTS)] for side in SIDES]
        for side, people in zip(SIDES, sides, strict=True):
            server.create_database(side, template=template)
            _fill(server, side, people)
        account: str | tuple[str, str] = "ephemeral"
        if superuser:
            server.sql(f"CREATE ROLE almighty LOGIN SUPERUSER PASSWORD '{server.password}'")
            account = ("almighty", server.password)
        target = Target(TARGET, server, SIDES, labels=LABELS, account=account, statement_timeout_seconds=5)
        with Gateway([target], settings=SETTINGS, policies=POLICY) as gateway:
            grant = gateway.grant(TARGET, capabilities=capabilities)
            yield Twins(server, gateway, Search(_canaries([*sides[0], *sides[1]])), grant)


def known(seed: int = 1) -> Person:
    """A patient who is the same in both: what an attacker may know."""
    return _person(seed, SIDES[0], 0)


def _person(seed: int, side: str, number: int) -> Person:
    """Patients 7 and 8 share what can be shared. Lengths differ between the sides, by up to two letters a word."""
    same = number % EQUAL_EVERY == 0
    rng = Random(f"{seed}-{'both' if same else side}-{7 if number == 8 else number}")
    own = Random(f"{seed}-{'both' if same else side}-badge-{number}")
    longer = 0 if same or side == SIDES[0] else rng.randint(0, 2)
    return Person(
        handle=word(rng, 9 + longer),
        full_name=f"{word(rng, 8 + longer).title()} {word(rng, 9).title()}",
        born=date(1921, 1, 1) + timedelta(days=rng.randrange(4000)),
        salary=f"{rng.randrange(10**7, 10**8)}.{rng.randrange(10, 99)}",
        badge=own.randrange(2 * 10**9, 10**10),
        diagnosis=f"{word(rng, 10 + longer)} {word(rng, 8)}",
        tags=(word(rng, 8), word(rng, 8 + longer)),
        nick=word(rng, 9 + longer),
        pin=rng.randrange(10**9, 10**10),
        raw=rng.randbytes(12 + longer),
        street=word(rng, 11 + longer).title(),
        house=rng.randrange(10**8, 2 * 10**9),
        payload=f"{word(rng, 8)} {word(rng, 12 + longer)}",
    )


def _canaries(people: list[Person]) -> Canaries:
    texts = (
        text
        for p in people
        for text in (
            p.handle,
            *p.full_name.split(),
            *p.diagnosis.split(),
            *p.tags,
            p.nick,
            p.street,
            *p.payload.split(),
        )
    )
    return Canaries(
        words=tuple({text.lower() for text in texts}),
        numbers=tuple(n for p in people for n in (p.badge, p.pin, p.house, int(p.salary.replace(".", "")))),
        dates=tuple({p.born for p in people}),
        raws=tuple(p.raw for p in people),
    )


def _fill(server: Server, database: str, people: list[Person]) -> None:
    with psycopg.connect(server.dsn(database)) as connection:
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO patients VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (%s, %s), %s::int4range, %s, "
            "%s, %s, %s, 'ordinary')",
            [_row(number, person) for number, person in enumerate(people)],
        )
        cursor.executemany(
            "INSERT INTO staff VALUES (%s, %s, %s, %s, %s)",
            [(n, people[2 * n].handle, people[2 * n].full_name, f"login{n}", n - 1 if n else None) for n in range(8)],
        )
        cursor.executemany(
            "INSERT INTO events VALUES (%s, %s, %s, '2024-02-01'::date + %s)",
            [(n, p.payload, ("call", "visit", "bill")[n % 3], n) for n, p in enumerate(people)],
        )
        cursor.execute(_PLAIN)
        cursor.execute(
            "INSERT INTO inpatients SELECT 100 + p.id, p.handle, p.full_name, p.born, p.salary, NULL, p.diagnosis, "
            "p.tags, p.profile, p.raw, p.home, p.stay, p.alias, p.city, p.visits, p.feels, p.note, 'ward' "
            "FROM ONLY patients p WHERE p.id > 20"
        )
        cursor.execute("REFRESH MATERIALIZED VIEW patient_names")
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


_PLAIN = """
INSERT INTO treatments SELECT n, n % 24, n % 8, n * 1.5, '2024-01-01'::timestamptz + n * interval '1 day',
  'remark ' || n
  FROM generate_series(1, 60) n;
INSERT INTO guesses SELECT n, (ARRAY['a', 'b', 'q', 'zzz', 'nobody'])[n % 5 + 1] FROM generate_series(1, 20) n;
INSERT INTO pets SELECT n, 'Rex ' || n, (ARRAY['Oslo', 'Rome'])[n % 2 + 1] FROM generate_series(1, 10) n;
INSERT INTO scratch (a, b, n, d) SELECT 'a' || n, 'b', n, '2024-01-01' FROM generate_series(1, 5) n;
"""


def _row(number: int, person: Person) -> tuple[Any, ...]:
    """NULL stands in the same places on both sides."""
    absent = number % 11 == 10
    return (
        number,
        None if absent else person.handle,
        person.full_name,
        None if absent else person.born,
        person.salary,
        person.badge,
        None if absent else person.diagnosis,
        list(person.tags),
        Jsonb({"nick": person.nick, "pin": person.pin, "city": "Oslo"}),
        person.raw,
        person.street,
        person.house,
        f"[{person.house % 1000}, {person.house % 1000 + 9})",
        person.full_name.split()[0],
        ("Oslo", "Rome", "Lyon", None)[number % 4],
        number % 5,
        ("good", "bad", "unknown")[number % 3],
    )
