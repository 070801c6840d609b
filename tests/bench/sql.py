"""The SQL files of the benchmarks."""

from __future__ import annotations

from pathlib import Path


def text(name: str) -> str:
    """The text of ``<name>.sql`` in this folder."""
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
