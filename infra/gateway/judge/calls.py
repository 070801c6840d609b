"""What no part of a statement may do, whether the engine's parser shows that part or not: call what is refused, use a file.

EXPLAIN AST leaves parts of statements out (SHOW … WHERE, TTL … GROUP BY … SET). The words leave nothing out.
"""

from __future__ import annotations

from itertools import pairwise

from opsledger.infra.gateway.judge.functions import call_verdict
from opsledger.infra.gateway.judge.verdict import denied
from opsledger.infra.gateway.judge.words import name_of
from opsledger.infra.gateway.roles import User
from opsledger.infra.gateway.statement import tokens

_FILES = frozenset({(b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")})


def judge_files(user: User, text: bytes) -> None:
    """ServerError for INTO OUTFILE or FROM INFILE, before any part of the engine has read the text."""
    for token, following in pairwise(tokens(text)):
        if token.kind == following.kind == "word" and (token.text, following.text) in _FILES:
            raise denied(user, f"{following.text.decode()} would use a file of the server's; send and read data by the request")


def judge_calls(user: User, text: bytes) -> None:
    """ServerError for a name in front of a parenthesis that is a function's which the user may not call."""
    for token, following in pairwise(tokens(text)):
        if following.text != b"(" or token.kind not in ("word", "quoted"):
            continue
        name = name_of(text, token)
        if name and (why := call_verdict(name, user)):
            raise denied(user, f"the function '{name[:80]}' {why}")
