"""Queue entries: how many came, how they ended and how long they waited (spec: a queue entry)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

TIMES = {
    Attribution.ENTER: ("entered_at",),
    Attribution.ANSWER: ("answered_at", "left_at", "entered_at"),
    Attribution.END: ("ended_at", "left_at", "answered_at", "entered_at"),
}
"""Under ``answer`` and ``end`` an entry that never came so far counts at the last moment known of it."""
_SETTLED = "is_entry AND outcome != 'waiting'"
_ANSWERED = "is_entry AND outcome = 'answered'"
_IN_TIME = f"{_ANSWERED} AND wait_ms <= {{threshold_ms:Int64}}"
_ABANDONED = "is_entry AND outcome = 'abandoned'"
_REFUSED = "is_entry AND outcome IN ('full', 'closed', 'join_empty', 'diverted')"
QUEUE_CAUSED = f"{_ABANDONED} AND rings = 0"
"""An abandon during which no agent was rung."""


def _entries(where: str) -> Amount:
    return Amount("legs", "1", where, TIMES)


def _waited(where: str) -> Amount:
    return Amount("legs", "assumeNotNull(wait_ms)", f"{where} AND wait_ms IS NOT NULL", TIMES)


def _count(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, _entries(where), movable=True)


def _ratio(code: str, label: Label, definition: Label, where: str, of: str, better: Better) -> Metric:
    return Metric(code, label, definition, Unit.RATIO, better, _entries(where), _entries(of), movable=True)


def _mean_wait(code: str, label: Label, definition: Label, where: str) -> Metric:
    of = Amount("legs", "1", f"{where} AND wait_ms IS NOT NULL", TIMES)
    return Metric(code, label, definition, Unit.MS, Better.LOWER, _waited(where), of, movable=True)


OUTCOMES = {
    "abandoned": Label("abandoned", "放弃"),
    "timeout": Label("timed out", "排队超时"),
    "key": Label("left by key", "按键退出"),
    "join_empty": Label("refused: nobody on duty", "无座席拒入"),
    "leave_empty": Label("left: nobody on duty", "无座席退出"),
    "full": Label("refused: queue full", "队列已满"),
    "closed": Label("refused: closed", "非服务时间"),
    "diverted": Label("diverted", "分流"),
    "callback": Label("chose a callback", "转回拨"),
    "withdrawn": Label("withdrawn", "撤回"),
    "system": Label("lost by the system", "系统释放"),
}
"""Every way of leaving a queue unanswered."""
OUTCOME_METRICS = tuple(f"{name}_entries" for name in OUTCOMES)
"""One count per way of leaving a queue unanswered; with ``answered`` and ``waiting`` they are all there is."""
_KNOWN = ", ".join(f"'{name}'" for name in OUTCOMES)

METRICS: tuple[Metric, ...] = (
    _count(
        "entries",
        Label("queue entries", "排队量"),
        Label(
            "Times a contact entered a queue; each entry of one call counts; an answer that names a queue without "
            "queueing is an entry with a wait of 0.",
            "进入技能组排队的次数;同一通话每次进入各计一次;未排队直接由技能组应答的,按等待 0 计一次。",
        ),
        "is_entry",
    ),
    _count(
        "answered",
        Label("answered", "人工接通量"),
        Label("Queue entries that an agent answered.", "由座席应答的排队次数。"),
        _ANSWERED,
        Better.HIGHER,
    ),
    _count(
        "unanswered",
        Label("unanswered", "呼损量"),
        Label(
            "Queue entries that ended without an answer, whatever the reason; those still waiting are not among them.",
            "未获应答而结束的排队次数(不论原因);仍在等待的不计。",
        ),
        f"{_SETTLED} AND outcome != 'answered'",
        Better.LOWER,
    ),
    _count(
        "waiting",
        Label("still waiting", "仍在等待"),
        Label(
            "Queue entries neither answered nor left at the cutoff; left out of every denominator.",
            "截止时既未应答也未离开的排队次数;不计入任何分母。",
        ),
        "is_entry AND outcome = 'waiting'",
    ),
    _count(
        "left_queue",
        Label("left the queue", "离开排队"),
        Label(
            f"Queue entries that ended as one of: {', '.join(o.en for o in OUTCOMES.values())}. "
            "With the answered and those still waiting they are all queue entries.",
            f"以下列方式结束的排队次数:{'、'.join(o.zh for o in OUTCOMES.values())}。与人工接通量、仍在等待之和等于排队量。",
        ),
        f"is_entry AND outcome IN ({_KNOWN})",
        Better.LOWER,
    ),
    _count(
        "refused",
        Label("refused", "拒入量"),
        Label(
            "Queue entries refused on arrival: full, closed, nobody on duty, diverted. They stay in every denominator.",
            "到达即被拒绝的排队次数:队列满、非服务时间、无座席、分流;计入分母。",
        ),
        _REFUSED,
        Better.LOWER,
    ),
    *(
        _count(
            f"{name}_entries",
            label,
            Label(f"Queue entries that ended as: {label.en}.", f"以“{label.zh}”结束的排队次数。"),
            f"is_entry AND outcome = '{name}'",
            Better.LOWER,
        )
        for name, label in OUTCOMES.items()
    ),
    _count(
        "short_abandons",
        Label("abandoned within {threshold}", "{threshold}内放弃"),
        Label("Queue entries abandoned within {threshold} of entering.", "进入排队后 {threshold} 内放弃的次数。"),
        f"{_ABANDONED} AND wait_ms <= {{threshold_ms:Int64}}",
    ),
    _count(
        "answered_in_time",
        Label("answered within {threshold}", "{threshold}内接通量"),
        Label("Queue entries answered within {threshold} of entering.", "进入排队后 {threshold} 内应答的次数。"),
        _IN_TIME,
        Better.HIGHER,
    ),
    _ratio(
        "answer_rate",
        Label("answer rate", "人工接通率"),
        Label(
            "Queue entries answered ÷ queue entries (each entry of one call counts; refused entries and short abandons "
            "are inside, those still waiting are not).",
            "人工接通量 ÷ 排队量(同一通话每次排队各计;含拒入与短时放弃,不含仍在等待)。",
        ),
        _ANSWERED,
        _SETTLED,
        Better.HIGHER,
    ),
    _ratio(
        "service_level",
        Label("answered within {threshold}, rate", "人工{threshold}接通率"),
        Label(
            "Queue entries answered within {threshold} of entering ÷ queue entries.",
            "进入排队后 {threshold} 内应答的次数 ÷ 排队量。",
        ),
        _IN_TIME,
        _SETTLED,
        Better.HIGHER,
    ),
    _ratio(
        "kpi_service_level",
        Label("answered within {threshold}, KPI rate", "{threshold}接通率(考核)"),
        Label(
            "Queue entries answered within {threshold} ÷ queue entries, abandons caused by the queue (no agent was "
            "rung in that entry) left out.",
            "{threshold} 内应答的次数 ÷ 排队量;因排队而放弃的(该次排队未振铃任何座席)不计入分母。",
        ),
        _IN_TIME,
        f"{_SETTLED} AND NOT ({QUEUE_CAUSED})",
        Better.HIGHER,
    ),
    _ratio(
        "abandon_rate",
        Label("abandon rate", "放弃率"),
        Label("Queue entries abandoned ÷ queue entries.", "放弃次数 ÷ 排队量。"),
        _ABANDONED,
        _SETTLED,
        Better.LOWER,
    ),
    _mean_wait(
        "asa",
        Label("average speed of answer", "平均应答速度"),
        Label("Wait of answered queue entries ÷ answered queue entries.", "已应答排队的等待时长 ÷ 人工接通量。"),
        _ANSWERED,
    ),
    _mean_wait(
        "avg_queue_time",
        Label("average queue time", "平均排队时间"),
        Label(
            "Wait of all queue entries that left the queue, answered or not, ÷ their number.",
            "所有离开队列者(无论是否应答)的等待时长 ÷ 其次数。",
        ),
        _SETTLED,
    ),
    _mean_wait(
        "avg_abandon_time",
        Label("average time to abandon", "平均放弃时间"),
        Label("Wait of abandoned queue entries ÷ abandoned queue entries.", "放弃者的等待时长 ÷ 放弃次数。"),
        _ABANDONED,
    ),
    _mean_wait(
        "avg_lost_wait",
        Label("average wait until lost", "平均呼损等待时长"),
        Label(
            "Wait of queue entries that ended without an answer ÷ their number.",
            "未获应答而结束的排队的等待时长 ÷ 其次数。",
        ),
        f"{_SETTLED} AND outcome != 'answered'",
    ),
    Metric(
        "queue_time",
        Label("time queued", "排队总时长"),
        Label("Wait of all queue entries that left the queue.", "所有离开队列者的等待时长之和。"),
        Unit.MS,
        Better.LOWER,
        Amount(
            "legs",
            "assumeNotNull(wait_ms)",
            f"{_SETTLED} AND wait_ms IS NOT NULL",
            TIMES,
            ("entered_at", "if(answered_at IS NULL, left_at, answered_at)"),
        ),
        movable=True,
    ),
    Metric(
        "p90_wait",
        Label("wait, 90th percentile", "等待时长 P90"),
        Label(
            "Nine in ten queue entries that left the queue waited no longer (linear interpolation).",
            "十分之九离开队列者的等待不超过该值(线性插值)。",
        ),
        Unit.MS,
        Better.LOWER,
        Amount("legs", "wait_ms", f"{_SETTLED} AND wait_ms IS NOT NULL", TIMES, fold=Fold.P90),
        movable=True,
    ),
    Metric(
        "called_back",
        Label("called back", "已回拨"),
        Label(
            "Unanswered queue entries for which a callback was attempted, or whose customer was called within 24 hours "
            "of leaving the queue.",
            "未接通的排队中,该通话已有回访拨打,或离开排队后 24 小时内已外呼该客户的次数。",
        ),
        Unit.COUNT,
        Better.HIGHER,
        Amount("lost_entries", "1", "called_back", TIMES),
        movable=True,
    ),
    Metric(
        "called_back_rate",
        Label("called back, rate", "回拨率"),
        Label("Unanswered queue entries called back ÷ unanswered queue entries.", "已回拨次数 ÷ 呼损量。"),
        Unit.RATIO,
        Better.HIGHER,
        Amount("lost_entries", "1", "called_back", TIMES),
        Amount("lost_entries", "1", "", TIMES),
        movable=True,
    ),
)
