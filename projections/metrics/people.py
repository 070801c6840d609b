"""Who works here: joined, moved, left, the mean head count and what share of it left (spec: attrition)."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Fold, Label, Metric, Unit

_BEGAN = {Attribution.ENTER: ("from_at",)}
_ENDED = {Attribution.END: ("until_at",)}
_CUTOFF = "{cutoff:DateTime64(6, 'UTC')}"
_LEFT = f"ended = 'left' AND until_at <= {_CUTOFF}"
_LENGTH_MS = f"greatest(age('millisecond', {{start:DateTime64(6, 'UTC')}}, least({{stop:DateTime64(6, 'UTC')}}, {_CUTOFF})), 0)"
"""Length of the period, as far as it is over at the cutoff."""
_PERSON_TIME = Amount("staff_stints", "", "", span=("from_at", "until_at"))
_NEEDS = Label(
    "nobody is on record as working here in this period (staff.joined).",
    "本期无在职人员记录(staff.joined)。",
)


def _count(code: str, label: Label, definition: Label, amount: Amount, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, amount, default=next(iter(amount.times)))


METRICS: tuple[Metric, ...] = (
    _count(
        "staff_joined",
        Label("joined", "入职人数"),
        Label("People who joined.", "入职的人数。"),
        Amount("staff_stints", "1", "began = 'joined'", _BEGAN),
    ),
    _count(
        "staff_moved",
        Label("moved in from another team", "调入人数"),
        Label("People who moved into a team from another one.", "由其他班组调入的人数。"),
        Amount("staff_stints", "1", "began = 'moved'", _BEGAN),
    ),
    _count(
        "staff_left",
        Label("left", "离职人数"),
        Label("People who left.", "离职的人数。"),
        Amount("staff_stints", "1", _LEFT, _ENDED),
        Better.LOWER,
    ),
    _count(
        "headcount_end",
        Label("head count at the end", "期末人数"),
        Label(
            "People who work here at the period's end, or at the cutoff where that is sooner.",
            "期末(或截止时刻,取早者)在职人数。",
        ),
        Amount(
            "staff_period",
            "1",
            "from_at <= last_at AND (until_at IS NULL OR until_at > last_at)",
            {Attribution.END: ("last_at",)},
        ),
    ),
    Metric(
        "headcount",
        Label("mean head count", "平均人数"),
        Label(
            "Time during which people worked here ÷ the period's length (as far as it is over).",
            "在职人员的在职时长之和 ÷ 期间时长(计至截止时刻)。",
        ),
        Unit.COUNT,
        Better.NONE,
        _PERSON_TIME,
        Amount("staff_period", "", "", span=("begins_at", "stops_at"), fold=Fold.UNION),
        Attribution.SPREAD,
        needs=_NEEDS,
    ),
    Metric(
        "attrition",
        Label("attrition", "流失率"),
        Label(
            "People who left ÷ mean head count; that is, each one who left weighs the period's length, over the time during "
            "which people worked here.",
            "离职人数 ÷ 平均人数(即离职人数 × 期间时长 ÷ 在职时长之和)。",
        ),
        Unit.RATIO,
        Better.LOWER,
        Amount("staff_stints", _LENGTH_MS, _LEFT, _ENDED),
        _PERSON_TIME,
        Attribution.END,
        needs=_NEEDS,
    ),
)
