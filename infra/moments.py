"""Moments as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError


def parse_moment(text: str, zone: str) -> datetime:
    """``2026-01-05``, ``2026-01-05 14:00`` (in the zone) or with an offset, as a moment in UTC. UserError otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-01-05T14:00 or 2026-01-05T06:00Z"
        raise UserError(f"'{text}' is not a moment; write it like {example}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone))).astimezone(UTC)
