"""Amazon Connect's historical metrics, as its administrator guide defines them."""

from __future__ import annotations

from opsledger.projections.metrics.model import Attribution, Label
from opsledger.projections.metrics.profiles.amounts import ANSWERED, QUEUED, either, outcome, waits, within, without
from opsledger.projections.metrics.profiles.model import Book, Profile, by_code

_BOOK = Book(
    "Amazon Connect Administrator Guide, Historical metrics definitions and Reference queries for the data lake",
    Attribution.END,
)
_ABANDONED = outcome("abandoned")
_REMOVED = either(ANSWERED, outcome("abandoned", "callback"))
"""Answered, abandoned, or the customer asked for a callback."""
_GAVE_UP = without(QUEUED, ANSWERED, outcome("callback"))
"""Removed from the queue, but neither answered nor queued for a callback."""

CONNECT = Profile(
    "connect",
    Label("Amazon Connect", "Amazon Connect 平台"),
    _BOOK.source,
    Label(
        "Metrics of contact records count when the contact ended. Contacts queued are those let in: who was turned away on "
        "arrival (full, closed, nobody on duty) is in no denominator. Who asks for a callback has not abandoned.",
        "联络记录类指标按联络结束时刻计。排队量只含真正入队者:到达即拒的(队列满、非服务时间、无座席)不计入分母。转回拨的不算放弃。",
    ),
    by_code(
        [
            _BOOK.says(
                "service_level",
                Label("service level {threshold}", "{threshold}服务水平(Connect)"),
                Label(
                    "Contacts removed from the queue within {threshold} (answered, abandoned, or a callback asked for) ÷ "
                    "contacts queued.",
                    "{threshold} 内离开队列(应答、放弃或转回拨)的联络数 ÷ 入队联络数。",
                ),
                within(_REMOVED),
                QUEUED,
            ),
            _BOOK.says(
                "answered_in_time",
                Label("contacts answered in {threshold}", "{threshold}内应答联络数"),
            ),
            _BOOK.says("short_abandons", Label("contacts abandoned in {threshold}", "{threshold}内放弃联络数")),
            _BOOK.says(
                "abandon_rate",
                Label("abandonment rate", "放弃率(Connect)"),
                Label(
                    "Contacts abandoned ÷ contacts queued; callbacks are no abandons.", "放弃数 ÷ 入队联络数;转回拨不算放弃。"
                ),
                _ABANDONED,
                QUEUED,
            ),
            _BOOK.says("asa", Label("average queue answer time", "平均排队应答时长")),
            _BOOK.says(
                "avg_abandon_time",
                Label("average queue abandon time", "平均排队放弃时长"),
                Label(
                    "Wait of the contacts removed from the queue that were neither answered nor queued for a callback ÷ "
                    "their number.",
                    "离开队列而未应答、未转回拨的联络的等待时长 ÷ 其数量。",
                ),
                waits(_GAVE_UP),
                _GAVE_UP,
            ),
            _BOOK.says("legs_answered", Label("contacts handled", "处理联络数")),
            _BOOK.says("talk_time", Label("agent interaction time", "座席互动时长")),
            _BOOK.says("hold_time", Label("customer hold time", "客户保持时长")),
            _BOOK.says("wrap_up_time", Label("after contact work time", "联络后处理时长")),
            _BOOK.says("handle_time", Label("contact handle time", "联络处理时长")),
            _BOOK.says("avg_talk", Label("average agent interaction time", "平均座席互动时长")),
            _BOOK.says("avg_hold", Label("average customer hold time", "平均客户保持时长")),
            _BOOK.says("avg_wrap_up", Label("average after contact work time", "平均联络后处理时长")),
            _BOOK.says("avg_handle", Label("average handle time", "平均处理时长(Connect)")),
            _BOOK.says("transferred_inside", Label("contacts transferred out internal", "内部转出联络数")),
            _BOOK.says("transfers_outside", Label("contacts transferred out external", "外部转出联络数")),
            _BOOK.says(
                "rings_missed",
                Label("agent non-response", "座席未响应数"),
                Label(
                    "Contacts routed to an agent and not answered by that agent; once for each time.",
                    "分配给座席而未应答的联络数,每次各计一次。",
                ),
            ),
            _BOOK.says("signed_in_time", Label("online time", "在线时长")),
            _BOOK.says("idle_time", Label("agent idle time", "座席空闲时长")),
            _BOOK.says("pause_time", Label("non-productive time", "非生产时长")),
            _BOOK.says("occupancy", Label("occupancy (Connect)", "占用率(Connect)")),
        ]
    ),
    attribution=_BOOK.attribution,
)
