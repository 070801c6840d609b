"""Wazo's statistics of queues and agents, as wazo-call-logd computes them."""

from __future__ import annotations

from opsledger.projections.metrics.model import Attribution, Label
from opsledger.projections.metrics.profiles.amounts import ANSWERED, ANSWERED_IN_TIME, either, outcome, waits
from opsledger.projections.metrics.profiles.model import Book, Profile, by_code

_BOOK = Book("wazo-call-logd, database/queries/queue_stat.py and agent_stat.py; xivo-dao, stat_dao.py")
_WAITED = either(ANSWERED, outcome("abandoned", "leave_empty", "timeout"))
_TRIED = either(_WAITED, outcome("full", "join_empty"))
_KNOWN = either(_TRIED, outcome("closed", "diverted"))
"""Every outcome that Wazo has a row for; it has none for leaving by key, for a callback, a withdrawal, a loss."""

WAZO = Profile(
    "wazo",
    Label("Wazo", "Wazo 平台"),
    _BOOK.source,
    Label(
        "A call belongs to the hour of its ENTERQUEUE, its conversation too; time signed in, paused and in wrap-up is "
        "apportioned to the hours that it covers.",
        "通话(含其通话时长)归入 ENTERQUEUE 所在小时;签入、示忙、话后时长按所覆盖的小时分摊。",
    ),
    by_code(
        [
            _BOOK.says(
                "answer_rate",
                Label("answered rate", "接通率(Wazo)"),
                Label(
                    "Answered ÷ (answered + abandoned + full + nobody on duty, left or refused + timed out); closed and "
                    "diverted entries are left out.",
                    "接通 ÷(接通 + 放弃 + 队列满 + 无座席退出 + 无座席拒入 + 超时);非服务时间与分流不计。",
                ),
                ANSWERED,
                _TRIED,
            ),
            _BOOK.says(
                "service_level",
                Label("quality of service, {threshold}", "{threshold}服务质量(Wazo)"),
                Label(
                    "Queue entries answered within {threshold} ÷ queue entries answered.",
                    "{threshold} 内应答的次数 ÷ 人工接通量。",
                ),
                ANSWERED_IN_TIME,
                ANSWERED,
            ),
            _BOOK.says(
                "avg_queue_time",
                Label("average waiting time", "平均等待时长(Wazo)"),
                Label(
                    "Wait of all ÷ (answered + abandoned + left with nobody on duty + timed out).",
                    "全部等待时长 ÷(接通 + 放弃 + 无座席退出 + 超时)。",
                ),
                waits(_KNOWN),
                _WAITED,
            ),
            _BOOK.says("talk_time", Label("conversation time", "会话时长(Wazo)"), at=Attribution.ENTER),
            _BOOK.says("legs_answered", Label("answered by agents", "座席应答量(Wazo)"), at=Attribution.ENTER),
            _BOOK.says("wrap_up_time", Label("wrap-up time", "话后时长(Wazo)"), at=Attribution.SPREAD),
            _BOOK.says("signed_in_time", Label("login time", "登录时长(Wazo)")),
            _BOOK.says("pause_time", Label("pause time", "暂停时长(Wazo)")),
        ]
    ),
)
