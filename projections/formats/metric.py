"""One metric on one page of text: definition, formula, what it can be cut by, other systems' versions, an example."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opsledger.projections.formats.units import number
from opsledger.projections.formats.values import EMPTY
from opsledger.projections.metrics.document import attributions_of, dimensions_of
from opsledger.projections.metrics.formula import amount_sql, source_of
from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.model import UNIT_LABELS, Attribution, Better, Label, Lang, Metric, Unit
from opsledger.projections.metrics.profiles import PROFILES, Profile
from opsledger.projections.metrics.registry import GROUPS
from opsledger.projections.metrics.tables import DIMENSIONS, TABLES
from opsledger.projections.reports.words import BY, fill

_BETTER = {
    Better.HIGHER: Label("higher is better", "越高越好"),
    Better.LOWER: Label("lower is better", "越低越好"),
    Better.NONE: Label("neither direction is better", "无优劣方向"),
}
_HEADS = {
    "definition": Label("definition", "定义"),
    "unit": Label("unit", "单位"),
    "formula": Label("formula", "公式"),
    "value": Label("value", "数值"),
    "numerator": Label("numerator", "分子"),
    "denominator": Label("denominator", "分母"),
    "counts": Label("counts in", "归属"),
    "moves": Label("can be moved to", "可改为"),
    "cut": Label("can be cut by", "可细分"),
    "needs": Label("where it is empty", "为空的原因"),
    "views": Label("made for it", "所用视图"),
    "source": Label("source", "出处"),
    "profiles": Label("profiles", "其他口径"),
    "example": Label("example", "示例"),
}
_FIXED = Label("(cannot be moved by --attribution)", "(不可用 --attribution 改变)")
_SAME = Label("the same under every profile", "各口径相同")
_NOTHING = Label("nothing but time", "仅可按时间")
_NO_DATA = Label(
    "there is no data for it on record; read something in, or name a month: --month 2026-01",
    "没有可用的数据;请先导入,或用 --month 指定月份",
)
_EMPTY = Label("empty: there is nothing to divide by", "为空:分母为零")


@dataclass(frozen=True, slots=True)
class Example:
    """A metric's parts for a period, as the ledger at hand has them."""

    tenant: str
    period: str
    zone: str
    parts: Parts


def metric_page(metric: Metric, lang: Lang, threshold_ms: int, example: Example | None = None) -> str:
    """Everything about a metric, as lines of text. Without an example it says that there is no data."""
    lines = [f"{metric.code}  {fill(metric.label, threshold_ms, lang)}", ""]
    lines += _line("definition", _sentence(metric.definition, threshold_ms, lang), lang)
    lines += _line("unit", f"{UNIT_LABELS[metric.unit].text(lang)}; {_BETTER[metric.better].text(lang)}", lang)
    lines += _formula(metric, lang)
    lines += _placing(metric, lang)
    cut = ", ".join(f"{d} ({DIMENSIONS[d].text(lang)})" if lang == "zh" else d for d in dimensions_of(metric))
    lines += _line("cut", cut or _NOTHING.text(lang), lang)
    lines += _line("needs", metric.needs.text(lang), lang) if metric.needs else []
    lines += _line("source", source_of(metric), lang)
    lines += _profiles(metric, threshold_ms, lang)
    return "\n".join([*lines, *_worked(metric, example, lang)]) + "\n"


def metric_list(lang: Lang, group: str | None = None) -> str:
    """Every metric, or those of one group: code, unit, what it is called."""
    lines = []
    for code, (title, metrics) in GROUPS.items():
        if group is None or group == code:
            lines += ["", f"{code}  {title.text(lang)}"]
            lines += [f"  {m.code:<26} {m.unit:<9} {m.label.text(lang).replace('{threshold}', 'T')}" for m in metrics]
    return "\n".join(lines[1:]) + "\n"


def _sentence(label: Label, threshold_ms: int, lang: Lang) -> str:
    return fill(label, threshold_ms, lang)


def _line(head: str, text: str, lang: Lang) -> list[str]:
    return [f"  {_HEADS[head].text(lang)}: {text}"]


def _formula(metric: Metric, lang: Lang) -> list[str]:
    names = ("value",) if metric.denominator is None else ("numerator", "denominator")
    words = "" if metric.denominator is None else " ÷ ".join(_HEADS[n].text(lang) for n in names)
    per = f" × {metric.per:,}" if metric.per != 1 else ""
    lines = [f"  {_HEADS['formula'].text(lang)}:{f' {words}{per}' if words else ''}"]
    for name, amount in zip(names, metric.amounts, strict=True):
        lines.append(f"    {_HEADS[name].text(lang)} = {amount_sql(amount, metric.default)}")
    for table in metric.tables:
        if TABLES[table].view:
            note = TABLES[table].view.split("\nSELECT", 1)[0].removeprefix("--").replace("\n--", "").strip()
            lines.append(f"    {table}: {note}")
    return lines


def _placing(metric: Metric, lang: Lang) -> list[str]:
    default, *others = (Attribution(a.strip("`")) for a in attributions_of(metric))
    text = f"{BY[default].text(lang)} ({default})"
    if not (metric.movable and others):
        return _line("counts", f"{text} {_FIXED.text(lang)}", lang)
    return [*_line("counts", text, lang), *_line("moves", ", ".join(others), lang)]


def _profiles(metric: Metric, threshold_ms: int, lang: Lang) -> list[str]:
    others = [p for p in PROFILES.values() if p.differs(metric.code)]
    if not others:
        return _line("profiles", _SAME.text(lang), lang)
    return [f"  {_HEADS['profiles'].text(lang)}:", *(_told(p, p.metric(metric.code), threshold_ms, lang) for p in others)]


def _told(profile: Profile, metric: Metric, threshold_ms: int, lang: Lang) -> str:
    says = _sentence(metric.definition, profile.threshold_ms or threshold_ms, lang)
    return f"    {profile.code}: {says} ({BY[metric.default].text(lang)}; {metric.source})"


def _worked(metric: Metric, example: Example | None, lang: Lang) -> list[str]:
    if example is None:
        return _line("example", _NO_DATA.text(lang), lang)
    head = f"{example.tenant}, {example.period} ({example.zone})"
    return _line("example", f"{head}: {worked(metric, example.parts, lang)}", lang)


def worked(metric: Metric, parts: Parts, lang: Lang) -> str:
    """``numerator 38,050; denominator 41,203; 38,050 ÷ 41,203 = 92.35 %``; the value alone where nothing is divided."""
    value = parts.value(metric)
    shown = EMPTY if value is None else number(value, metric.unit)
    if metric.denominator is None:
        return shown
    top, bottom = _part(parts.numerator, metric.numerator.unit), _part(parts.denominator, metric.denominator.unit)
    heads = f"{_HEADS['numerator'].text(lang)} {top}; {_HEADS['denominator'].text(lang)} {bottom}"
    return f"{heads}; {_EMPTY.text(lang)}" if value is None else f"{heads}; {top} ÷ {bottom} = {shown}{_per(metric, lang)}"


def _part(value: int | Decimal | None, unit: Unit) -> str:
    return EMPTY if value is None else number(value, unit)


def _per(metric: Metric, lang: Lang) -> str:
    return f" {UNIT_LABELS[metric.unit].text(lang)}" if metric.unit is Unit.PER_HOUR else ""
