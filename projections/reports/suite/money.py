"""Money 结算: what was taken by penalties, and what a vendor is paid for a month."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import TEXT, TIME, Listing, Report, Shape
from opsledger.projections.reports.suite.shared import ALL, MONEY, codes

_AMOUNT, _QUANTITY, _PRICE = Unit.MONEY, "quantity", "unit_price"
PENALTIES: dict[str, tuple[str, Label]] = {
    "penalty": (TEXT, Label("penalty", "扣罚编号")),
    "assessed_at": (TIME, Label("assessed", "认定时间")),
    "vendor": (TEXT, Label("vendor", "外包公司")),
    "contract": (TEXT, Label("contract", "合同")),
    "rule": (TEXT, Label("rule", "条款")),
    "party": (TEXT, Label("who pays (kind)", "责任方类型")),
    "party_id": (TEXT, Label("who pays", "责任方")),
    "quantity": (_QUANTITY, Label("quantity", "数量")),
    "unit_amount": (_PRICE, Label("unit amount", "单价")),
    "assessed_amount": (_AMOUNT, Label("amount assessed", "认定金额")),
    "amount": (_AMOUNT, Label("amount to be paid", "应扣金额")),
    "currency": (TEXT, Label("currency", "币种")),
    "period": (TEXT, Label("month", "所属月份")),
    "state": (TEXT, Label("state", "状态")),
    "appealed_at": (TIME, Label("appealed", "申诉时间")),
    "decided_at": (TIME, Label("decided", "裁定时间")),
    "settled_at": (TIME, Label("settled", "结算时间")),
    "settled_period": (TEXT, Label("settled in", "结算月份")),
    "reason": (TEXT, Label("reason", "理由")),
    "evidence": (Unit.COUNT, Label("events as evidence", "证据事件数")),
}
"""Column of ``penalties.sql`` → unit and title, in the order of its SELECT."""

AWARDS: dict[str, tuple[str, Label]] = {
    "award": (TEXT, Label("award", "奖励编号")),
    "granted_at": (TIME, Label("granted", "授予时间")),
    "contract": (TEXT, Label("contract", "合同")),
    "rule": (TEXT, Label("rule", "条款")),
    "agent": (TEXT, Label("agent", "座席")),
    "amount": (_AMOUNT, Label("amount", "金额")),
    "period": (TEXT, Label("month", "所属月份")),
    "revoked_at": (TIME, Label("revoked", "撤销时间")),
    "reason": (TEXT, Label("reason", "理由")),
    "evidence": (Unit.COUNT, Label("events as evidence", "证据事件数")),
}
"""Column of ``awards.sql`` → unit and title, in the order of its SELECT."""

REPORTS = (
    Report(
        "penalties",
        MONEY,
        Label("Penalties", "扣罚明细"),
        Shape.LIST,
        ALL,
        codes("penalties penalties_appealed penalties_waived penalties_settled penalty_assessed penalty_amount"),
        filters=("vendor", "contract", "rule", "party", "party_id", "currency", "period", "state"),
        listing=Listing(
            "penalties.sql", PENALTIES, counted={"assessed_amount": "penalty_assessed", "amount": "penalty_amount"}
        ),
        below=((Label("Awards granted in the period", "本期授予的奖励"), Listing("awards.sql", AWARDS)),),
        headline=("assessed_amount", "amount"),
    ),
    Report(
        "vendor_statement",
        MONEY,
        Label("Vendor statement", "外包结算单"),
        Shape.STATEMENT,
        (Grain.MONTH,),
        filters=("vendor", "contract"),
        headline=("amount",),
    ),
)
"""In the order of ``report list``."""
