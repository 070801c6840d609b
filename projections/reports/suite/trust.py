"""Trust 数据可信度: how far the other reports may be relied on."""

from __future__ import annotations

from opsledger.projections.metrics.model import Label
from opsledger.projections.reports.model import Report, Shape
from opsledger.projections.reports.suite.shared import ALL, TRUST

REPORTS = (
    Report(
        "data_quality",
        TRUST,
        Label("Data quality", "数据质量"),
        Shape.CHECKS,
        ALL,
        any_span=True,
    ),
)
"""In the order of ``report list``."""
