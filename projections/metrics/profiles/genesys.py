"""Genesys Cloud's metrics, as its resource centre defines them."""

from __future__ import annotations

from opsledger.projections.metrics.model import Attribution, Label
from opsledger.projections.metrics.profiles.amounts import (
    ANSWERED,
    ANSWERED_IN_TIME,
    ENTRIES,
    NOT_LET_IN,
    also,
    amount_of,
    either,
    outcome,
    placed,
    without,
)
from opsledger.projections.metrics.profiles.model import Book, Profile, by_code

_LEVEL = Book("Genesys Cloud Resource Center, Configure the service level calculation", Attribution.ANSWER)
_QUEUE = Book("Genesys Cloud Resource Center, Metric definitions and available columns in performance views")
_AGENT = Book("Genesys Cloud Resource Center, View agent performance statistics")
_STAFF = Book("Genesys Community, Does occupancy include all busy time")
_ABANDONED = outcome("abandoned")
_OFFERED = without(ENTRIES, NOT_LET_IN)
"""nOffered: every interaction routed into the queue, those still waiting among them; flow-outs are inside."""
_WHEN_DONE = {Attribution.END: ("wrap_ended_at", "ended_at")}
"""Handle time gets its one timestamp when the after-call work is complete."""
_WRAPPED = also(amount_of("legs_answered"), "wrapped_up")
_HANDLED = placed(amount_of("legs_answered"), _WHEN_DONE)

GENESYS = Profile(
    "genesys",
    Label("Genesys Cloud", "Genesys Cloud 平台"),
    "Genesys Cloud Resource Center, Metric definitions",
    Label(
        "Each t-metric counts when it is complete: at the answer or the abandon, handling at the end of the after-call "
        "work. Of the switches of the service level, abandons and short abandons are on and flow-outs (timed out, left by "
        "key, callback, …) off.",
        "各 t 指标按其完成时刻计:应答或放弃之时;处理时长按话后处理结束时刻。服务水平的选项:计入放弃与短时放弃,不计入流出"
        "(超时、按键、转回拨等)。",
    ),
    by_code(
        [
            _LEVEL.says(
                "service_level",
                Label("service level %, {threshold}", "{threshold}服务水平(Genesys)"),
                Label(
                    "(Answered − answered later than {threshold}) ÷ (answered + abandoned).",
                    "(应答数 − 超过 {threshold} 才应答的)÷(应答数 + 放弃数)。",
                ),
                ANSWERED_IN_TIME,
                either(ANSWERED, _ABANDONED),
            ),
            _QUEUE.says(
                "answer_rate",
                Label("answer %", "应答率(Genesys)"),
                Label("Answered ÷ offered.", "应答数 ÷ 提供数(Offered)。"),
                ANSWERED,
                _OFFERED,
            ),
            _QUEUE.says(
                "abandon_rate",
                Label("abandon %", "放弃率(Genesys)"),
                Label("Abandoned ÷ offered.", "放弃数 ÷ 提供数(Offered)。"),
                _ABANDONED,
                _OFFERED,
            ),
            _QUEUE.says("asa", Label("ASA (tAnswered ÷ nAnswered)", "平均应答速度 ASA"), at=Attribution.ANSWER),
            _QUEUE.says(
                "avg_abandon_time", Label("average abandon (tAbandon)", "平均放弃时长(tAbandon)"), at=Attribution.ANSWER
            ),
            _AGENT.says("avg_talk", Label("avg talk (tTalkComplete)", "平均通话(tTalkComplete)")),
            _AGENT.says("avg_hold", Label("avg hold (tHeldComplete)", "平均保持(tHeldComplete)")),
            _AGENT.says(
                "avg_wrap_up",
                Label("avg ACW (tAcw ÷ nAcw)", "平均话后处理(tAcw ÷ nAcw)"),
                Label("After-call work ÷ interactions with after-call work.", "话后处理时长 ÷ 有话后处理的联络数。"),
                placed(also(amount_of("wrap_up_time"), "wrapped_up"), _WHEN_DONE),
                placed(_WRAPPED, _WHEN_DONE),
            ),
            _AGENT.says(
                "avg_handle",
                Label("AHT (tHandle ÷ nHandle)", "平均处理时长 AHT"),
                numerator=placed(amount_of("handle_time"), _WHEN_DONE),
                denominator=_HANDLED,
            ),
            _AGENT.says("talk_time", Label("total talk (tTalkComplete)", "通话总时长(tTalkComplete)")),
            _AGENT.says("hold_time", Label("total hold (tHeldComplete)", "保持总时长(tHeldComplete)")),
            _AGENT.says(
                "wrap_up_time",
                Label("total ACW (tAcw)", "话后处理总时长(tAcw)"),
                numerator=placed(amount_of("wrap_up_time"), _WHEN_DONE),
            ),
            _AGENT.says(
                "handle_time",
                Label("total handle (tHandle)", "处理总时长(tHandle)"),
                numerator=placed(amount_of("handle_time"), _WHEN_DONE),
            ),
            _AGENT.says("legs_answered", Label("interactions handled (nHandle)", "处理联络数(nHandle)"), numerator=_HANDLED),
            _STAFF.says("occupancy", Label("occupancy %", "占用率(Genesys)")),
        ]
    ),
)
