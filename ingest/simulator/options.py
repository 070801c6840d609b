"""What a simulated centre is asked for: span, size, seed and the trouble to plant, checked before anything runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError

MAX_DAYS = 3_660
MAX_CALLS_PER_DAY = 200_000
MAX_VENDORS = 2
EARLIEST, LATEST = date(1991, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Options:
    """A run of the simulator; equal options give equal bytes.

    ``calls_per_day`` is the mean number of inbound contacts (outbound calls come on top); ``vendors`` are the
    outsourcing companies: the first staffs consults and orders, the second overflow and chat, in-house the rest.
    ``contradictions`` is a share of calls, ``late`` and ``duplicates`` are shares of events; all three are off by default.
    The same centre with other trouble gives the same events plus the trouble.
    """

    start: date = date(2026, 1, 1)
    days: int = 31
    calls_per_day: int = 1200
    seed: int = 1
    tenant: str = "demo"
    zone: str = "Asia/Shanghai"
    vendors: tuple[str, ...] = ("xinhe", "lanqiao")
    source: str = "sim:centre"
    contradictions: float = 0.0
    late: float = 0.0
    duplicates: float = 0.0

    def __post_init__(self) -> None:
        """Refuses what cannot be simulated, with a UserError that says what to write instead."""
        zone_of(self.zone)
        _within("--days", self.days, 1, MAX_DAYS)
        _within("--calls-per-day", self.calls_per_day, 1, MAX_CALLS_PER_DAY)
        if not EARLIEST <= self.start <= LATEST:
            raise UserError(f"--start {self.start} is out of range; give a day from {EARLIEST} to {LATEST}")
        if len(self.vendors) > MAX_VENDORS or len(set(self.vendors)) != len(self.vendors):
            raise UserError(f"--vendor was given {len(self.vendors)} times; give at most {MAX_VENDORS} different ones")
        for flag, rate in (
            ("--contradictions", self.contradictions),
            ("--late", self.late),
            ("--duplicates", self.duplicates),
        ):
            _within(flag, rate, 0, 1)
        for flag, name in (("--tenant", self.tenant), ("--source", self.source), *(("--vendor", v) for v in self.vendors)):
            _name(flag, name)

    def without_trouble(self, format_: str) -> Options:
        """These options, for a format that can only tell what is true; UserError where trouble was asked for."""
        if self.contradictions or self.late or self.duplicates:
            raise UserError(f"--contradictions, --late and --duplicates go with --format jsonl, not with {format_}")
        return self

    @property
    def identity(self) -> bytes:
        """32 hex digits that differ between centres and do not depend on the trouble planted in them."""
        parts = (self.start.isoformat(), self.days, self.calls_per_day, self.seed, self.tenant, self.zone, *self.vendors)
        digest = hashlib.sha256("\x1f".join(map(str, (*parts, self.source))).encode()).hexdigest()
        return digest[:32].encode()


def _within(flag: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UserError(f"{flag} {value} is out of range; give a value from {low} to {high}")


def _name(flag: str, value: str) -> None:
    if not 1 <= len(value) <= 64:
        raise UserError(f"{flag} '{value[:80]}' must be 1 to 64 characters long")
