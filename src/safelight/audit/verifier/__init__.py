"""Proves an export of the audit log, offline: ``python -m safelight.audit.verifier EXPORT --key FILE``.

It needs the export, the public key and, to leave no trust in the key's holder, one checkpoint kept elsewhere. It
finds any edit, deletion, reordering, truncation and fork up to that checkpoint (I6); without one it says what the
log's own signatures prove, and that whoever holds the key could have cut or rewritten it. It reads in one pass, in
memory that does not grow with the export but by the statements that are open.

Formats: docs/audit-format.md; RFC 6962 §2.1 (tree), C2SP tlog-checkpoint and signed-note (checkpoints).

This folder shares no code with what writes the log and imports nothing else of safelight: an auditor may copy it,
read it whole, and run it with ``cryptography`` alone. It must never take a record's own word for anything that a hash
or a signature can say.
"""

from .formats import Unusable
from .report import Problem, Report, summary
from .verification import verify

__all__ = ["Problem", "Report", "Unusable", "summary", "verify"]
