"""The command: ``python -m safelight.audit.verifier EXPORT --key FILE [--checkpoint FILE]``."""

import argparse
import sys
from pathlib import Path

from .formats import Unusable
from .report import summary
from .verification import verify


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 verified, 1 problems were found, 2 it could not be tried."""
    parser = argparse.ArgumentParser(prog="safelight.audit.verifier", description="Prove an audit export, offline.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", type=Path, required=True, help="file with the log's public key")
    parser.add_argument("--checkpoint", type=Path, help="file with a checkpoint that was kept elsewhere")
    given = parser.parse_args(arguments)
    try:
        anchor = given.checkpoint.read_text() if given.checkpoint else None
        report = verify(given.export, given.key.read_text(), anchor)
    except (Unusable, OSError, UnicodeDecodeError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    print(summary(report))
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
