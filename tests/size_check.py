"""Keeps functions under 40 lines and modules under 300; the exceptions on record may shrink and never grow.

Run as ``python -m tests.size_check`` (part of ``make lint``). ``tests/size_allowed.txt`` lists what is longer
today, as ``<length> <place>``; a longer or a new one fails, and so does one that has become shorter than recorded.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("domain", "ingest", "projections", "dashboards", "infra", "tests")
MAX_FUNCTION = 40
MAX_MODULE = 300
ALLOWED = ROOT / "tests" / "size_allowed.txt"


def lengths(root: Path = ROOT) -> Iterator[tuple[str, int]]:
    """(place, lines) of all that is longer than its limit."""
    for path in sorted(p for folder in FOLDERS for p in (root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        if (size := len(text.splitlines())) > MAX_MODULE:
            yield name, size
        yield from _functions(ast.parse(text), name)


def _functions(tree: ast.Module, name: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > MAX_FUNCTION:
                yield f"{name}:{node.name}", size


def complaints(found: dict[str, int], allowed: dict[str, int]) -> list[str]:
    """What is wrong: too long and not on record, longer than recorded, or recorded too generously."""
    out = [
        f"{place} has {size} lines; allowed {allowed.get(place, 'none over the limit')}"
        for place, size in found.items()
        if size > allowed.get(place, 0)
    ]
    out += [
        f"{place} is recorded with {size} and has {found.get(place, 'become short enough')}: record the lower figure"
        for place, size in allowed.items()
        if found.get(place, 0) < size
    ]
    return out


def recorded() -> dict[str, int]:
    """The exceptions on record."""
    lines = ALLOWED.read_text(encoding="utf-8").split("\n") if ALLOWED.exists() else []
    return {place: int(size) for size, _, place in (line.partition(" ") for line in lines if line.strip())}


def main() -> int:
    """Print the complaints; 1 when there are any."""
    found: dict[str, int] = {}
    for place, size in lengths():
        found[place] = max(size, found.get(place, 0))
    problems = complaints(found, recorded())
    print(
        "\n".join(problems) or f"sizes: functions ≤ {MAX_FUNCTION}, modules ≤ {MAX_MODULE}, {len(found)} exceptions on record"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
