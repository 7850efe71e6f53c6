"""SQLAlchemy, sync on psycopg and async on asyncpg: reflection, the ORM, streaming, transactions."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.e2e.conftest import MakeLogin
from tests.e2e.shop import leaks
from tests.rig.gateway import SessionLogin


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    note: Mapped[str]


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int]


def url(login: SessionLogin, driver: str) -> sa.URL:
    query = {"sslmode": "disable"} if driver == "psycopg" else {"ssl": "disable"}
    return sa.URL.create(
        f"postgresql+{driver}", login.user, login.secret, login.host, login.port, login.database, query
    )


@pytest.fixture(params=["orders-db", "orders-15"])
def shop(login: MakeLogin, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url(login(request.param), "psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def workshop(login: MakeLogin) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url(login("workshop", ("read", "write")), "psycopg"))
    yield engine
    engine.dispose()


def test_objects_of_the_orm(shop: sa.Engine) -> None:
    with Session(shop) as session:
        found = session.scalars(sa.select(Customer).where(Customer.id < 5).order_by(Customer.id)).all()
        assert [c.id for c in found] == [1, 2, 3, 4]
        assert not leaks([(c.email, c.note) for c in found])
        assert session.get(Customer, 9).email.endswith("@masked.invalid")  # type: ignore[union-attr]


def test_reflection(shop: sa.Engine) -> None:
    inspector = sa.inspect(shop)
    assert set(inspector.get_table_names()) >= {"customers", "orders", "stock"}
    assert inspector.get_view_names() == ["mailing"]
    tables = sa.MetaData()
    tables.reflect(shop)
    assert [c.name for c in tables.tables["orders"].columns] == ["id", "customer_id", "customer_email", "total"]
    assert tables.tables["orders"].foreign_keys
    assert inspector.get_check_constraints("stock")
    assert inspector.get_pk_constraint("customers")["constrained_columns"] == ["id"]
    assert inspector.get_indexes("customers") == []


def test_streaming(shop: sa.Engine) -> None:
    """``stream_results`` uses an SQL cursor in psycopg, which is refused with the way around."""
    with shop.connect() as session:
        with pytest.raises(DBAPIError, match="cursors of SQL are not carried"):
            session.execute(sa.select(Customer).execution_options(stream_results=True))
        session.rollback()
        assert session.execute(sa.select(sa.func.count()).select_from(Customer)).scalar_one() == 300


def test_a_unit_of_work(workshop: sa.Engine) -> None:
    with Session(workshop) as session, session.begin():
        session.add_all([Thing(id=60_000 + n, name=f"made {n}", size=n) for n in range(20)])
    with Session(workshop) as session, session.begin():
        thing = session.get_one(Thing, 60_003)
        thing.name = "renamed"
        session.delete(session.get_one(Thing, 60_004))
    with Session(workshop) as session:
        assert session.get_one(Thing, 60_003).name == "renamed"
        assert session.get(Thing, 60_004) is None


def test_a_masked_object_is_not_saved(login: MakeLogin, shop: sa.Engine, workshop: sa.Engine) -> None:
    with Session(shop) as reading:
        masked = reading.get_one(Customer, 1).email
    with Session(workshop) as session, pytest.raises(DBAPIError, match="masked value"), session.begin():
        session.get_one(Thing, 1).name = masked


def test_a_refusal_leaves_the_engine_usable(shop: sa.Engine) -> None:
    with shop.connect() as session:
        with pytest.raises(DBAPIError, match="safelight"):
            session.execute(sa.delete(Customer))
        session.rollback()
        assert session.execute(sa.text("SELECT 1")).scalar_one() == 1


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["orders-db", "orders-15"])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async_on_asyncpg(login: MakeLogin, target: str) -> None:
    engine = create_async_engine(url(login(target), "asyncpg"))
    try:
        async with AsyncSession(engine) as session:
            found = (await session.scalars(sa.select(Customer).order_by(Customer.id).limit(5))).all()
            assert [c.id for c in found] == [1, 2, 3, 4, 5]
            assert not leaks([(c.email, c.note) for c in found])
            streamed: list[Any] = [row async for row in await session.stream(sa.select(Customer.id, Customer.email))]
            assert len(streamed) == 300 and not leaks(streamed)
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
            assert "orders" in names
    finally:
        await engine.dispose()
