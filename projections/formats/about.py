"""What every output says about itself: period, zone, parameters, how far the facts go."""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.projections.formats.values import EMPTY, YES, Writer, clean
from opsledger.projections.metrics.model import Lang
from opsledger.projections.metrics.tables import DIMENSIONS
from opsledger.projections.reports.codes import CODES, PARAMETERS, named
from opsledger.projections.reports.model import Result
from opsledger.projections.reports.words import NONE


def facts_of(result: Result) -> Mapping[str, str]:
    """What every output carries about itself, in order; see ``title_of`` for the names' titles."""
    footer, writer = result.footer, Writer(result)
    found = {
        "period": result.period.name,
        "zone": result.period.zone,
        **{name: _parameter(result, name, value) for name, value in result.parameters.items()},
        "cutoff": writer.time(footer.cutoff),
        "log_positions": ", ".join(f"{clean(topic)}={offset}" for topic, offset in sorted(footer.positions.items())) or EMPTY,
    }
    if footer.refreshed_at is not None:
        found["facts_made"] = writer.time(footer.refreshed_at)
    if footer.as_known_at is not None:
        found["as_known_at"] = writer.time(footer.as_known_at)
    if footer.closed is not None:
        found["closed"] = YES[result.lang][0 if footer.closed else 1]
    return found


def _parameter(result: Result, name: str, value: str) -> str:
    if name in DIMENSIONS and name not in PARAMETERS:
        values = [part or NONE.text(result.lang) for part in value.split(", ")]
        return clean(", ".join(_called(result, name, part) for part in values))
    return clean(named(PARAMETERS, name, value, result.lang))


def _called(result: Result, name: str, value: str) -> str:
    found = result.names.of(name, value)
    return found if found != value else named(CODES, name, value, result.lang)


_TITLES = {
    "period": ("Period", "期间"),
    "zone": ("Time zone", "时区"),
    "tenant": ("Tenant", "甲方"),
    "profile": ("Profile", "口径"),
    "attribution": ("Attribution", "归属时段"),
    "threshold_s": ("Threshold (s)", "阈值(秒)"),
    "interval": ("Interval", "时段划分"),
    "compare": ("Compared with", "对比"),
    "compared_with": ("Compared with", "对比"),
    "window_days": ("Window (days)", "窗口(天)"),
    "of_report": ("Figure of report", "数字所在报表"),
    "figure": ("Figure", "数字"),
    "part": ("Part", "部分"),
    "contracts": ("Contracts", "合同"),
    "cell": ("Cell", "单元格"),
    "contract": ("Contract", "合同"),
    "currency": ("Currency", "币种"),
    "digest": ("Digest", "摘要"),
    "terms": ("Terms, version", "合同版本"),
    "line": ("Line", "结算行"),
    "days": ("Days", "日期"),
    "whom": ("For", "对象"),
    "check": ("Check", "检查项"),
    "source": ("Source", "来源"),
    "cutoff": ("Facts reach to", "数据截止"),
    "log_positions": ("Log positions", "日志位点"),
    "facts_made": ("Facts made", "生成时间"),
    "as_known_at": ("As known at", "回溯至"),
    "closed": ("Period closed", "已结算"),
}


def title_of(name: str, lang: Lang) -> str:
    """The title of a name of ``facts_of``; a filter's name is the dimension's."""
    if name in _TITLES:
        return _TITLES[name][lang == "zh"]
    text = DIMENSIONS[name].text(lang) if name in DIMENSIONS else name.replace("_", " ")
    return text[:1].upper() + text[1:]


def about_of(result: Result) -> list[tuple[str, str]]:
    """Title → text of everything that an output says about itself."""
    return [(title_of(name, result.lang), value) for name, value in facts_of(result).items()]
