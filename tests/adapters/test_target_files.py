"""Target files: the whole set or nothing, and every mistake named by file and key."""

from pathlib import Path

import pytest

from safelight.adapters.file_problems import FilesInvalid
from safelight.adapters.target_files import load_targets
from safelight.domain.masking import LabelUse, Strategy
from safelight.domain.target import AccountMode, ColumnLabel, TargetKind, TlsMode

EXAMPLE = Path(__file__).parents[2] / "examples" / "targets.toml"

MINIMAL = """
[targets.orders-db]
kind = "postgres"
host = "127.0.0.1"
databases = ["shop"]
[targets.orders-db.account]
mode = "static"
user = "app"
"""


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "targets.toml"
    file.write_text(text)
    with pytest.raises(FilesInvalid) as raised:
        load_targets([file])
    assert all(problem.file == file for problem in raised.value.problems)
    return str(raised.value)


def test_the_example_is_a_target() -> None:
    target = load_targets([EXAMPLE])["orders-db"]
    assert target.kind is TargetKind.POSTGRES
    assert target.databases == ("shop", "reporting")
    assert target.tls is TlsMode.VERIFY_FULL
    assert target.account_mode is AccountMode.EPHEMERAL
    assert target.admin_secret == "orders-db-admin"
    assert target.labels["env"] == "production"
    assert target.columns[0] == ColumnLabel("public", "customers", "email", "email", Strategy.PSEUDONYM)


def test_a_column_without_a_strategy_gets_the_default() -> None:
    columns = load_targets([EXAMPLE], Strategy.REDACT)["orders-db"].columns
    assert [column.strategy for column in columns] == [Strategy.PSEUDONYM, Strategy.REDACT, Strategy.PARTIAL]


def test_tls_is_verified_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(MINIMAL)
    assert load_targets([file])["orders-db"].tls is TlsMode.VERIFY_FULL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('host = "127.0.0.1"', 'hots = "127.0.0.1"'), "targets.orders-db.hots: unknown key; known here: account,"),
        (('"postgres"', '"oracle"'), "targets.orders-db.kind: Input should be 'postgres'"),
        (('mode = "static"', 'mode = "shared"'), "'static' or 'ephemeral'"),
        (('user = "app"', ""), 'mode "static" needs user'),
        (('mode = "static"', 'mode = "ephemeral"'), 'mode "ephemeral" needs admin_user and read_role'),
        (('["shop"]', "[]"), "targets.orders-db.databases"),
        (("orders-db", "Orders"), "targets.Orders"),
        (('user = "app"', 'user = "app"\npassword = "x"'), "targets.orders-db.account.password: unknown key"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert said in refused(tmp_path, MINIMAL.replace(*change))


def test_a_value_is_never_repeated(tmp_path: Path) -> None:
    misplaced = "hunter" + "2" * 3
    assert misplaced not in refused(tmp_path, MINIMAL + f'secret = "{misplaced.upper()}"\n').lower()


COLUMN = """
[[targets.orders-db.columns]]
table = "{table}"
column = "email"
label = "email"
"""


def test_a_label_says_what_may_be_found_out(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(
        MINIMAL + COLUMN.format(table="customers") + 'uses = ["compare"]\ngeneralisations = ["domain"]\nvalues = 3\n'
    )
    label = load_targets([file])["orders-db"].columns[0]
    assert (label.uses, label.generalisations, label.values) == (frozenset({LabelUse.COMPARE}), ("domain",), 3)
    everything = MINIMAL + COLUMN.format(table="customers") + 'uses = ["everything"]\n'
    assert "columns" in refused(tmp_path, everything)


@pytest.mark.parametrize(
    ("table", "schema", "name"),
    [
        ("customers", "public", "customers"),
        ("sales.customers", "sales", "customers"),
        ('\\"odd.schema\\".\\"a \\"\\"table\\"', "odd.schema", 'a "table'),
    ],
)
def test_tables_are_named_as_the_catalog_has_them(tmp_path: Path, table: str, schema: str, name: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(MINIMAL + COLUMN.format(table=table))
    column = load_targets([file])["orders-db"].columns[0]
    assert (column.schema, column.table) == (schema, name)


@pytest.mark.parametrize("table", ["", ".", "a.", ".a", "a.b.c", '\\"a\\"b', '\\"a', "a..b"])
def test_a_table_that_is_none(tmp_path: Path, table: str) -> None:
    assert 'a table is written "schema.table"' in refused(tmp_path, MINIMAL + COLUMN.format(table=table))


def test_a_column_has_one_label(tmp_path: Path) -> None:
    text = MINIMAL + COLUMN.format(table="customers") + COLUMN.format(table="public.customers")
    assert "public.customers.email is labelled twice" in refused(tmp_path, text)


def test_one_name_in_two_files(tmp_path: Path) -> None:
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file in files:
        file.write_text(MINIMAL)
    with pytest.raises(FilesInvalid, match=r"b\.toml: targets\.orders-db: is defined in .*a\.toml already"):
        load_targets(files)


def test_all_files_are_reported_together(tmp_path: Path) -> None:
    broken, missing = tmp_path / "a.toml", tmp_path / "b.toml"
    broken.write_text("targets = ")
    with pytest.raises(FilesInvalid) as raised:
        load_targets([broken, missing])
    assert "is not TOML" in str(raised.value)
    assert "b.toml: cannot be read" in str(raised.value)


def test_a_ca_file_that_is_not_there(tmp_path: Path) -> None:
    text = MINIMAL.replace('kind = "postgres"', 'kind = "postgres"\ntls_ca_file = "ca.pem"')
    assert "targets.orders-db.tls_ca_file: there is no such file" in refused(tmp_path, text)
    (tmp_path / "ca.pem").write_text("")
    target = load_targets([tmp_path / "targets.toml"])["orders-db"]
    assert target.tls_ca_file == str(tmp_path / "ca.pem")
