"""The make-up of the simulated centre: hotlines, voice menus, queues, pools, topics. Numbers are ours, chosen to look real."""

from __future__ import annotations

from dataclasses import dataclass

from opsledger.ingest.simulator.chance import wheel

FIRST, SECOND, HOME, DIAL = "first", "second", "home", "dial"
"""Pools of agents: the first vendor's, the second vendor's, in-house, in-house outbound."""

SERVICE, SALES, REPAIR = "4008001000", "4008002000", "4008003000"
WEB, MAIL, OUTBOUND = "web-desk", "mail-desk", "02160001000"

_DAY = (0.3, 0.2, 0.15, 0.1, 0.1, 0.2, 0.6, 1.6, 4, 7.5, 9.3, 9, 6.5, 6.8, 7.8, 8, 7.4, 6.2, 5, 4.6, 4.2, 3.2, 1.8, 0.8)
_SHOP = (0, 0, 0, 0, 0, 0, 0, 0.2, 2, 8, 11, 11, 8, 8, 10, 11, 10, 8, 3, 1, 0.6, 0.3, 0, 0)
_ROUND = (1.6, 1.2, 1, 0.8, 0.8, 1, 2, 4, 5.5, 6.5, 7, 6.5, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 6, 7, 7.5, 6.5, 4, 2.5)
_TALKS = (0, 0, 0, 0, 0, 0, 0, 0, 1, 6, 8, 8, 7, 7, 8, 8, 8, 7, 7, 7, 8, 7, 0, 0)
WEEKDAYS = (1.2, 1.08, 1.02, 1.0, 1.02, 0.86, 0.82)
"""How busy Monday … Sunday are; mean 1."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a contact is about. Chances are shares of the legs about it."""

    category: str
    nature: str
    department: str
    accepted: float = 0.0
    ticket: float = 0.0
    complaint: float = 0.0
    callback: str = ""


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue: who staffs it, when it is open (local hours), how long things take there (mean seconds)."""

    code: str
    name: str
    hotline: str
    pool: str
    opens: float
    closes: float
    talk_s: float
    wrap_s: float
    patience_s: float
    max_wait_s: float
    topics: tuple[Topic, ...]
    share: float
    overflow: str = ""
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A way in: hotline and channel, its share of all contacts, its day, the queues it leads to."""

    hotline: str
    channel: str
    share: float
    hours: tuple[float, ...]
    queues: tuple[str, ...]
    flow: str = ""
    self_service: float = 0.0


_BILL = Topic("账单/查询", "consult", "计费中心", ticket=0.03, complaint=0.004)
_TARIFF = Topic("资费/套餐", "consult", "市场部", complaint=0.003)
_BALANCE = Topic("账单/充值", "consult", "计费中心")
_INSTALL = Topic("宽带/新装", "request", "装维中心", accepted=0.72, ticket=0.85, callback="new_install")
_MOVE = Topic("宽带/移机", "request", "装维中心", accepted=0.8, ticket=0.85, callback="relocation")
_PLAN = Topic("套餐/变更", "request", "市场部", accepted=0.83, ticket=0.1)
_STOP = Topic("业务/退订", "request", "市场部", accepted=0.6, ticket=0.15, complaint=0.01)
_DOWN = Topic("宽带/不通", "fault", "装维中心", ticket=0.7, complaint=0.01, callback="repair")
_SLOW = Topic("宽带/网速慢", "fault", "网络部", ticket=0.45, complaint=0.01, callback="repair")
_PHONE = Topic("固话/无声", "fault", "装维中心", ticket=0.6, callback="repair")
_FEES = Topic("投诉/乱收费", "complaint", "计费中心", ticket=0.4, complaint=0.25)
_MANNER = Topic("投诉/服务态度", "complaint", "客服中心", complaint=0.2)
_LATE = Topic("投诉/装维超时", "complaint", "装维中心", ticket=0.5, complaint=0.35)
_OTHER = Topic("其他/其他", "other", "客服中心")
CAMPAIGN = Topic("营销/宽带提速", "request", "市场部", accepted=0.12)
RENEWAL = Topic("营销/合约续约", "request", "市场部", accepted=0.27)
CAMPAIGNS: tuple[tuple[str, Topic], ...] = (("宽带提速专项", CAMPAIGN), ("宽带提速专项", CAMPAIGN), ("合约续约专项", RENEWAL))
"""What outbound agents offer, in turn."""
VISIT = Topic("回访/满意度", "other", "客服中心")

