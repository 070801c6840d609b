"""What contacts were about: categories, consults and requests, and whether the first contact settled the matter."""

from __future__ import annotations

from opsledger.projections.metrics.legs import TIMES
from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_ENTER = {Attribution.ENTER: ("started_at",)}
_WRAPPED = "wrapped_up AND ended_at IS NOT NULL"
_NEEDS = Label(
    "only contacts with a customer and a category on record, whose window has passed, can be judged.",
    "仅能判断有客户与业务分类记录且判定窗口已过的通话。",
)


def _first(where: str) -> Amount:
    return Amount("first_contacts", "1", where, _ENTER)


def _nature(code: str, label: Label, definition: Label, where: str, better: Better = Better.NONE) -> Metric:
    amount = Amount("legs", "1", f"{_WRAPPED} AND {where}" if where else _WRAPPED, TIMES)
    return Metric(code, label, definition, Unit.COUNT, better, amount, default=Attribution.END, movable=True)


METRICS: tuple[Metric, ...] = (
    Metric(
        "contacts",
        Label("contacts with a category", "有业务分类的通话"),
        Label("Contacts that were given a category when they were wrapped up.", "事后处理时标注了业务分类的通话(联络)数。"),
        Unit.COUNT,
        Better.NONE,
        Amount("calls", "1", "category != ''", _ENTER),
    ),
    Metric(
        "fcr",
        Label("settled at first contact", "一次性解决率"),
        Label(
            "Contacts after which the customer did not call again about the same category in the window (7 days unless "
            "another is asked for) ÷ contacts judged: inbound, answered, with a customer, a category and a window that "
            "has passed.",
            "窗口期(默认 7 天)内该客户未再就同一业务分类来电的通话 ÷ 可判定的通话(呼入、已接通、有客户与业务分类、窗口已过)。",
        ),
        Unit.RATIO,
        Better.HIGHER,
        _first("judged AND NOT came_again"),
        _first("judged"),
        needs=_NEEDS,
    ),
    Metric(
        "fcr_unjudged",
        Label("not judged (first contact)", "一次解决未判定量"),
        Label(
            "Inbound contacts answered that have no customer, no category, or a window that has not passed at the cutoff.",
            "已接通的呼入中,缺客户、缺业务分类或截止时窗口未过的通话数。",
        ),
        Unit.COUNT,
        Better.NONE,
        _first("NOT judged"),
    ),
    _nature(
        "complaints_taken",
        Label("complaints taken", "投诉来电量"),
        Label("Legs wrapped up as a complaint.", "事后处理为“投诉”的段数。"),
        "nature = 'complaint'",
    ),
    _nature(
        "faults_taken",
        Label("faults taken", "报障来电量"),
        Label("Legs wrapped up as a fault.", "事后处理为“故障”的段数。"),
        "nature = 'fault'",
    ),
    _nature(
        "others_taken",
        Label("other contacts", "其他来电量"),
        Label("Legs wrapped up as something else, or without a nature.", "事后处理为“其他”或未标注性质的段数。"),
        "nature NOT IN ('consult', 'request', 'complaint', 'fault')",
    ),
    Metric(
        "request_rate",
        Label("request rate", "业务受理率"),
        Label("Legs wrapped up as a request that was accepted ÷ legs wrapped up.", "受理成功的段数 ÷ 已做事后处理的段数。"),
        Unit.RATIO,
        Better.HIGHER,
        Amount("legs", "1", f"{_WRAPPED} AND nature = 'request' AND accepted = true", TIMES),
        Amount("legs", "1", _WRAPPED, TIMES),
        Attribution.END,
        movable=True,
    ),
)
