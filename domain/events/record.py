"""record 源记录: what a source's record says beside the facts that were made of it. Subject = the thing that it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Count, Name


@dataclass(frozen=True, slots=True)
class RecordKept:
    """What no other event has a place for, as compact JSON in the attribute `sourcerecord`; counted in no fact.

    A remainder that is larger than an event may be comes in parts, to be joined in their order.
    """

    TYPE: ClassVar[str] = "record.kept"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "源记录留存"
    DECISION: ClassVar[bool] = False

    kind: Name
    part: Count | None = None
    parts: Count | None = None
