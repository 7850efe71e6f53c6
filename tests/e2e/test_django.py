"""Django's ORM on psycopg, with values bound by the client (its default) and by the server."""

from collections.abc import Iterator

import pytest
from django.db import connections, transaction
from django.db.models import Count, F, Sum
from django.db.utils import DatabaseError, ProgrammingError

from tests.e2e.conftest import MakeLogin
from tests.e2e.django_shop import Customer, Order, Thing, database, use
from tests.e2e.shop import leaks, real_email

shops = pytest.mark.parametrize("shop", ["orders-db", "orders-15", "orders-db bound by the server"])


@pytest.fixture(scope="module", autouse=True)
def databases(login: MakeLogin) -> Iterator[None]:
    known = {target: database(login(target)) for target in ("orders-db", "orders-15")}
    known["orders-db bound by the server"] = database(login(), server_side_binding=True)
    known["orders-db with cursors"] = database(login(), cursors=True)
    known["workshop"] = database(login("workshop", ("read", "write")))
    use(known)
    yield
    connections.close_all()


@shops
def test_objects_are_masked(shop: str) -> None:
    found = list(Customer.objects.using(shop).filter(id__lt=6).order_by("id"))
    assert [customer.id for customer in found] == [1, 2, 3, 4, 5]
    shown = [(customer.full_name, customer.email, customer.note, customer.profile) for customer in found]
    assert not leaks(shown)
    assert str(found[0].balance) == "1.25" and found[0].profile["level"] == 1 and found[0].joined.year == 2026


@shops
def test_joins_and_prefetches(shop: str) -> None:
    orders = Order.objects.using(shop).select_related("customer").filter(customer__id__in=[1, 2, 3]).order_by("id")
    assert len(orders) == 9 and not leaks([(order.customer_email, order.customer.email) for order in orders])
    customers = Customer.objects.using(shop).prefetch_related("orders").filter(id__lte=3)
    assert sorted(len(customer.orders.all()) for customer in customers) == [3, 3, 3]


@shops
def test_aggregates_of_what_is_not_labelled(shop: str) -> None:
    assert Order.objects.using(shop).aggregate(Sum("total"), Count("id"))["id__count"] == 900
    assert Customer.objects.using(shop).filter(active=True).count() == 150
    busiest = (
        Order.objects.using(shop).values_list("customer_id").annotate(n=Count("id")).order_by("-n", "customer_id")
    )
    assert list(busiest[:2]) == [(1, 3), (2, 3)]


@shops
def test_looking_up_by_a_labelled_value(shop: str) -> None:
    found = Customer.objects.using(shop).get(email=real_email(9))
    assert found.id == 9 and not leaks(found.email)


@shops
def test_a_refused_position_says_what_to_do_and_the_connection_goes_on(shop: str) -> None:
    with pytest.raises(ProgrammingError, match="safelight") as caught:
        list(Customer.objects.using(shop).filter(email__startswith="person1"))
    assert "Rule: " in str(caught.value)
    assert Customer.objects.using(shop).count() == 300


def test_a_unit_of_work() -> None:
    with transaction.atomic("workshop"):
        Thing.objects.using("workshop").bulk_create(
            Thing(id=740_000 + n, name=f"made {n}", size=n) for n in range(50)
        )
        Thing.objects.using("workshop").filter(id__gte=740_000, size__lt=10).update(size=F("size") + 100)
    with pytest.raises(DatabaseError, match="safelight"), transaction.atomic("workshop"):
        Thing.objects.using("workshop").filter(id=740_000).update(size=-1)
        with connections["workshop"].cursor() as cursor:
            cursor.execute("ALTER TABLE things ADD worse int")
    thing, made = Thing.objects.using("workshop").get_or_create(id=740_000, defaults={"name": "x", "size": 0})
    assert not made and thing.size == 100
    thing.delete()
    assert Thing.objects.using("workshop").filter(id__range=(740_000, 740_049)).count() == 49


def test_a_savepoint_survives_a_refusal() -> None:
    with transaction.atomic("workshop"):
        Thing.objects.using("workshop").create(id=740_100, name="kept", size=1)
        with pytest.raises(DatabaseError, match="safelight"), transaction.atomic("workshop"):
            connections["workshop"].cursor().execute("CREATE TABLE worse (a int)")
    assert Thing.objects.using("workshop").get(id=740_100).name == "kept"


def test_a_masked_object_is_not_saved() -> None:
    masked = Customer.objects.using("orders-db").get(id=1).email
    with pytest.raises(DatabaseError, match="masked value"):
        Thing.objects.using("workshop").filter(id=1).update(name=masked)


@shops
def test_introspection(shop: str) -> None:
    """What ``inspectdb`` and migrations ask."""
    connection = connections[shop]
    with connection.cursor() as cursor:
        tables = {table.name: table.type for table in connection.introspection.get_table_list(cursor)}
        assert tables == {"customers": "t", "orders": "t", "stock": "t", "mailing": "v"}
        columns = connection.introspection.get_table_description(cursor, "orders")
        assert [column.name for column in columns] == ["id", "customer_id", "customer_email", "total"]
        assert connection.introspection.get_relations(cursor, "orders") == {"customer_id": ("id", "customers")}
        assert connection.introspection.get_sequences(cursor, "orders") == []
        assert "stock_quantity_check" in connection.introspection.get_constraints(cursor, "stock")


def test_iterating() -> None:
    """By default Django declares an SQL cursor; without, the rows come at once."""
    with pytest.raises(ProgrammingError, match="cursors of SQL are not carried"):
        list(Customer.objects.using("orders-db with cursors").iterator(chunk_size=50))
    found = list(Customer.objects.using("orders-db").iterator(chunk_size=50))
    assert len(found) == 300 and not leaks([customer.email for customer in found])
