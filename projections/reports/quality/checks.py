"""The checks of events and sources: what each finds, what that means for the figures, and from when on it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from opsledger.projections.metrics.model import Label


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``base`` names what its count is a share of; ``stream``: the history that shows an example of it.

    ``look``: the count from which on it wants a look; None: it only informs. ``bad``: the share from which on it is bad.
    """

    code: str
    area: str
    label: Label
    meaning: Label
    base: str
    stream: str = ""
    look: int | None = 1
    bad: Decimal | None = None


AREAS: Mapping[str, Label] = {
    "duplicates": Label("duplicates", "重复"),
    "order": Label("order", "乱序"),
    "orphans": Label("orphans", "孤立记录"),
    "contradictions": Label("contradictions", "自相矛盾"),
    "late": Label("late data", "迟到数据"),
    "clocks": Label("clocks", "时钟"),
    "gaps": Label("gaps", "中断"),
    "dead_letters": Label("dead letters", "死信"),
    "open": Label("still open", "未结束"),
}
VERDICTS: Mapping[str, Label] = {"ok": Label("ok", "正常"), "look": Label("look", "需关注"), "bad": Label("bad", "异常")}
PERCENT = Decimal("0.01")


def verdict(check: Check, count: int, of: int | None) -> str:
    """``ok``, ``look`` or ``bad``."""
    if check.look is None or count < check.look:
        return "ok"
    return "bad" if check.bad is not None and of and Decimal(count) / of >= check.bad else "look"


EVENTS = (
    Check(
        "read_again",
        "duplicates",
        Label("records read again", "重复读入的记录"),
        Label(
            "Records that imports begun in the period read and the ledger had already: they add nothing to any figure.",
            "本期开始的导入中账本已有的记录:不影响任何数字。",
        ),
        "records",
        look=None,
    ),
    Check(
        "stored_twice",
        "duplicates",
        Label("events stored twice", "重复存储的事件"),
        Label(
            "The same event at two places of the log: facts count it once, but a source was read twice past the check.",
            "同一事件在日志中出现两次:事实只计一次,但说明有来源绕过查重被重复写入。",
        ),
        "events",
        bad=PERCENT,
    ),
    Check(
        "out_of_order",
        "order",
        Label("events out of order", "乱序事件"),
        Label(
            "Recorded after an event of the same thing that happened later: figures shown in between lacked it; now they "
            "are right.",
            "晚于同一对象后发生的事件入账:其间出具的数字未含该事件,现已正确。",
        ),
        "events",
    ),
    Check(
        "late",
        "late",
        Label("events that came late", "迟到事件"),
        Label(
            "Recorded after the month was closed or, where it is not, longer after the period's end than the setting "
            "allows: every report of the period shown before may differ.",
            "结算关闭后(未关闭时为期末后超过设定时限)才入账:此前出具的本期各报表可能不同。",
        ),
        "events",
        bad=PERCENT,
    ),
    Check(
        "backfilled",
        "late",
        Label("late events by a backfill", "补录的迟到事件"),
        Label(
            "As late events, but announced: their import was marked as a backfill.",
            "同迟到事件,但导入时已声明为补录。",
        ),
        "events",
        look=None,
    ),
    Check(
        "future",
        "clocks",
        Label("events from the future", "来自未来的事件"),
        Label(
            "Happened, by their source's clock, more than a second after they were recorded: that clock is ahead, and so "
            "are the waits and talk times that end with it.",
            "按来源时钟,发生时间晚于入账一秒以上:来源时钟偏快,相关等待与通话时长失真。",
        ),
        "events",
        bad=PERCENT,
    ),
    Check(
        "slow_sources",
        "clocks",
        Label("live sources that lag", "滞后的实时来源"),
        Label(
            "Sources that tell as things happen (half of their events within the hour), but half of them more than five "
            "minutes later: a slow clock or line; live reports lack so much.",
            "实时来源(半数事件一小时内入账)的中位延迟超过五分钟:时钟偏慢或链路滞后,实时报表缺少相应数据。",
        ),
        "sources",
    ),
    Check(
        "systems_apart",
        "clocks",
        Label("clocks of two systems apart", "系统间时钟不一致"),
        Label(
            "Two sources tell of the same steps of the same calls, and half of these times are more than two seconds "
            "apart: waits and talk times between events of both are off by so much.",
            "两个来源记录同一通话的同一步骤,时间中位差超过两秒:跨来源计算的等待、通话时长有同等偏差。",
        ),
        "pairs",
    ),
    Check(
        "silences",
        "gaps",
        Label("silences in working hours", "工作时间内的中断"),
        Label(
            "A source told of nothing for much longer than it usually pauses, within its working hours: what happened then "
            "may be missing from every figure.",
            "来源在工作时间内的沉默远长于其惯常间隔:该时段的数据可能在所有数字中缺失。",
        ),
        "sources",
    ),
    Check(
        "dead_open",
        "dead_letters",
        Label("records refused, still open", "未处理的死信"),
        Label(
            "Records that could not become events, whenever they were read: they are in no figure. Mend and retry them.",
            "未能成为事件的记录(不论何时读入):不含在任何数字中,请修正后重试。",
        ),
        "letters",
    ),
    Check(
        "dead_settled",
        "dead_letters",
        Label("records refused and settled", "已处理的死信"),
        Label("Refused once, and by a retry in the ledger now.", "曾被拒收,重试后已入账。"),
        "letters",
        look=None,
    ),
)


STILL_OPEN = (
    Check(
        "open_calls",
        "open",
        Label("calls open for over a day", "超过一天未结束的通话"),
        Label(
            "No end on record a day after they began: their talk is counted in no figure, and their leg stays open.",
            "开始一天后仍无结束记录:通话时长未计入任何数字。",
        ),
        "call",
        "call",
        bad=PERCENT,
    ),
    Check(
        "open_tickets",
        "open",
        Label("tickets still open", "未完成的工单"),
        Label(
            "Opened in the period and not resolved, cancelled or voided: counted as pending.", "本期建单且未完成、取消或作废。"
        ),
        "ticket",
        "ticket",
        look=None,
    ),
    Check(
        "unsigned_shifts",
        "open",
        Label("shifts nobody signed out of", "未签出的班次"),
        Label(
            "The last stretch ends by rule (next sign-in, end of shift, 16 hours): signed-in and idle time may be too long.",
            "最后一段按规则截止(下次签入、班次结束或 16 小时):签入与空闲时长可能偏长。",
        ),
        "shift",
        "shift",
        bad=Decimal("0.05"),
    ),
)