_CONSULTS = wheel((_BILL, 40), (_TARIFF, 32), (_BALANCE, 14), (_PLAN, 8), (_OTHER, 6))
_ORDERS = wheel((_INSTALL, 34), (_MOVE, 18), (_PLAN, 30), (_STOP, 14), (_OTHER, 4))
_FAULTS = wheel((_DOWN, 55), (_SLOW, 30), (_PHONE, 12), (_OTHER, 3))
_COMPLAINTS = wheel((_FEES, 45), (_MANNER, 25), (_LATE, 30))

QUEUES: tuple[QueueSpec, ...] = (
    QueueSpec("consult", "业务咨询", SERVICE, FIRST, 7.5, 22, 175, 28, 110, 420, _CONSULTS, 0.40, overflow="overflow"),
    QueueSpec("orders", "业务受理", SALES, FIRST, 8.5, 19, 260, 55, 130, 480, _ORDERS, 0.13),
    QueueSpec("overflow", "溢出组", SERVICE, SECOND, 7.5, 22, 185, 30, 95, 300, _CONSULTS, 0.06),
    QueueSpec("chat", "在线客服", WEB, SECOND, 8, 22, 420, 25, 160, 600, _CONSULTS, 0.06),
    QueueSpec("repair", "故障报修", REPAIR, HOME, 0, 24, 230, 45, 170, 600, _FAULTS, 0.14),
    QueueSpec("vip", "贵宾专席", SERVICE, HOME, 0, 24, 200, 40, 90, 240, _CONSULTS, 0.03, priority=9),
    QueueSpec("complaint", "投诉专席", SERVICE, HOME, 8, 21, 380, 120, 200, 600, _COMPLAINTS, 0.04),
    QueueSpec("email", "邮件工单", MAIL, HOME, 0, 24, 300, 20, 60_000, 80_000, _CONSULTS, 0.02),
)

DIAL_QUEUE = QueueSpec("", "外呼", OUTBOUND, DIAL, 0, 24, 120, 20, 60, 60, (CAMPAIGN,), 0)
"""What outbound agents do; nobody waits in it."""

LINES: tuple[LineSpec, ...] = (
    LineSpec(SERVICE, "phone", 0.62, _DAY, wheel(("consult", 84), ("vip", 7), ("complaint", 9)), "service-menu", 0.24),
    LineSpec(SALES, "phone", 0.14, _SHOP, ("orders",), "sales-menu", 0.06),
    LineSpec(REPAIR, "phone", 0.16, _ROUND, ("repair",), "repair-menu", 0.12),
    LineSpec(WEB, "chat", 0.06, _TALKS, ("chat",)),
    LineSpec(MAIL, "email", 0.02, _DAY, ("email",)),
)

MENUS: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "service-menu": (
        (("root", ""), ("query", "1"), ("balance", "1")),
        (("root", ""), ("query", "1"), ("bill", "2")),
        (("root", ""), ("query", "1"), ("bill", "2"), ("month", "3")),
        (("root", ""), ("package", "2"), ("offers", "1")),
        (("root", ""), ("operator", "0")),
        (("root", ""), ("operator", "0")),
    ),
    "sales-menu": ((("root", ""), ("new", "1")), (("root", ""), ("change", "2")), (("root", ""), ("stop", "3"))),
    "repair-menu": (
        (("root", ""), ("broadband", "1"), ("self-test", "1")),
        (("root", ""), ("broadband", "1"), ("operator", "0")),
        (("root", ""), ("fixed-line", "2")),
    ),
}
"""Flow → the ways through it, as (node, key pressed)."""

OPENING_HOURS = {SERVICE: "07:30-22:00", SALES: "08:30-19:00", REPAIR: "00:00-24:00", WEB: "08:00-22:00", MAIL: "00:00-24:00"}
TARGETS = {"service_level_20s": 0.85, "answer_rate": 0.92, "satisfaction": 0.95, "avg_handle_s": 300}

SHIFTS: dict[str, tuple[tuple[float, float, int], ...]] = {
    FIRST: ((7.5, 16, 4), (9, 17.5, 4), (13.5, 22, 3)),
    SECOND: ((7.75, 16, 3), (10, 18.5, 2), (13.5, 21.75, 3)),
    HOME: ((7.5, 16, 4), (9.5, 18, 2), (14, 22.5, 4), (22, 31.5, 3)),
    DIAL: ((8.5, 17, 3), (11.5, 20, 2)),
}
"""Pool → shifts as (start, end) in local hours of the day and their weight; 31.5 is 07:30 of the next morning."""


def half_hours(hours: tuple[float, ...]) -> tuple[float, ...]:
    """The share of a day's contacts in each local half hour, smoothed between the hours."""
    raw = [
        value for i, hour in enumerate(hours) for value in ((3 * hour + hours[i - 1]) / 4, (3 * hour + hours[(i + 1) % 24]) / 4)
    ]
    total = sum(raw)
    return tuple(value / total for value in raw)
