"""The targets that a report's metrics are held against, from what the queues were described to reach."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from opsledger.projections.metrics.measure import Engine
from opsledger.projections.metrics.model import Unit
from opsledger.projections.metrics.query import utc_text
from opsledger.projections.metrics.registry import METRICS
from opsledger.projections.reports.model import Request

_SQL = (Path(__file__).parent / "targets.sql").read_text("utf-8")
_NARROWED_BY = ("queue", "vendor", "hotline")
_NAME = re.compile(r"(?P<code>\w+?)(?:_(?P<seconds>\d+)s)?(?P<unit>_s)?")
_MS_PER_S = 1000


def targets_of(engine: Engine, tenant: str, request: Request) -> dict[str, Decimal]:
    """Metric code → target in the metric's raw unit: those on which all queues that the request is about agree.

    Reads the ledger (``queue.described``). A name is a metric's code; ``service_level_20s`` holds for that threshold
    alone, and ``asa_s`` is in seconds. What is no metric's name or no number is passed over.
    """
    only = {f"only_{name}": list(request.only.get(name, ())) for name in _NARROWED_BY}
    bound = {"tenant": tenant, "stop": utc_text(request.period.stop), **only}
    documents = [str(row[0]) for row in engine.query(_SQL, parameters=bound).result_rows]
    found = [_read(json.loads(text or "{}"), request.threshold_ms) for text in documents]
    common = set.intersection(*(set(one.items()) for one in found)) if found else set()
    return dict(sorted(common))


def _read(document: Mapping[str, object], threshold_ms: int) -> dict[str, Decimal]:
    found = {}
    for name, value in document.items():
        match = _NAME.fullmatch(name)
        metric = METRICS.get(match["code"]) if match else None
        if match is None or metric is None or (match["seconds"] and int(match["seconds"]) * _MS_PER_S != threshold_ms):
            continue
        try:
            target = Decimal(str(value))
        except InvalidOperation:
            continue
        if target.is_finite():
            found[metric.code] = target * _MS_PER_S if match["unit"] and metric.unit is Unit.MS else target
    return found
