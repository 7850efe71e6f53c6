"""Fuzzes one Python parser with atheris: ``python -m fuzz.one NAME [libFuzzer's options] [directories]``.

The process is libFuzzer's: it ends it. :mod:`fuzz.run` starts it, bounds it and counts.
"""

import sys

import atheris


def main(name: str) -> None:
    with atheris.instrument_imports(include=["safelight"]):
        from fuzz.parsers import load

        parser = load(name)

    def test_one_input(data: bytes) -> None:
        parser.one_input(data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])
