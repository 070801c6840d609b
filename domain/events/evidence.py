"""evidence 依据: whose the events are that a penalty or an award rests on."""

from __future__ import annotations

from dataclasses import dataclass

from opsledger.domain.fields import Count, Name


@dataclass(frozen=True, slots=True)
class EvidenceOf:
    """So many of the ids of a list, the next ones in its order, are of events of this source."""

    source: Name
    events: Count
