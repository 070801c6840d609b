"""The sentences of reports, in both languages: column texts, footnotes and warnings."""

from __future__ import annotations

from collections.abc import Iterable

from opsledger.projections.metrics.model import Attribution, Fold, Label, Lang, Metric, Unit
from opsledger.projections.metrics.profiles import COUNTED, Profile
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.model import BY_ROW, TEXT, Column

BY: dict[Attribution, Label] = {
    Attribution.ENTER: Label("the interval in which it began", "按开始(进入)时段计"),
    Attribution.ANSWER: Label("the interval of the answer", "按应答时段计"),
    Attribution.END: Label("the interval in which it ended", "按结束时段计"),
    Attribution.DUE: Label("the interval of the due time", "按到期时段计"),
    Attribution.SPREAD: Label("the intervals that it covers", "按所覆盖时段分摊"),
}
TOTAL = Label("Total", "合计")
NONE = Label("(none)", "(无)")
FIELDS: dict[str, Label] = {
    "what": Label("what happened", "变化"),
    "group": Label("group", "类别"),
    "metric": Label("code", "代码"),
    "indicator": Label("indicator", "指标"),
    "value": Label("value", "数值"),
    "unit": Label("unit", "单位"),
    "numerator": Label("numerator", "分子"),
    "denominator": Label("denominator", "分母"),
    "target": Label("target", "目标"),
    "met": Label("target met", "达标"),
    "previous": Label("previous period", "上期"),
    "before": Label("before", "对比期"),
    "change": Label("change", "增减"),
    "change_rate": Label("change, %", "增减率"),
    "definition": Label("definition", "定义"),
}
_FIELD_UNITS = {
    "value": BY_ROW,
    "numerator": BY_ROW,
    "denominator": BY_ROW,
    "target": BY_ROW,
    "previous": BY_ROW,
    "change": BY_ROW,
    "change_rate": Unit.RATIO.value,
    "met": "flag",
}


def threshold_text(threshold_ms: int, lang: Lang) -> str:
    """``20 s`` or ``20 秒``."""
    seconds = f"{threshold_ms / 1000:g}"
    return f"{seconds} 秒" if lang == "zh" else f"{seconds} s"


def fill(label: Label, threshold_ms: int, lang: Lang) -> str:
    """A label's text with the threshold in its place."""
    text = label.text(lang).replace("{threshold}", threshold_text(threshold_ms, lang))
    return text[:1].upper() + text[1:]


def metric_column(metric: Metric, asked: Attribution | None, threshold_ms: int, lang: Lang) -> Column:
    """A metric's column: its definition ends with the interval that it counts in."""
    by = BY[metric.under(asked)].text(lang)
    placed = f" Counts in {by}." if lang == "en" else f" {by}。"
    definition = fill(metric.definition, threshold_ms, lang) + placed
    return Column(metric.code, fill(metric.label, threshold_ms, lang), metric.unit.value, definition)


def dimension_column(name: str, lang: Lang, unit: str = TEXT) -> Column:
    """A dimension's column."""
    return Column(name, fill(DIMENSIONS[name], 0, lang), unit)


def compared_columns(figure: Column, lang: Lang) -> tuple[Column, Column]:
    """The two columns behind a figure's: that of the period it is compared with, and the change."""
    before, change = (fill(FIELDS[name], 0, lang).lower() for name in ("before", "change"))
    comma = "," if lang == "zh" else ", "
    return (
        Column(f"{figure.name}.before", f"{figure.title}{comma}{before}", figure.unit),
        Column(f"{figure.name}.change", f"{figure.title}{comma}{change}", figure.unit),
    )


def share_column(figure: Column, within: str, suffix: str, lang: Lang) -> Column:
    """The column of a figure's shares: of all rows, or of those of the same dimension."""
    if lang == "zh":
        of = f"占同一{DIMENSIONS[within].zh}的比例" if within else "占全部的比例"
        return Column(f"{figure.name}.{suffix}", f"{figure.title}占比", Unit.RATIO.value, f"{figure.title}{of}。")
    of = f"that of the same {DIMENSIONS[within].en}" if within else "that of all rows"
    title = f"{figure.title}, share"
    return Column(f"{figure.name}.{suffix}", title, Unit.RATIO.value, f"{figure.title} of the row ÷ {of}.")


