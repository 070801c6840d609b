"""The folder's SQL files as text, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The text of ``<name>.sql`` in this folder."""
    return files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
