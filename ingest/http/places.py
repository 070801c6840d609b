"""Where each row of an append went: a log tells spans, partition by partition, and a client asks after its event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.envelope import Position
from opsledger.domain.ports import Span

Homes = Callable[[str, pa.Table], Sequence[int]]
"""(stream, its rows) → the partition that each row goes to."""


def one_home(_stream: str, rows: pa.Table) -> Sequence[int]:
    """Of a log with one partition a stream."""
    return [0] * rows.num_rows


def places_of(spans: Sequence[Span], homes: Sequence[int]) -> list[Position]:
    """The place of each row of one stream's append. RuntimeError where spans and rows do not add up."""
    parts: dict[int, list[Iterator[Position]]] = defaultdict(list)
    for span in sorted(spans):
        parts[span.partition].append(map(span.position, range(span.count)))
    whole: dict[int, Iterator[Position]] = {partition: chain.from_iterable(found) for partition, found in parts.items()}
    counted: Any = np.unique(np.asarray(homes, np.int64), return_counts=True)
    if {int(p): int(n) for p, n in zip(*counted, strict=True)} != _counts(spans):
        raise RuntimeError("the log has taken other rows than it was given")
    return [next(whole[partition]) for partition in homes]


def _counts(spans: Sequence[Span]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for span in spans:
        counts[span.partition] += span.count
    return dict(counts)