def field_column(name: str, lang: Lang) -> Column:
    """A column of a report that has a row per metric."""
    return Column(name, fill(FIELDS[name], 0, lang), _FIELD_UNITS.get(name, TEXT))


def kept_note(metrics: Iterable[Metric], asked: Attribution, threshold_ms: int, lang: Lang) -> str:
    """Names the metrics that keep their own attribution; empty where all were moved."""
    kept = [fill(m.label, threshold_ms, lang) for m in metrics if m.under(asked) is not asked]
    if not kept:
        return ""
    if lang == "zh":
        return f"归属时段“{asked}”不适用于以下指标,它们按各自的归属计:{'、'.join(kept)}。"
    return f"These keep their own attribution, since '{asked}' does not apply to them: {', '.join(kept)}."


def undefined_note(profile: Profile, metrics: Iterable[Metric], threshold_ms: int, lang: Lang) -> str:
    """Says which figures are not by the profile's own definitions, by the shorter list; empty where all are."""
    found = [m for m in metrics if profile.defines(m.code) or m.code not in COUNTED]
    own = [fill(m.label, threshold_ms, lang) for m in found if profile.defines(m.code)]
    foreign = [fill(m.label, threshold_ms, lang) for m in found if not profile.defines(m.code)]
    if not foreign:
        return ""
    only, names = len(own) < len(foreign), "、" if lang == "zh" else ", "
    said = _UNDEFINED[only and bool(own), only].text(lang)
    return said.format(profile=profile.label.text(lang), names=names.join(own if only else foreign))


_UNDEFINED: dict[tuple[bool, bool], Label] = {
    (False, False): Label(
        "{profile} has no definition of these; the dictionary's own is used: {names}.",
        "{profile}对以下指标没有自己的定义,按本系统指标字典计:{names}。",
    ),
    (True, True): Label(
        "Of these metrics {profile} defines only: {names}. The others are the dictionary's own.",
        "以上指标中,{profile}自有定义的只有:{names};其余按本系统指标字典计。",
    ),
    (False, True): Label(
        "{profile} defines none of these metrics; the dictionary's own definitions are used.",
        "{profile}对以上指标均无自己的定义,全部按本系统指标字典计。",
    ),
}


def unfit_note(metrics: Iterable[Metric], only: Iterable[str], lang: Lang) -> str:
    """Names the metrics left empty because their facts do not know a filter's dimension; empty where there are none."""
    names = [m.label.text(lang).replace("{threshold}", "T") for m in metrics]
    if not names:
        return ""
    by = "/".join(DIMENSIONS[name].text(lang) for name in only)
    if lang == "zh":
        return f"以下指标无法按{by}筛选,故留空:{'、'.join(names)}。"
    return f"Left empty, because their facts are not known by {by}: {', '.join(names)}."


