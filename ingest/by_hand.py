"""Facts that a person records by command: one event, judged like every other, as a chunk for the importer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.domain.catalogue import fields_of
from opsledger.domain.envelope import IN_HOUSE, fact_id
from opsledger.domain.errors import UserError, nearest
from opsledger.domain.fields import Kind
from opsledger.domain.plain import time_text
from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Border, Refusal
from opsledger.ingest.chunk import Chunk, OnChange

SOURCE = "opsledger:master"
"""The system that such facts come from: this product's own command."""
_AS_TEXT = (Kind.NAME, Kind.TEXT, Kind.CHOICE, Kind.TIME, Kind.ID)


def value_of(type_: str, name: str, text: str) -> Any:
    """What ``--set NAME=TEXT`` means for a field of a type: JSON, or the text as it stands where the field is text.

    UserError for a name that the type does not have, and for text that is no JSON where the field needs it.
    """
    known = {spec.name: spec for spec in fields_of(type_)}
    if name not in known:
        raise UserError(f"{type_} has no '{name}'{nearest(name, tuple(known))}")
    kind = known[name].rule.kind
    if kind in _AS_TEXT:
        return text
    if kind is Kind.DECIMAL:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise UserError(
            f"{name} of {type_} must be JSON, for example {name}='{_EXAMPLES.get(kind, '1')}', not '{text}'"
        ) from None


_EXAMPLES = {Kind.DOCUMENT: '{"service_level": "0.9"}', Kind.BOOL: "true", Kind.INT: "60"}


def line_of(
    tenant: str, type_: str, subject: str, at: datetime, data: Mapping[str, Any], key: str, vendor: str = "", actor: str = ""
) -> bytes:
    """The canonical line of a fact recorded by hand; ``key`` says what makes it the same fact (its effective time)."""
    event = {
        "type": type_,
        "specversion": "1.0",
        "id": str(fact_id(tenant, SOURCE, type_, [subject, key])),
        "source": SOURCE,
        "subject": subject,
        "time": time_text(at),
        "tenant": tenant,
        "data": dict(data),
    }
    event |= {"vendor": vendor} if vendor and vendor != IN_HOUSE else {}
    event |= {"actor": actor} if actor else {}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def chunk_of(line: bytes, border: Border) -> Iterator[Chunk]:
    """The line as an import of one record: the same fact again is a duplicate, another content for its key corrects it.

    UserError, before anything is stored, where the border refuses it.
    """
    taken = border.take(line)
    if isinstance(taken, Refusal):
        raise UserError(f"not recorded: {taken.detail}")
    tables = tables_of([taken], [line], range(1))
    change = pa.field("on_change", pa.int8())
    yield Chunk(
        1, {s: t.append_column(change, pa.array(np.full(t.num_rows, OnChange.CORRECT, np.int8))) for s, t in tables.items()}, []
    )
