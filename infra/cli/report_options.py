"""The options that the commands about reports share, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from opsledger.domain.calendar import Grain, Period, make_span, parse_period
from opsledger.domain.errors import UserError, nearest
from opsledger.projections.metrics.model import Lang
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, PROFILES
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.model import PROFILE_THRESHOLD, Request

GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH)
NARROWED_BY = ("vendor", "hotline", "queue", "team", "agent", "contract")
"""The dimensions that have an option of their own; ``--only`` takes all."""
Options = Mapping[str, Any]
_OWN_S = PROFILES[DEFAULT_PROFILE].threshold_ms / 1000

_SPANS = (
    click.option("--day", metavar="2026-01-05", help="One day of the tenant's zone."),
    click.option("--week", metavar="2026-W02", help="One ISO week."),
    click.option("--month", metavar="2026-01", help="One month."),
)
_ANY_SPAN = (
    click.option("--from", "from_", metavar="2026-01-05", help="With --to: any span of days, for the reports that take one."),
    click.option("--to", metavar="2026-01-09", help="Last day of the span."),
)
_PARAMETERS = (
    *(click.option(f"--{name}", multiple=True, help=f"Only this {name}; several: any of these.") for name in NARROWED_BY),
    click.option("--only", multiple=True, metavar="NAME=VALUE", help="Only this value of another dimension: channel=email."),
    click.option("--zone", metavar="ZONE", help="Cut days in this zone (default: the tenant's own)."),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 86_400),
        help=f"Seconds within which an answer is in time (default: the profile's own, {_OWN_S:g} for {DEFAULT_PROFILE}).",
    ),
    click.option("--window", type=int, metavar="DAYS", help="Days without a further call that make a first contact the last."),
    click.option("--profile", help=f"Whose definitions: {', '.join(PROFILES)} (default: {DEFAULT_PROFILE}; docs/profiles.md)."),
    click.option("--attribution", help="Count each amount at enter, answer, end, or spread over the intervals that it covers."),
    click.option("--interval", help="How a period is cut into rows: half_hour, hour, day."),
    click.option("--compare", help="Beside each figure that of another period: previous, or last_year."),
)


def _all(options: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def decorated(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


SPANS = _all(_SPANS)
"""``--day``, ``--week``, ``--month``."""
ANY_SPAN = _all((*_SPANS, *_ANY_SPAN))
"""Those, and ``--from`` with ``--to``."""
PARAMETERS = _all(_PARAMETERS)
"""What every report can be asked for; one that cannot honour it says so."""


def text_of(options: Options, name: str) -> str | None:
    """The value of an option that is a text; None where it was not given."""
    value = options.get(name)
    return str(value) if value not in (None, "") else None


def period_of(options: Options, zone: str) -> Period:
    """The period that the options name. UserError where they name none, or more than one."""
    given = {grain: text for grain in GRAINS if (text := text_of(options, grain.value))}
    first, last = text_of(options, "from_"), text_of(options, "to")
    if len(given) + bool(first and last) != 1 or bool(first) != bool(last):
        raise UserError("say for when, once: --day 2026-01-05, --week 2026-W02, --month 2026-01, or --from … with --to …")
    for grain, text in given.items():
        return parse_period(grain, text, zone)
    start, end = (parse_period(Grain.DAY, text or "", zone) for text in (first, last))
    return make_span(start.first, end.first, zone)


def request_of(name: str, options: Options, period: Period, lang: Lang) -> Request:
    """The request for a report that the options describe."""
    threshold, window = options.get("threshold"), options.get("window")
    compare = text_of(options, "compare")
    return Request(
        report=name,
        period=period,
        only=_only(options),
        threshold_ms=PROFILE_THRESHOLD if threshold is None else round(float(threshold) * 1000),
        attribution=text_of(options, "attribution"),
        interval=text_of(options, "interval"),
        profile=text_of(options, "profile") or DEFAULT_PROFILE,
        compare=compare.replace("-", "_") if compare else None,
        window_days=None if window is None else int(window),
        lang=lang,
    )


def given(options: Options) -> list[str]:
    """The parameters and spans among the options that were given, as they are written."""
    names = (*NARROWED_BY, "only", "zone", "threshold", "window", "profile", "attribution", "interval", "compare")
    spans = ("day", "week", "month", "from_", "to")
    return [f"--{n.strip('_')}" for n in (*spans, *names) if options.get(n) not in (None, (), "")]


def _only(options: Options) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {name: list(options[name]) for name in NARROWED_BY if options.get(name)}
    for text in options.get("only") or ():
        name, equals, value = str(text).partition("=")
        if not equals:
            raise UserError(f"--only '{text}' is not NAME=VALUE; write for example --only channel=email")
        if name not in DIMENSIONS or name == "interval":
            raise UserError(f"--only: there is no dimension '{name}'{nearest(name, tuple(DIMENSIONS))}")
        found.setdefault(name, []).append(value)
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}
