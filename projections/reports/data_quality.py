"""The layout of the data quality report: a row per check, then what was found by source, the sources, clocks and refusals."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from opsledger.projections.metrics.model import Label, Lang, Unit
from opsledger.projections.reports.layouts import Layout
from opsledger.projections.reports.model import TEXT, TIME, Column, Section, Value
from opsledger.projections.reports.quality.checks import Check, verdict
from opsledger.projections.reports.quality.findings import APART_MS, SLOW_MS, Checker, Finding, Quality
from opsledger.projections.reports.quality.records import CHECKS, check_of
from opsledger.projections.reports.quality.rhythm import LEAST_MIN, MISSED_MIN
from opsledger.projections.reports.quality.sources import FUTURE_MS, Source
from opsledger.projections.reports.request import Job

_MS_PER_MIN = 60_000
_COLUMNS: Mapping[str, tuple[str, Label]] = {
    "area": (TEXT, Label("area", "方面")),
    "check": (TEXT, Label("check", "检查项")),
    "count": (Unit.COUNT, Label("found", "数量")),
    "of": (Unit.COUNT, Label("of", "总数")),
    "share": (Unit.RATIO, Label("share", "占比")),
    "verdict": (TEXT, Label("verdict", "结论")),
    "look_from": (Unit.COUNT, Label("look from", "关注阈值")),
    "bad_from": (Unit.RATIO, Label("bad from", "异常阈值")),
    "definition": (TEXT, Label("what it means, where it shows", "含义与影响")),
}
_FOUND: Mapping[str, tuple[str, Label]] = {
    "check": _COLUMNS["check"],
    "source": (TEXT, Label("source", "来源")),
    "count": _COLUMNS["count"],
    "worst": (Unit.MS, Label("worst", "最大")),
    "example": (TEXT, Label("example", "示例")),
    "event": (TEXT, Label("event", "事件")),
    "command": (TEXT, Label("look with", "查看命令")),
}
_SOURCES: Mapping[str, tuple[str, Label]] = {
    "source": _FOUND["source"],
    "events": (Unit.COUNT, Label("events", "事件")),
    "backfilled": (Unit.COUNT, Label("by backfill", "补录")),
    "within_hour": (Unit.COUNT, Label("recorded within an hour", "一小时内入账")),
    "within_day": (Unit.COUNT, Label("within a day", "一天内")),
    "within_week": (Unit.COUNT, Label("within a week", "一周内")),
    "later": (Unit.COUNT, Label("later", "更晚")),
    "future": (Unit.COUNT, Label("from the future", "来自未来")),
    "median": (Unit.MS, Label("median delay", "中位延迟")),
    "least": (Unit.MS, Label("least delay", "最小延迟")),
    "greatest": (Unit.MS, Label("greatest delay", "最大延迟")),
    "silence": (Unit.MS, Label("most striking silence", "最显著沉默")),
    "missed": (Unit.COUNT, Label("minutes of it in which it usually speaks", "其中惯常有数据的分钟数")),
    "silent_since": (TIME, Label("silent since", "沉默开始")),
    "silent_until": (TIME, Label("until", "沉默结束")),
}
_APART: Mapping[str, tuple[str, Label]] = {
    "source": _FOUND["source"],
    "other": (TEXT, Label("other source", "另一来源")),
    "steps": (Unit.COUNT, Label("steps told by both", "共同步骤")),
    "median": (Unit.MS, Label("the other is ahead by (median)", "后者偏快(中位)")),
    "example": (TEXT, Label("example (call)", "示例(通话)")),
}
_LETTERS: Mapping[str, tuple[str, Label]] = {
    "source": _FOUND["source"],
    "refusal": (TEXT, Label("reason", "原因")),
    "open": (Unit.COUNT, Label("open", "未处理")),
    "retried": (Unit.COUNT, Label("of these, retried in vain", "其中重试未果")),
    "settled": (Unit.COUNT, Label("settled", "已处理")),
    "example": _FOUND["example"],
    "command": _FOUND["command"],
}
_TITLES = {
    "found": Label("Found, by source", "按来源的发现"),
    "sources": Label("Sources: delay and silence", "来源:延迟与沉默"),
    "apart": Label("Clocks of two systems", "系统间时钟"),
    "letters": Label("Refused records (whenever they were read)", "拒收记录(不限读入时间)"),
}
_RULES = Label(
    f"Silences are counted in working time: the tenant's opening hours, and of these the hours of the weekday in which the "
    f"source usually speaks, learnt from the period and the 28 days before it. Told of is a silence longer than {LEAST_MIN} "
    f"min in which the source would usually have spoken in {MISSED_MIN} different minutes. Median, least and greatest delay "
    f"are those of live events, not of a backfill; the median is told away from zero to a full second, from a minute on to a "
    f"full minute, from a day on to a full hour. Worst is said of what has an amount. Clocks: from the future from "
    f"{FUTURE_MS // 1000} s on; a live source lags from a median of {SLOW_MS // _MS_PER_MIN} min on; two systems are apart "
    f"from a median of {APART_MS // 1000} s on.",
    f"沉默按工作时间计:甲方服务时间内、该来源同一星期几惯常有数据的小时(由本期及此前 28 天得出)。"
    f"超过 {LEAST_MIN} 分钟、且惯常应有 {MISSED_MIN} 个不同分钟有数据的沉默予以提示。"
    f"中位延迟、最小延迟、最大延迟仅计实时事件,不含补录;中位延迟按绝对值进位:一分钟以内取整秒,一天以内取整分钟,超过一天取整小时。"
    f"最大仅用于有量值的项。"
    f"时钟:超前 {FUTURE_MS // 1000} 秒以上算来自未来;实时来源中位延迟超过 {SLOW_MS // _MS_PER_MIN} 分钟算滞后;"
    f"两系统中位差超过 {APART_MS // 1000} 秒算不一致。",
)


def by_check(job: Job) -> Layout:
    """A row per check: how many were found, whether that matters, what it means, and how to look at an example."""
    found = Checker(job.facts, job.request.period).run()
    lang = job.request.lang
    rows = tuple(_row(check, found, job) for check in _every(found))
    at = list(_COLUMNS).index("verdict")
    return Layout(
        columns=_columns(_COLUMNS, lang),
        rows=rows,
        notes=(_RULES.text(lang),),
        sections=tuple(section for section in _sections(found, job) if section.rows),
        met={(number, "verdict"): row[at] == "ok" for number, row in enumerate(rows)},
        late=(found.closed, found.came),
    )


def is_clean(rows: Iterable[Sequence[Value]]) -> bool:
    """Whether all of the report's rows say ``ok``."""
    at = list(_COLUMNS).index("verdict")
    return all(row[at] == "ok" for row in rows)


