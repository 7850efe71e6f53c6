"""Takes passwords that are written in a statement's text out of it, for records, reviewers and watchers.

``ALTER ROLE x PASSWORD '…'``, ``OPTIONS (password '…')``, ``CONNECTION '… password=…'``. The text is cut into tokens
as PostgreSQL's scanner does (its manual, 4.1), so that nothing but such a literal can be kept off the record: the
word in a comment, a name or another literal takes nothing away. What is not closed is taken out up to its end. Never
used on what is sent to the server.
"""

import re

IN_PLACE = b"'[password]'"
_LIKELY = re.compile(rb"""(?i)password"?\s*(?:[enbx]?'|u&'|\$|/\*|--|=)""")
"""Only such a text is cut up: it takes a while for a long one."""
_TOKEN = re.compile(
    rb"""
    (?P<comment> --[^\r\n]* )
  | (?P<block> /\* )
  | (?P<dollar> \$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$ )
  | (?P<string> [eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\Z) | (?:[uU]&|[nNbBxX])?'(?:[^']|'')*(?:'|\Z) )
  | (?P<name> (?:[uU]&)?"(?:[^"]|"")*(?:"|\Z) )
  | (?P<word> [A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]* )
  | (?P<space> \s+ )
  | (?P<other> [^'"$/\-A-Za-z_\x80-\xff\s]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PASSED = re.compile(
    rb"""(?i) (?: [^'"$/\-A-Za-z_\x80-\xff]
              | (?!password|connection)[a-z_\x80-\xff][a-z0-9_$\x80-\xff]*+ (?!['"&])
              | '(?:[^'p]|p(?!assword))*+'(?!') )+""",
    re.VERBOSE,
)
"""A run of tokens that can neither be nor announce a password: other words, other literals."""
_BLOCK_EDGE = re.compile(rb"/\*|\*/")
_BEFORE_A_PASSWORD = frozenset({b"password", b"connection"})
_ASSIGNED = re.compile(rb"(?i)password\s*=")


def without_passwords(text: bytes) -> bytes:
    """The text with each password literal as ``'[password]'``; the same object when there is none."""
    if _LIKELY.search(text) is None:
        return text
    parts: list[bytes] = []
    taken, at, expected = 0, 0, False
    while at < len(text):
        if not expected and (run := _PASSED.match(text, at)) is not None:
            at = run.end()
            continue
        token = _TOKEN.match(text, at)
        assert token is not None, "the last alternative takes any byte"
        kind, start = token.lastgroup, at
        at = _end(text, token)
        if kind in ("string", "dollar"):
            if expected or _ASSIGNED.search(text, start, at) is not None:
                parts += [text[taken:start], IN_PLACE]
                taken = at
        elif kind in ("word", "name"):
            expected = token.group().strip(b'"').lower() in _BEFORE_A_PASSWORD
        elif kind == "other":
            expected = False
    return b"".join([*parts, text[taken:]]) if parts else text


def _end(text: bytes, token: "re.Match[bytes]") -> int:
    """Where a token ends: quotes by tags and nested comments are not a regular language."""
    if token.lastgroup == "dollar":
        closing = text.find(token.group(), token.end())
        return len(text) if closing < 0 else closing + len(token.group())
    if token.lastgroup != "block":
        return token.end()
    depth = 1
    for edge in _BLOCK_EDGE.finditer(text, token.end()):
        depth += 1 if edge.group() == b"/*" else -1
        if not depth:
            return edge.end()
    return len(text)
