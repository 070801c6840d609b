"""Named sets of definitions over the same events: what a metric means under another system's rules (spec: variants)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics.profiles import asterisk, connect, genesys, wazo
from opsledger.projections.metrics.profiles.model import CN_HOTLINE, COUNTED, DEFAULT_PROFILE, Profile

__all__ = ["COUNTED", "DEFAULT_PROFILE", "PROFILES", "Profile", "profile"]

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {p.code: p for p in (CN_HOTLINE, asterisk.ASTERISK_SL, asterisk.ASTERISK_SL2, connect.CONNECT, genesys.GENESYS, wazo.WAZO)}
)
"""Code → profile, the default first."""


def profile(code: str) -> Profile:
    """The profile of a code; UserError with the nearest valid code where there is none."""
    try:
        return PROFILES[code]
    except KeyError:
        raise UserError(f"there is no profile '{code}'{nearest(code, tuple(PROFILES))}") from None
