"""Asterisk's two service levels, as app_queue counts them."""

from __future__ import annotations

from opsledger.projections.metrics.model import Label
from opsledger.projections.metrics.profiles.amounts import ANSWERED, ANSWERED_IN_TIME, either, outcome, within
from opsledger.projections.metrics.profiles.model import Book, Profile, by_code

_THRESHOLD_MS = 60_000
"""``servicelevel = 60`` of Asterisk's sample configuration."""
_BOOK = Book("Asterisk, apps/app_queue.c (manager_queues_status, record_abandoned) and configs/samples/queues.conf.sample")
_ABANDONED = outcome("abandoned", "timeout", "leave_empty", "withdrawn")
"""app_queue adds a caller who is timed out, is withdrawn or finds nobody on duty to its counter of abandoned calls."""

ASTERISK_SL = Profile(
    "asterisk-sl",
    Label("Asterisk, first service level", "Asterisk 第一服务水平"),
    _BOOK.source,
    Label(
        "ServicelevelPerf: what was lost is in neither part. Hold and talk time of app_queue are running averages that "
        "forget, not sums, so the dictionary's means stand in for them.",
        "ServicelevelPerf:呼损不在分子,也不在分母。app_queue 的等待与通话时长是逐次衰减的移动平均,不可加总,故用字典的平均值。",
    ),
    by_code(
        [
            _BOOK.says(
                "service_level",
                Label("answered within {threshold}, of the answered (SL)", "{threshold}内接通占接通量之比(SL)"),
                Label(
                    "ServicelevelPerf: queue entries answered within {threshold} ÷ queue entries answered.",
                    "ServicelevelPerf:{threshold} 内应答的次数 ÷ 人工接通量。",
                ),
                ANSWERED_IN_TIME,
                ANSWERED,
            )
        ]
    ),
    _THRESHOLD_MS,
)

ASTERISK_SL2 = Profile(
    "asterisk-sl2",
    Label("Asterisk, second service level", "Asterisk 第二服务水平"),
    _BOOK.source,
    Label(
        "ServicelevelPerf2: a caller lost within the threshold counts as served in time. Timed out, withdrawn and nobody on "
        "duty are abandons; a caller who leaves by key, or is refused on arrival, is not counted.",
        "ServicelevelPerf2:阈值内流失的来话按及时计。排队超时、被撤回、无座席退出均算放弃;按键退出、到达即拒的不计。",
    ),
    by_code(
        [
            _BOOK.says(
                "service_level",
                Label("answered or abandoned within {threshold} (SL2)", "{threshold}内接通或放弃之比(SL2)"),
                Label(
                    "ServicelevelPerf2: queue entries answered or abandoned within {threshold} ÷ queue entries answered "
                    "or abandoned; timed out, withdrawn and left with nobody on duty count as abandoned.",
                    "ServicelevelPerf2:{threshold} 内应答或放弃的次数 ÷ 应答与放弃之和;超时、被撤回、无座席退出按放弃计。",
                ),
                either(ANSWERED_IN_TIME, within(_ABANDONED)),
                either(ANSWERED, _ABANDONED),
            )
        ]
    ),
    _THRESHOLD_MS,
)
