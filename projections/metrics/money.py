"""Money: what calls cost, what was taken by penalties and given by awards. Currencies are never added to each other."""

from __future__ import annotations

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

_MONTH = {Attribution.END: ("month_at",)}
_ASSESSED = {Attribution.ENTER: ("assessed_at",)}
_GRANTED = {Attribution.ENTER: ("granted_at",)}
_COST = Amount("month_costs", "amount", "", _MONTH, exact=True, currency="currency", money=True)
_NEEDS = Label(
    "costs belong to whole months: the period must hold one that has recorded costs, in one currency.",
    "成本按整月登记:期间须包含已登记成本的整月,且币种一致。",
)


def _count(code: str, label: Label, definition: Label, amount: Amount, better: Better = Better.NONE) -> Metric:
    return Metric(code, label, definition, Unit.COUNT, better, amount, default=next(iter(amount.times)))


def _penalties(value: str, where: str = "") -> Amount:
    if value == "1":
        return Amount("penalties", value, where, _ASSESSED)
    return Amount("penalties", value, where, _ASSESSED, exact=True, currency="currency", money=True)


def _money(code: str, label: Label, definition: Label, amount: Amount, better: Better) -> Metric:
    return Metric(code, label, definition, Unit.MONEY, better, amount, default=next(iter(amount.times)))


METRICS: tuple[Metric, ...] = (
    _money(
        "cost_recorded",
        Label("recorded cost", "登记成本"),
        Label("Recorded costs of the months that lie wholly in the period.", "期间所含整月的登记成本。"),
        _COST,
        Better.LOWER,
    ),
    Metric(
        "cost_per_call",
        Label("cost per call", "单个呼叫成本"),
        Label(
            "Recorded cost of the months that lie wholly in the period ÷ calls handled (legs that ended) in those months.",
            "期间所含整月的登记成本 ÷ 同月处理量(已结束的段)。",
        ),
        Unit.MONEY,
        Better.LOWER,
        _COST,
        Amount("month_legs", "1", "outcome = 'answered'", _MONTH),
        Attribution.END,
        needs=_NEEDS,
    ),
    _count(
        "penalties",
        Label("penalties", "扣罚笔数"),
        Label("Penalties assessed.", "认定的扣罚笔数。"),
        _penalties("1"),
        Better.LOWER,
    ),
    _count(
        "penalties_appealed",
        Label("appealed", "申诉笔数"),
        Label("Of the penalties assessed, those appealed against so far.", "其中至今已申诉的笔数。"),
        _penalties("1", "appealed_at IS NOT NULL"),
    ),
    _count(
        "penalties_waived",
        Label("waived", "免除笔数"),
        Label("Of the penalties assessed, those waived so far.", "其中至今已免除的笔数。"),
        _penalties("1", "state = 'waived'"),
    ),
    _count(
        "penalties_settled",
        Label("settled", "已结算笔数"),
        Label("Of the penalties assessed, those settled so far.", "其中至今已结算的笔数。"),
        _penalties("1", "settled_at IS NOT NULL"),
    ),
    _money(
        "penalty_assessed",
        Label("amount assessed", "认定扣罚金额"),
        Label("Amounts of the penalties as assessed.", "扣罚的认定金额之和。"),
        _penalties("assessed_amount"),
        Better.LOWER,
    ),
    _money(
        "penalty_amount",
        Label("amount to be paid", "应扣金额"),
        Label(
            "What is to be paid for the penalties assessed, after reductions; nothing where waived.",
            "所认定扣罚的应扣金额(减免后;已免除的为零)。",
        ),
        _penalties("amount"),
        Better.LOWER,
    ),
    _count(
        "awards",
        Label("awards", "奖励笔数"),
        Label("Awards granted and not revoked since.", "授予且未撤销的奖励笔数。"),
        Amount("awards", "1", "revoked_at IS NULL", _GRANTED),
    ),
    _count(
        "awards_revoked",
        Label("awards revoked", "撤销奖励笔数"),
        Label("Of the awards granted, those revoked so far.", "授予的奖励中至今已撤销的笔数。"),
        Amount("awards", "1", "revoked_at IS NOT NULL", _GRANTED),
    ),
    _money(
        "award_amount",
        Label("amount awarded", "奖励金额"),
        Label(
            "Amounts of the awards granted and not revoked since, in the contract's currency.",
            "授予且未撤销的奖励金额之和(按合同币种)。",
        ),
        Amount("awards", "amount", "revoked_at IS NULL", _GRANTED, exact=True, money=True),
        Better.NONE,
    ),
)
