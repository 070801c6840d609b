"""Writes docs/profiles.md from the profiles, so that the page cannot say anything else than the code does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from opsledger.projections.metrics.document import amount_text
from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.model import Metric, Unit
from opsledger.projections.metrics.profiles import DEFAULT_PROFILE, PROFILES, Profile
from opsledger.projections.metrics.profiles.example import CONTACTS, FIGURES
from opsledger.projections.metrics.registry import METRICS

Figures = Mapping[str, Mapping[str, Parts]]
"""Profile → metric → the parts of the worked example's figure."""
_HEAD = """\
# Profiles 口径

The same events under other systems' definitions: `opsledger report run NAME … --profile CODE`. This page is made from
`projections/metrics/profiles` (`make docs`), its figures by running the product.
同一批事件,按其他系统的定义计算。

- A profile changes what is divided by what, and where an amount counts. What the ledger counts — queue entries,
  answers, each way of leaving — is the same under every profile, and so is the law that they add up.
- Each formula is put together from amounts of the dictionary ([metrics.md](metrics.md)); none is written twice.
- A metric that a system does not define keeps the dictionary's definition; the report names it at its foot.
- *T* is the threshold. Where a report is asked for none, it is the profile's own. It is compared by `<=`.
"""
_SIGNS = (
    "**≠** another formula than the dictionary's · **↷** its formula, counted at another moment · **=** the same under that "
    "system's name · blank: not defined there, the dictionary's stands in.\n"
)


def render_profiles_md(figures: Figures) -> str:
    """The whole page, ending in a line feed. ``figures`` are those of the worked example, as the product gives them."""
    parts = [_HEAD, *_profiles(), *_example(figures), *_overview()]
    for code in _told():
        parts += _metric(METRICS[code])
    return "\n".join(parts)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{threshold}", "T").replace("\n", " ")


def _profiles() -> Iterator[str]:
    yield "## The profiles\n"
    rows = [
        (f"`{p.code}`", f"{p.label.en} {p.label.zh}", f"{p.threshold_ms / 1000:g} s", f"{p.about.en} {p.about.zh}", p.source)
        for p in PROFILES.values()
    ]
    yield _table(("code", "profile", "T", "what is peculiar to it", "source"), rows)


def _told() -> tuple[str, ...]:
    """The metrics that some system defines, in the dictionary's order."""
    return tuple(code for code in METRICS if any(code in p.metrics for p in PROFILES.values()))


def _overview() -> Iterator[str]:
    yield "## What differs, what is the same\n"
    yield _SIGNS
    others = [p for p in PROFILES.values() if p.code != DEFAULT_PROFILE]
    rows = [(f"`{code}`", METRICS[code].label.en, *(_sign(p, code) for p in others)) for code in _told()]
    yield _table(("metric", "", *(p.code for p in others)), rows)


def _sign(profile: Profile, code: str) -> str:
    if profile.differs(code):
        return "≠" if profile.recounts(code) else "↷"
    return "=" if profile.defines(code) else ""


def _metric(own: Metric) -> Iterator[str]:
    yield f"## `{own.code}` — {_cell(own.label.en)} · {_cell(own.label.zh)}\n"
    said = [p for p in PROFILES.values() if p.defines(own.code)]
    head = ("profile", "called", "definition", "numerator", "denominator", "counts at", "T", "source")
    yield _table(head, (_said(p, p.metric(own.code)) for p in said))
    rest = [f"`{p.code}`" for p in PROFILES.values() if not p.defines(own.code) and not p.differs(own.code)]
    moved = [f"`{p.code}` (at `{p.metric(own.code).default}`)" for p in PROFILES.values() if _only_moved(p, own.code)]
    if rest or moved:
        yield f"Not defined by, and as under `{DEFAULT_PROFILE}` for: {', '.join(rest + moved)}.\n"


def _only_moved(profile: Profile, code: str) -> bool:
    return not profile.defines(code) and profile.differs(code)


def _said(profile: Profile, metric: Metric) -> tuple[str, ...]:
    called = f"{metric.label.en} · {metric.label.zh}"
    defined = f"{metric.definition.en} {metric.definition.zh}"
    parts = [amount_text(a, metric.default) for a in metric.amounts]
    used = any("{threshold_ms:" in a.where for a in metric.amounts)
    threshold = f"{profile.threshold_ms / 1000:g} s" if used else ""
    below = parts[1] if len(parts) > 1 else ""
    return f"`{profile.code}`", called, defined, parts[0], below, f"`{metric.default}`", threshold, metric.source


def _example(figures: Figures) -> Iterator[str]:
    yield "## Ten contacts, six answers\n"
    rows = [(str(n), c.ended, *map(_seconds, (c.wait_s, c.talk_s, c.hold_s, c.wrap_up_s))) for n, c in enumerate(CONTACTS, 1)]
    yield _table(("contact", "how it left the queue", "wait", "talk", "hold", "wrap-up"), rows)
    yield "What `service_indicators` says of them under each profile, T being the profile's own:\n"
    shown = [(f"`{code}`", *(_figure(p.metric(code), figures[p.code][code]) for p in PROFILES.values())) for code in FIGURES]
    yield _table(("metric", *(f"{p.code}, T = {p.threshold_ms / 1000:g} s" for p in PROFILES.values())), shown)


def _seconds(value: int) -> str:
    return f"{value} s" if value else ""


def _figure(metric: Metric, parts: Parts) -> str:
    value = parts.value(metric)
    if value is None or parts.numerator is None:
        return "–"
    if metric.unit is Unit.RATIO:
        return f"{parts.numerator} / {parts.denominator} = {float(value):.1%}"
    return f"{parts.numerator / 1000:g} s / {parts.denominator} = {float(value) / 1000:.1f} s"
