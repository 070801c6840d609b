"""What is aimed at: targets per metric, of the tenant and of each queue, as in force at the end of a period."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from opsledger.projections.master.names import Engine
from opsledger.projections.metrics.model import Better, Unit
from opsledger.projections.metrics.registry import METRICS

_SQL = (Path(__file__).parent / "targets.sql").read_text("utf-8")
_NAME = re.compile(r"(?P<code>\w+?)(?:_(?P<seconds>\d+)s)?(?P<unit>_s)?")
_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Aim:
    """What one queue (or, with ``queue`` empty, the tenant) is to reach: metric code → value in the metric's raw unit."""

    queue: str
    vendor: str
    hotline: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a tenant and its queues."""

    tenant: Mapping[str, Decimal] = field(default_factory=dict)
    queues: Sequence[Aim] = ()

    def of(self, code: str, only: Mapping[str, Sequence[str]] | None = None) -> Decimal | None:
        """The target of a metric for what ``only`` (queue, vendor, hotline → values) leaves: that on which all the queues
        left agree; else the tenant's; None where there is none."""
        left = [q for q in self.queues if all(getattr(q, n) in v for n, v in (only or {}).items() if n in _NARROWED_BY)]
        found = {q.values.get(code) for q in left}
        if len(found) == 1 and (agreed := found.pop()) is not None:
            return agreed
        return self.tenant.get(code)


_NARROWED_BY = ("queue", "vendor", "hotline")


def targets_of(engine: Engine, tenant: str, stop: datetime, threshold_ms: int) -> Targets:
    """The targets in force before ``stop`` (UTC). Reads the ledger (``tenant.configured``, ``queue.described``).

    A name is a metric's code; ``service_level_20s`` holds for that threshold alone, and ``asa_s`` is in seconds. What is
    no metric's name or no number is passed over.
    """
    bound = {"tenant": tenant, "stop": stop.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}
    rows = [tuple(map(str, row)) for row in engine.query(_SQL, bound).result_rows]
    aims = [Aim(queue, vendor, hotline, _read(text, threshold_ms)) for queue, text, vendor, hotline in rows]
    own = next((aim.values for aim in aims if not aim.queue), {})
    return Targets(own, tuple(aim for aim in aims if aim.queue))


def is_met(code: str, value: Decimal | int | None, target: Decimal | None) -> bool | None:
    """Whether a figure meets its target; None where there is no figure, no target, or no better direction."""
    better = METRICS[code].better if code in METRICS else Better.NONE
    if value is None or target is None or better is Better.NONE:
        return None
    return value >= target if better is Better.HIGHER else value <= target


def _read(text: str, threshold_ms: int) -> dict[str, Decimal]:
    document = json.loads(text or "{}")
    found = {}
    for name, value in document.items() if isinstance(document, dict) else ():
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
