"""Dead letters for people: exported as lines of JSON, tried again after the mapping was mended, every try on record."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

from opsledger.domain.clock import Clock
from opsledger.domain.dead_letters import Attempt, DeadLetter, Outcome
from opsledger.domain.ports import DeadLetters
from opsledger.ingest.whole_file import whole_file

Redo = Callable[[Sequence[DeadLetter]], Sequence[tuple[Outcome, str, str]]]
"""Tries letters of one tenant, source and format again: (outcome, reason, detail) of each, in order."""

NOT_WHOLE = "not_whole"
"""Reason of an attempt that could not be made: of the record only the beginning was kept."""
_AT_ONCE = 10_000


def as_json(letter: DeadLetter) -> str:
    """A letter as one line of JSON; ``raw`` as text, or ``raw_base64`` where it is not UTF-8."""
    told: dict[str, object] = {
        "id": str(letter.id),
        "tenant": letter.tenant,
        "source": letter.source,
        "format": letter.format,
        "file": letter.file,
        "line": letter.line,
        "mapping": letter.mapping,
        "reason": letter.reason,
        "detail": letter.detail,
        "length": letter.length,
        "sha256": letter.sha256,
        "first_seen": letter.first_seen.isoformat(),
        "status": str(letter.status),
        "attempts": letter.attempts,
    }
    try:
        told["raw"] = letter.raw.decode()
    except UnicodeDecodeError:
        told["raw_base64"] = base64.b64encode(letter.raw).decode()
    return json.dumps(told, ensure_ascii=False)


def export(letters: Iterable[DeadLetter], path: Path) -> int:
    """Write letters to a file that is this user's alone to read (records are raw), one line of JSON each; returns how many.

    UserError where it cannot be written.
    """
    count = 0
    with whole_file(path, private=True) as file:
        for letter in letters:
            file.write(f"{as_json(letter)}\n".encode())
            count += 1
    return count


def retry(
    letters: Iterable[DeadLetter], redo: Redo, store: DeadLetters, clock: Clock, *, mapping: str = ""
) -> Sequence[Attempt]:
    """Try letters again and record what came of each; ``mapping`` is the digest of the mapping used now.

    Events are stored before the attempt is recorded: after a crash between the two the next retry finds duplicates.
    A UserError of ``redo`` (a wrong mapping) is raised, after the attempts of the groups before it were recorded.
    """
    made: list[Attempt] = []
    for group in _groups(letters):
        attempts = _tried(group, redo, clock, mapping)
        store.record(attempts)
        made += attempts
    return made


def outcomes(attempts: Iterable[Attempt]) -> Counter[Outcome]:
    """How many attempts came to what."""
    return Counter(attempt.outcome for attempt in attempts)


def _groups(letters: Iterable[DeadLetter]) -> list[list[DeadLetter]]:
    """Letters of one tenant, source, format and file together, in the order of the input, at most 10,000 at once."""
    ordered = sorted(letters, key=lambda letter: (*_origin(letter), letter.line))
    whole = [list(group) for _, group in groupby(ordered, key=_origin)]
    return [group[start : start + _AT_ONCE] for group in whole for start in range(0, len(group), _AT_ONCE)]


def _origin(letter: DeadLetter) -> tuple[str, str, str, str]:
    return letter.tenant, letter.source, letter.format, letter.file


def _tried(group: list[DeadLetter], redo: Redo, clock: Clock, mapping: str) -> list[Attempt]:
    possible = [letter for letter in group if letter.is_whole]
    told = list(redo(possible)) if possible else []
    if len(told) != len(possible):
        raise RuntimeError(f"{len(possible)} dead letters were tried again and {len(told)} ends were told")
    results = {letter.id: result for letter, result in zip(possible, told, strict=True)}
    cut = (Outcome.DEAD, NOT_WHOLE, "only the first 64 KiB of this record were kept; take it from its source again")
    at = clock.now()
    return [Attempt(letter.id, at, *results.get(letter.id, cut), mapping=mapping) for letter in group]