def _every(found: Quality) -> list[Check]:
    """The checks, and those contradictions that are found and not described."""
    unknown = dict.fromkeys(f.check for f in found.findings if f.check not in CHECKS)
    return [*CHECKS.values(), *map(check_of, unknown)]


def _row(check: Check, found: Quality, job: Job) -> tuple[Value, ...]:
    mine = [f for f in found.findings if f.check == check.code]
    count, of = sum(f.count for f in mine), found.bases.get(check.base, 0)
    return (
        check.area,
        check.code,
        count,
        of,
        Decimal(count) / of if of else None,
        verdict(check, count, of),
        check.look,
        check.bad,
        check.meaning.text(job.request.lang),
    )


def _example(found: Finding) -> str | None:
    return f"{found.stream} {found.example}".strip() or None


def _command(found: Finding, job: Job) -> str | None:
    """What to type to see the example."""
    tenant = f"--tenant {shlex.quote(job.facts.tenant)}"
    if found.stream:
        return f"opsledger history {found.stream} {shlex.quote(found.example)} {tenant}"
    if found.check in ("dead_open", "dead_settled"):
        return f"opsledger dead-letters show {found.example[:13]}"
    if found.check == "silences":
        first, last = (part[:10] for part in found.example.split("/"))
        return f"opsledger report run call_detail --from {first} --to {last} {tenant}"
    return None


def _sections(found: Quality, job: Job) -> Iterable[Section]:
    lang = job.request.lang
    yield _section("found", _FOUND, [_found_row(f, job) for f in found.findings], lang)
    yield _section("sources", _SOURCES, [_source_row(s) for s in found.sources], lang)
    yield _section("apart", _APART, [(a.source, a.other, a.count, a.median_ms, a.example) for a in found.apart], lang)
    letters: list[tuple[Value, ...]] = [
        (
            x.source,
            x.reason,
            x.count - x.settled,
            x.retried,
            x.settled,
            x.example,
            f"opsledger dead-letters show {x.example[:13]}",
        )
        for x in found.letters
    ]
    yield _section("letters", _LETTERS, letters, lang)


def _section(title: str, columns: Mapping[str, tuple[str, Label]], rows: Sequence[tuple[Value, ...]], lang: Lang) -> Section:
    return Section(_TITLES[title].text(lang), _columns(columns, lang), tuple(rows))


def _found_row(f: Finding, job: Job) -> tuple[Value, ...]:
    return (f.check, f.source or None, f.count, f.worst_ms, _example(f), f.event or None, _command(f, job))


def _source_row(source: Source) -> tuple[Value, ...]:
    silent = source.silence
    return (
        source.name,
        source.events,
        source.backfilled,
        *source.bands,
        source.future,
        source.median_ms,
        source.least_ms,
        source.greatest_ms,
        silent.minutes * _MS_PER_MIN if silent else None,
        silent.missed if silent else None,
        silent.since if silent else None,
        silent.until if silent else None,
    )


def _columns(columns: Mapping[str, tuple[str, Label]], lang: Lang) -> tuple[Column, ...]:
    return tuple(Column(name, _title(label, lang), str(unit)) for name, (unit, label) in columns.items())


def _title(label: Label, lang: Lang) -> str:
    text = label.text(lang)
    return text[:1].upper() + text[1:]
