"""The native parsers, fuzzed in Rust: their names, what peers say to them, and how their programs are built."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TARGET = "x86_64-unknown-linux-gnu"
"""Building for a named target keeps the coverage out of build scripts."""
COVERAGE = (
    "passes=sancov-module",
    "llvm-args=-sanitizer-coverage-level=4",
    "llvm-args=-sanitizer-coverage-inline-8bit-counters",
    "llvm-args=-sanitizer-coverage-pc-table",
    "llvm-args=-sanitizer-coverage-trace-compares",
    "codegen-units=1",
)
NAMES = {
    "wire_stream": "a server's messages for whatever was asked",
    "wire_cells": "values of any type and format",
    "wire_copy": "COPY to the client, in three formats",
    "wire_shape": "the text of a statement",
    "masking": "text for the detectors",
}
_DESCRIBED = b"T\0\0\0\x2e\0\2c\0\0\0\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\0c\0\0\0\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\0"
_ROW = b"D\0\0\0\x1e\0\2\0\0\0\x0fann@example.com\0\0\0\1x"
_COPY = b"H\0\0\0\x0b\0\0\2\0\0\0\0d\0\0\0\x16ann@example.com\t1\nc\0\0\0\4C\0\0\0\x0bCOPY 1\0Z\0\0\0\5I"
_END = b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I"
_TOKEN = b".".join((b"eyJhbGciOiJIUzI1NiJ9", b"eyJzdWIiOiIxMjM0In0", bytes(range(97, 123)) + bytes(range(65, 82))))
"""The form of a JSON Web Token."""
SEEDS = {
    "wire_stream": (
        b"\7\0\0\0\0\1\0" + _DESCRIBED + _ROW + _END,
        b"\7\0\0\1\0\5\1\2\5\7\x08" + b"1\0\0\0\x042\0\0\0\4" + _DESCRIBED + _ROW + _END,
        b"\3\0\0\1\0\1\0" + _COPY,
        b"\7\0\0\0\0\1\0E\0\0\0\x16SERROR\0C22012\0Mx\0\0Z\0\0\0\5IN\0\0\0\x0dSNOTICE\0\0",
    ),
    "wire_cells": (
        b"\5\0\0\1\1 and more\xfeann@example.com",
        b"\5\5\0\0\0" + b'{"mail":"ann@example.com","n":[1,4242424242424242]}',
        b"\5\x0d\0\0\0" + b'{ann@example.com,"a b",NULL}',
        b"\5\x0d\1\0\0" + b"\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\x0fann@example.com",
        b"\5\x11\0\0\0" + b'(1,ann@example.com,"x""y")',
        b"\5\6\1\0\0" + b'\1{"a":"ann@example.com"}',
        b"\5\7\0\0\0" + b"\\x616e6e406578616d706c652e636f6d",
    ),
    "wire_copy": (
        b"\7\0\0\0\0\0\0\2\0\1\1" + b"ann@example.com\tann@example.com\n\\N\ta\\tb\n",
        b"\7\1\1\0\0\1\1\2\0\0\0" + b'a,"x ""y"" ann@example.com"\n"multi\nline",2\n',
        b"\7\2\0\0\0\1\0\0" + b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\3abc\xff\xff",
    ),
    "wire_shape": (
        b"SELECT * FROM t WHERE id = 7 AND name = 'it''s' ORDER BY 2;",
        b'UPDATE t SET a = 1.5e3, b = 12345678901 WHERE c IN (1, 22, 333) AND "x y" = $1',
    ),
    "masking": (
        b"ann@example.com, 4242 4242 4242 4242, DE89370400440532013000, +49 30 1234567, 192.168.1.17, fe80::1",
        b'{"mail": "ann@example.com", "n": 4242424242424242, "a": ["\\u0061@b.com", null]}',
        b"postgres://user:" + b"word@db:5432/app " + _TOKEN,
    ),
}


def build() -> None:
    """Build the programs, with coverage that libFuzzer reads, by the compiler the product is built with."""
    flags = " ".join(f"-C{flag}" for flag in COVERAGE)
    environment = os.environ | {"RUSTFLAGS": flags}
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target", TARGET]
    subprocess.run([*command, "--manifest-path", ROOT / "Cargo.toml"], check=True, env=environment)


def program(name: str) -> Path:
    return ROOT / "target" / TARGET / "release" / name


def seeds(name: str) -> tuple[bytes, ...]:
    return SEEDS[name]
