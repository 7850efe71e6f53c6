"""How the rows of a COPY move, as the masker is told."""

import pytest

from safelight.protocols.postgres.analysis import CopySpec
from tests.protocols.postgres.sql.shop import read, rule_of


def copy(sql: str) -> CopySpec:
    """The format of an allowed COPY."""
    analysis = read(sql)
    assert analysis.facts.refusal is None, analysis.facts.refusal
    assert analysis.copy is not None
    return analysis.copy


PIPES = CopySpec("out", "text", b"|", b"", b'"', b'"', header=False, force_quote=False)
TEXT = CopySpec("out", "text", b"\t", b"\\N", b'"', b'"', header=False, force_quote=False)
CSV = CopySpec("out", "csv", b",", b"", b'"', b'"', header=False, force_quote=False)

APOSTROPHES = CopySpec("out", "csv", b",", b"", b"'", b"'", header=False, force_quote=False)
FORCED = CopySpec("out", "csv", b",", b"", b'"', b'"', header=False, force_quote=True)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("COPY orders TO STDOUT", TEXT),
        ("COPY orders TO STDOUT (FORMAT text)", TEXT),
        ("COPY orders TO STDOUT WITH DELIMITER '|' NULL ''", PIPES),
        ("COPY orders TO STDOUT CSV", CSV),
        ("COPY orders TO STDOUT (FORMAT csv, ENCODING 'utf-8')", CSV),
        ("COPY orders TO STDOUT CSV HEADER", CopySpec("out", "csv", b",", b"", b'"', b'"', True, False)),
        ("COPY orders TO STDOUT (FORMAT csv, HEADER false)", CSV),
        ("COPY orders TO STDOUT (FORMAT csv, QUOTE '''', ESCAPE E'\\\\', DELIMITER ';', NULL 'null', FORCE_QUOTE *)",
         CopySpec("out", "csv", b";", b"null", b"'", b"\\", False, True)),
        ("COPY orders TO STDOUT (FORMAT csv, QUOTE '''')", APOSTROPHES),
        ("COPY orders TO STDOUT (FORMAT csv, FORCE_QUOTE (note))", FORCED),
        ("COPY orders TO STDOUT BINARY", CopySpec("out", "binary", b"\t", b"\\N", b'"', b'"', False, False)),
        ("COPY orders FROM STDIN (FORMAT csv, HEADER match, FREEZE, FORCE_NULL (note), ON_ERROR ignore)",
         CopySpec("in", "csv", b",", b"", b'"', b'"', True, False)),
    ],
)  # fmt: skip
def test_formats(sql: str, expected: CopySpec) -> None:
    assert copy(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "COPY orders TO STDOUT (ENCODING 'latin1')",
        "COPY orders TO STDOUT (ENCODING 'SQL_ASCII')",
        "COPY orders TO STDOUT (FORMAT parquet)",
        "COPY orders TO STDOUT (FORMAT csv, FORMAT binary)",
        "COPY orders TO STDOUT (DELIMITER 'ab')",
        "COPY orders TO STDOUT (DELIMITER 'ü')",
        "COPY orders TO STDOUT (DELIMITER '')",
        "COPY orders TO STDOUT (DELIMITER E'\\n')",
        "COPY orders TO STDOUT (NULL E'\\n')",
        "COPY orders TO STDOUT (DELIMITER 'x', NULL 'axb')",
        "COPY orders TO STDOUT (NOVELTY)",
        "COPY orders TO STDOUT (HEADER maybe)",
        "COPY orders TO STDOUT (HEADER match)",
        "COPY orders TO STDOUT (DEFAULT 'x')",
        "COPY orders TO STDOUT (FREEZE)",
    ],
)
def test_what_would_move_rows_in_another_way_is_refused(sql: str) -> None:
    assert rule_of(sql) == "postgres.copy.option"


@pytest.mark.parametrize(
    "sql",
    [
        "COPY orders TO '/tmp/x'",
        "COPY orders FROM '/etc/passwd'",
        "COPY orders TO PROGRAM 'cat > /tmp/x'",
        "COPY orders FROM PROGRAM 'id'",
        "COPY (SELECT 1) TO '/tmp/x'",
    ],
)
def test_the_servers_own_files_are_out_of_reach(sql: str) -> None:
    assert rule_of(sql) == "postgres.copy.server_file"


def test_columns_that_cannot_be_counted_cannot_be_masked() -> None:
    assert rule_of("COPY (SELECT * FROM generate_series(1, 3)) TO STDOUT") == "postgres.copy.columns"
    assert rule_of("COPY (SELECT g FROM generate_series(1, 3) g) TO STDOUT") is None
