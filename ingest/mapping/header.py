"""From a header row to the names that a mapping uses: trimmed, renamed, twins told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from opsledger.domain.errors import nearest
from opsledger.ingest.mapping.document import MappingError

_BLANKS = "\ufeff\u00a0\u200b"


def names_of(cells: Sequence[str], rename: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the columns: ``x#1`` and ``x#2`` where x stands twice, ``#3`` for a third column without one.

    MappingError where a name to be changed is not there.
    """
    plain = [cell.strip().strip(_BLANKS).strip() for cell in cells]
    named = [name or f"#{index}" for index, name in enumerate(plain, 1)]
    total, seen = Counter(named), Counter[str]()
    found = []
    for name in named:
        seen[name] += 1
        found.append(f"{name}#{seen[name]}" if total[name] > 1 else name)
    for old in rename:
        if old not in found:
            raise MappingError(("columns", old), f"the file has no column '{old}'{nearest(old, found)}")
    renamed = [rename.get(name, name) for name in found]
    twice = [name for name, count in Counter(renamed).items() if count > 1]
    if twice:
        raise MappingError(("columns",), f"'{twice[0]}' would be the name of two columns")
    return tuple(renamed)
