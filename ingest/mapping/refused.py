"""Values that cannot be used travel as values: a row is dead only if an event needs one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a cell gives no value: a sentence, and the code of ``ingest.chunk.Reason``."""

    detail: str
    code: str = "invalid"


def refuse(detail: str, code: str = "invalid") -> Refused:
    """A refused value."""
    return Refused(detail, code)


def at_column(value: Refused, column: str) -> Refused:
    """The refusal with the column that it comes from named first."""
    return Refused(f"column '{column}': {value.detail}", value.code)
