"""The rows of each table, in COPY's text format, the same for the same seed and size."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from demo.shop.people import CITIES, STREETS, TIERS, Person, make_iban, make_person

SEED = 20260101
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = ("paid",) * 5 + ("shipped",) * 12 + ("delivered",) * 20 + ("returned",) * 2 + ("failed",)
CARRIERS = ("parcel-north", "quickship", r"\N")
NOTES = (
    "Customer called from {phone}, asks where the parcel is. Confirmation went to {email}.",
    "Refund to IBAN {iban} agreed with {name}. Ticket {ticket}.",
    "Card {card} was declined twice; {name} will try another one.",
    "{name} cannot log in as {email}; reset link sent, login came from {address}.",
    "Parcel left with the neighbour. No further action, order {ticket} closed.",
    "Checkout worker of build 5.14.2 failed with code 7 for order {ticket}, retried.",
)


def people(customers: int) -> list[Person]:
    random = Random(SEED)
    return [make_person(random, number) for number in range(1, customers + 1)]


def customer_rows(made: list[Person]) -> Iterator[str]:
    random = Random(SEED + 1)
    for number, p in enumerate(made, 1):
        yield f"{number}\t{p.name}\t{p.email}\t{p.phone}\t{p.country}\t{random.choice(TIERS)}\t{_when(random, 900)}\n"


def card_rows(made: list[Person]) -> Iterator[str]:
    random = Random(SEED + 2)
    for number, person in enumerate(made, 1):
        yield f"{number}\t{number}\t{person.card}\t20{random.randrange(27, 32)}-{random.randrange(1, 13):02d}-01\n"


def address_rows(made: list[Person]) -> Iterator[str]:
    random = Random(SEED + 3)
    for number, person in enumerate(made, 1):
        street = f"{random.randrange(1, 240)} {random.choice(STREETS)} Street"
        city = random.choice(CITIES[person.country])
        yield f"{number}\t{number}\t{street}\t{city}\t{random.randrange(10000, 99999)}\n"


def subscriber_rows(made: list[Person]) -> Iterator[str]:
    """Every fifth customer reads the newsletter."""
    random = Random(SEED + 4)
    for person in made[::5]:
        list_name = random.choice(("news", "offers"))
        yield f"{person.email}\t{list_name}\t2025-{random.randrange(1, 13):02d}-{random.randrange(1, 29):02d}\n"


def order_rows(made: list[Person], orders: int) -> Iterator[str]:
    """Forty orders are stuck: they are what the incident of the story is about."""
    random = Random(SEED + 5)
    stuck = set(range(orders, 0, -(orders // 40 or 1))) if orders else set()
    customers = len(made)
    for number in range(1, orders + 1):
        status = "stuck" if number in stuck else random.choice(STATUSES)
        who, cents = random.randrange(customers) + 1, random.randrange(500, 60_000)
        yield f"{number}\t{who}\t{status}\t{cents}\tEUR\t{_when(random, 360)}\t{random.choice(CARRIERS)}\n"


def note_rows(made: list[Person], notes: int) -> Iterator[str]:
    random = Random(SEED + 6)
    for number in range(1, notes + 1):
        at = random.randrange(len(made))
        p = made[at]
        address = f"203.0.113.{random.randrange(1, 255)}"  # TEST-NET-3, RFC 5737
        body = random.choice(NOTES).format(
            phone=p.phone,
            email=p.email,
            name=p.name,
            card=p.card,
            iban=make_iban(random),
            ticket=random.randrange(10_000, 99_999),
            address=address,
        )
        yield f"{number}\t{at + 1}\tagent-{random.randrange(1, 20)}\t{body}\t{_when(random, 300)}\n"


def _when(random: Random, days: int) -> str:
    moment = EPOCH - timedelta(seconds=random.randrange(days * 86_400))
    return moment.strftime("%Y-%m-%d %H:%M:%S+00")
