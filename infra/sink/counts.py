"""What the sink counted: every message read is stored as new, stored as a repeat, or dead; per stream and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Count:
    """Messages of one topic. ``conflict`` are those of ``duplicate`` whose id was known with other content."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    dead: int = 0
    conflict: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        """Count more of the same topic. RuntimeError when the law does not hold: a fault of the program."""
        for name in ("read", "accepted", "duplicate", "dead", "conflict"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons.update(other.reasons)
        if self.read != self.accepted + self.duplicate + self.dead:
            raise RuntimeError(f"the counts of the sink do not add up: {self}")

    def __str__(self) -> str:
        text = f"read {self.read:,} = accepted {self.accepted:,} + duplicate {self.duplicate:,} + dead {self.dead:,}"
        return text + (f" (of the duplicates {self.conflict:,} with other content)" if self.conflict else "")


def total(counts: Mapping[str, Count]) -> Count:
    """The sum over topics."""
    found = Count()
    for count in counts.values():
        found.add(count)
    return found


def lines(counts: Mapping[str, Count]) -> list[str]:
    """The counts as text: a line a stream that had messages, then the sum, then what is dead by reason."""
    whole = total(counts)
    told = [f"{name}: {count}" for name, count in sorted(counts.items()) if count.read]
    told.append(f"sink: {whole}")
    if whole.dead:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in whole.reasons.most_common())
        told.append(f"  dead letters: {reasons}; see `opsledger dead-letters list`")
    return told
