"""Why a figure is empty: what would have to be on record, said once for all the metrics that lack the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opsledger.projections.metrics.measure import Parts
from opsledger.projections.metrics.model import Label, Lang, Metric


def reasons(metrics: Iterable[Metric], whole: Mapping[str, Parts], lang: Lang) -> tuple[str, ...]:
    """A sentence for each thing that is lacking, naming the metrics of ``whole`` that are empty for want of it.

    Where the report says already that there are no agent states, it is not said again.
    """
    stateless = "signed_in_time" in whole and not whole["signed_in_time"].numerator
    found: dict[Label, list[str]] = {}
    for metric in metrics:
        if metric.needs is None or metric.code not in whole or whole[metric.code].value(metric) is not None:
            continue
        if not (stateless and "agent_spans" in metric.tables):
            found.setdefault(metric.needs, []).append(metric.label.text(lang))
    return tuple(_sentence(names, needs, lang) for needs, names in found.items())


def _sentence(names: list[str], needs: Label, lang: Lang) -> str:
    if lang == "zh":
        return f"{'、'.join(names)}为空:{needs.zh}"
    return f"Empty: {', '.join(names)} – {needs.en}"
