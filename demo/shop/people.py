"""What made-up people are made of. Names are common given names and words; every reachable detail is in a range that
is reserved for examples: mail domains (RFC 2606), phone numbers (NANPA 555-01xx, Ofcom and Bundesnetzagentur ranges
for fiction), card numbers of test issuers.
"""

from dataclasses import dataclass
from random import Random

GIVEN = (
    "Ada Alan Amara Anna Arun Bea Boris Carla Chen Clara Dario Dina Elif Emil Farah Felix Grace Hana Hugo Ines Ivan "
    "Jana Jonas Kai Kofi Lara Leo Lina Marco Maya Mina Nadia Nils Noor Olga Omar Paula Pavel Quinn Rana Rosa Sami "
    "Sara Tariq Tessa Uma Viktor Wanda Yara Zoe"
).split()
FAMILY = (
    "Abbott Baker Berg Castillo Cohen Dubois Eriksen Farkas Fischer Garcia Haddad Hansen Ito Jensen Kaya Keller Kim "
    "Lange Lopez Mensah Meyer Moreau Nakamura Novak Okafor Olsen Patel Petrov Quist Rossi Santos Schmidt Silva Singh "
    "Sorensen Tanaka Torres Ueda Varga Vogel Walsh Weber Yilmaz Zhang"
).split()
STREETS = (
    "Alder Birch Canal Church Garden Harbour Hill Lake Market Mill North Orchard Park River School Station".split()
)
CITIES = {
    "DE": "Berlin Bremen Dresden Kiel Mainz".split(),
    "GB": "Bristol Leeds London York".split(),
    "US": "Austin Boston Denver Portland".split(),
}
DOMAINS = ("example.com", "example.net", "example.org")
TIERS = ("standard",) * 8 + ("plus",) * 3 + ("business",)
CARD_PREFIXES = ("411111", "424242", "555555", "510510")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    phone: str
    country: str
    card: str


def make_person(random: Random, number: int) -> Person:
    """The ``number``-th customer. Addresses are unique by their number."""
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    email = f"{given}.{family}{number}@{random.choice(DOMAINS)}".lower()
    country = random.choice(("DE", "GB", "US"))
    return Person(f"{given} {family}", email, make_phone(random, country), country, make_card(random))


def make_phone(random: Random, country: str) -> str:
    if country == "US":
        return f"+1 {random.choice((202, 303, 512, 617))} 555 01{random.randrange(100):02d}"
    if country == "GB":
        return f"+44 20 7946 0{random.randrange(1000):03d}"
    return f"+49 30 23125 {random.randrange(1000):03d}"


def make_card(random: Random) -> str:
    """Sixteen digits that satisfy Luhn's formula (ISO/IEC 7812-1, annex B)."""
    head = random.choice(CARD_PREFIXES) + f"{random.randrange(10**9):09d}"
    total = 0
    for at, digit in enumerate(reversed(head)):
        value = int(digit) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return head + str(-total % 10)


def make_iban(random: Random) -> str:
    """A German IBAN of a bank that does not exist, with right check digits (ISO 13616, mod 97)."""
    account = f"00000000{random.randrange(10**10):010d}"
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"