NO_STATES = Label(
    "The source gives no agent states for this period: signed-in, idle and paused time and what is made from them are "
    "empty; working time is that of the legs (talk, hold, wrap-up).",
    "本期数据源未提供座席状态:签入、空闲、示忙时长及相关指标为空;工作时长取自接听段(通话、保持、话后)。",
)
NO_RINGS = Label(
    "The source does not tell when an agent is rung, so every abandon counts as caused by the queue in the KPI rate.",
    "数据源未提供振铃记录:考核接通率中,所有放弃均视为因排队而放弃。",
)
TEAMS = Label(
    "An agent's team is that of the latest shift that began before the period's end.",
    "座席的班组以期末前最近一个班次为准。",
)
FIRST_QUEUE = Label(
    "Volumes of whole calls (inbound, outbound, IVR) stand in the row of the call's first queue.",
    "整通电话的量(呼入、呼出、IVR)计入该通话首个技能组所在行。",
)
DENOMINATOR_ROWS = Label("The rows of the denominator", "分母的明细")
PARTS: dict[str, Label] = {
    "numerator": Label("the numerator", "分子"),
    "denominator": Label("the denominator", "分母"),
    "before": Label("the period it is compared with", "对比期"),
}
"""Part of a figure → what it is called."""
FOLDED: dict[Fold, Label] = {
    Fold.P90: Label(
        "The figure is the 90th percentile of these values, not their sum.", "该数字为这些值的第 90 百分位,而非合计。"
    ),
    Fold.UNION: Label(
        "What overlaps counts once: a row adds the time that no row before it has covered.",
        "重叠部分只计一次:每行只计入此前各行未覆盖的时长。",
    ),
}
DIFF: dict[str, Label] = {
    "title": Label(": what changed", ":变化"),
    "known": Label("As known at {at}", "{at} 所知"),
    "events": Label("Events that came in between, of what stands in the changed rows", "其间入账、涉及变化行的事件"),
    "events_cover": Label(
        "Below the figures: the events recorded between the two moments about what stands in the changed rows.",
        "数字之后列出:两个时刻之间入账的、涉及变化行的事件。",
    ),
    "no_events": Label(
        "No event between the two moments explains this: time alone went on (what was open counts to the cutoff, what was "
        "due came to be judged), or names and targets were set anew.",
        "两个时刻之间没有相关事件:仅因时间推移(未结束的计至截止时刻、到期项开始计入),或名称与目标有调整。",
    ),
    "nothing": Label("Nothing changed between the two moments.", "两个时刻之间没有变化。"),
}
"""The sentences of ``report diff``."""
NOTHING = Label("There is nothing on record for this period and these filters.", "该期间及筛选条件下没有记录。")


def unfinished(cutoff: str, lang: Lang) -> str:
    """The period is not over yet."""
    if lang == "zh":
        return f"期间未结束:事实截至 {cutoff}。"
    return f"The period is not over: the facts reach to {cutoff}."


_COUNTED: dict[str, Label] = {
    "open_calls": Label(
        "{n} calls that began in the period are still open; their talk is not counted yet.",
        "本期开始的通话中有 {n} 通尚未结束,其通话时长未计入。",
    ),
    "contradictory_calls": Label(
        "{n} calls contradict themselves (answered before offered, ended twice, …); they are counted as they stand.",
        "有 {n} 通电话的记录自相矛盾(先应答后来电、重复结束等),按原记录计入。",
    ),
    "dead": Label(
        "{n} records were refused and lie in the dead letters; they are in no figure.",
        "有 {n} 条记录被拒收(见死信),不含在任何数字中。",
    ),
    "late": Label(
        "{n} events came late for this period; the figures may differ from those shown before.",
        "本期有 {n} 个迟到事件,数字可能与此前不同。",
    ),
    "backfill": Label(
        "{n} events of this period came later by a backfill; they are counted, and not as late.",
        "本期有 {n} 个事件由补录导入,已计入,不算迟到。",
    ),
    "unmatched": Label(
        "{n} intervals of the period compared with have no counterpart in this one; their figures are in the totals alone.",
        "对比期有 {n} 个时段在本期无对应,仅计入合计。",
    ),
    "cut": Label(
        "Only the first {n} rows are shown; narrow the period or the filters.", "仅显示前 {n} 行,请缩小期间或筛选条件。"
    ),
}


def counted(kind: str, n: int, lang: Lang) -> str:
    """A warning with a number in it."""
    return _COUNTED[kind].text(lang).replace("{n}", f"{n:,}")


def law_breach(law: int, detail: str, lang: Lang) -> str:
    """A law of the numbers does not hold."""
    if lang == "zh":
        return f"数字定律 {law} 不成立,本报表不可信:{detail}"
    return f"Law {law} of the numbers does not hold; do not rely on this report: {detail}"
