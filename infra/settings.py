"""What is set from outside: the environment and the options of the command line, read in one place.

| variable | meaning | default |
|---|---|---|
| OPSLEDGER_DATA | data directory | ``./opsledger-data`` |
| OPSLEDGER_TENANT | tenant of commands that name none | the only tenant of the ledger |
| OPSLEDGER_LANG | ``en`` or ``zh`` | ``en`` |
| OPSLEDGER_ZONE | IANA zone of reports for a tenant that has configured none | ``UTC`` |
| OPSLEDGER_LATE_AFTER_H | hours after a period's end from which on an event recorded for it is late | ``24`` |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from opsledger.domain.calendar import zone_of
from opsledger.domain.errors import UserError
from opsledger.projections.metrics.model import Lang

LANGS: tuple[Lang, ...] = ("en", "zh")
VARIABLES = ("OPSLEDGER_DATA", "OPSLEDGER_TENANT", "OPSLEDGER_LANG", "OPSLEDGER_ZONE", "OPSLEDGER_LATE_AFTER_H")
LATE_AFTER = timedelta(hours=24)
_MAX_LATE_AFTER_H = 24 * 366


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings; ``tenant`` and ``zone`` are empty where nothing was said."""

    data: Path
    tenant: str = ""
    lang: Lang = "en"
    zone: str = ""
    late_after: timedelta = LATE_AFTER


def read_settings(
    data: str | None = None, environ: Mapping[str, str] = os.environ, *, late_after: str | None = None
) -> Settings:
    """Settings from the environment, ``--data`` and ``--late-after`` first. UserError for a value that cannot be."""
    lang = lang_of(environ.get("OPSLEDGER_LANG") or "en")
    zone = environ.get("OPSLEDGER_ZONE", "")
    if zone:
        zone_of(zone)
    folder = data or environ.get("OPSLEDGER_DATA") or "opsledger-data"
    hours = late_after or environ.get("OPSLEDGER_LATE_AFTER_H") or "24"
    return Settings(Path(folder), environ.get("OPSLEDGER_TENANT", ""), lang, zone, late_after_of(hours))


def late_after_of(text: str) -> timedelta:
    """Hours as a duration. UserError for what is no number of hours from 0 to a year."""
    try:
        hours = float(text)
    except ValueError:
        hours = -1
    if not 0 <= hours <= _MAX_LATE_AFTER_H:
        raise UserError(
            f"'{text}' is not a number of hours after which an event is late (OPSLEDGER_LATE_AFTER_H, --late-after)"
        )
    return timedelta(hours=hours)


def lang_of(text: str) -> Lang:
    """A language by its code. UserError where the product does not speak it."""
    for lang in LANGS:
        if lang == text:
            return lang
    raise UserError(f"'{text}' is not a language of the product; use {' or '.join(LANGS)}")
