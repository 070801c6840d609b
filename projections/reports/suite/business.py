"""Business 业务: what customers asked about and what was carried out for them."""

from __future__ import annotations

from opsledger.domain.calendar import Grain
from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, BUSINESS, bars, codes, known

_CONSULTS = codes("consults consults_settled avg_consult_handle")
_REQUESTS = codes("legs_wrapped_up requests requests_accepted requests_refused request_rate avg_request_handle")
_TOPICS = codes("hot_topics")

REPORTS = (
    Report(
        "consults",
        BUSINESS,
        Label("Consultations by category", "业务分类咨询量"),
        Shape.ROWS,
        ALL,
        _CONSULTS,
        ("category",),
        filters=known(_CONSULTS),
        charts=(bars("Consultations by category", "各业务分类咨询量", "category", "consults"),),
        headline=_CONSULTS,
        order="consults",
        shares={"consults": ""},
    ),
    Report(
        "requests",
        BUSINESS,
        Label("Requests by category", "业务分类受理量"),
        Shape.ROWS,
        ALL,
        _REQUESTS,
        ("category",),
        filters=known(_REQUESTS),
        charts=(
            bars("Requests carried out by category", "各业务分类受理成功量", "category", "requests_accepted"),
            bars("Requests not carried out by category", "各业务分类未受理量", "category", "requests_refused"),
        ),
        headline=codes("requests requests_accepted requests_refused request_rate avg_request_handle"),
        order="requests",
        shares={"requests": ""},
    ),
    Report(
        "hot_topics",
        BUSINESS,
        Label("Hot topics", "客户资讯与热点"),
        Shape.ROWS,
        (Grain.WEEK, Grain.MONTH),
        _TOPICS,
        ("category",),
        filters=known(_TOPICS),
        previous=True,
        charts=(bars("Contacts by category", "各业务分类来电量", "category", "hot_topics"),),
        headline=_TOPICS,
        order="hot_topics",
        shares={"hot_topics": ""},
    ),
)
"""In the order of ``report list``."""
