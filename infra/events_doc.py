"""Writes docs/events.md from the declarations: ``python -m opsledger.infra.events_doc > docs/events.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module

from opsledger.domain.catalogue import STREAMS, fields_of, types_of
from opsledger.domain.envelope import EventData
from opsledger.domain.fields import (
    EARLIEST_YEAR,
    MAX_DOCUMENT_DEPTH,
    MAX_EVENT_BYTES,
    MAX_FUTURE_S,
    MAX_LIST,
    FieldSpec,
    Kind,
    Rule,
    specs_of,
)
from opsledger.domain.words import CHOICE_WORDS, FIELD_WORDS, STREAM_WORDS

_FUTURE = f"{MAX_FUTURE_S // 60} min"
_TIME = (
    "RFC 3339 with an offset, to the microsecond (a leap second is kept as 23:59:59.999999 UTC); "
    f"from {EARLIEST_YEAR} to {_FUTURE} after the ledger's clock"
)
_HEAD = f"""# Event catalogue 事件目录

Made from the declarations in `domain/events/` by `python -m opsledger.infra.events_doc`; a test holds the two equal.

Every event is one CloudEvents 1.0 JSON object:

```json
{{"type":"call.queued","specversion":"1.0","id":"8a4a5b1e-5f0e-5c1d-9a3b-0b6f8f0e2d11","source":"asterisk:pbx1","subject":"c5",
 "time":"2026-01-05T01:02:03.123456Z","tenant":"t1","data":{{"queue":"q1","priority":3}}}}
```

| attribute | 中文 | rule |
|---|---|---|
| type | 事件类型 | one of the types below; any other is a dead letter |
| specversion | 规范版本 | `1.0` |
| id | 事件编号 | UUID; an imported fact's follows from tenant, source, type and the row's own key |
| source | 来源 | the system that it comes from, never the file |
| subject | 对象编号 | the thing's id, unique within a tenant |
| time | 发生时间 | {_TIME} |
| tenant | 甲方 | company that owns the hotlines |
| vendor | 乙方 | outsourcing company; absent: `in-house` |
| actor | 操作者 | agent, system or clerk who did it; may be absent |
| causedby | 起因事件 | id of the event that led to this one; may be absent |
| corrects | 更正事件 | id of the event whose place this one takes; may be absent |
| correctssource | 更正事件来源 | source of that event; absent: this event's own |
| dataschema | 数据版本 | `urn:opsledger:<type>:<version>`; absent: version 1 |
| data | 数据 | the fields below; unknown names are refused |

An event has at most {MAX_EVENT_BYTES // 1024} KiB. A **fact** 事实 happened elsewhere and is accepted in any order, late or
twice; a **decision** 决定 is made by a command only, and is a dead letter when it comes in by import. `?` = may be absent.
"""
_KINDS = {
    Kind.INT: "whole number",
    Kind.DECIMAL: "decimal, 4 places",
    Kind.TIME: "time with offset",
    Kind.BOOL: "true or false",
    Kind.ID: "event id",
}


def render_events_md() -> str:
    """The whole of docs/events.md."""
    return "\n".join([_HEAD, *(line for stream in STREAMS for line in _stream(stream))]) + "\n"


def _stream(stream: str) -> Iterator[str]:
    about = (import_module(f"opsledger.domain.events.{stream}").__doc__ or "").splitlines()[0]
    yield f"## {stream} {STREAM_WORDS[stream].zh}\n"
    yield f"{about.partition(': ')[2]}\n"
    for declaration in types_of(stream):
        yield from _type(declaration)


def _type(declaration: type[EventData]) -> Iterator[str]:
    nature = "decision 决定" if declaration.DECISION else "fact 事实"
    version = f", version {declaration.VERSION}" if declaration.VERSION > 1 else ""
    yield f"### {declaration.TYPE} {declaration.ZH}\n"
    yield f"{' '.join((declaration.__doc__ or '').split())} ({nature}{version})\n"
    specs = fields_of(declaration.TYPE)
    if specs:
        yield from _table(specs)


def _table(specs: tuple[FieldSpec, ...]) -> Iterator[str]:
    yield "| field | 中文 | meaning | kind and limits |"
    yield "|---|---|---|---|"
    for spec in specs:
        word = FIELD_WORDS[spec.name]
        yield f"| {spec.name}{'?' if spec.optional else ''} | {word.zh} | {word.en} | {_kind(spec)} |"
    yield ""


def _kind(spec: FieldSpec) -> str:
    rule = spec.rule
    if rule.kind is Kind.CHOICE:
        return " · ".join(f"`{c}` {CHOICE_WORDS[c].zh}" for c in spec.choices)
    if rule.kind in (Kind.NAME, Kind.TEXT):
        return f"text, {'1' if rule.kind is Kind.NAME else '0'} to {_bytes(rule.max_bytes)}"
    if rule.kind is Kind.IDS:
        return f"list of event ids, at most {rule.max_items}"
    if rule.kind is Kind.DOCUMENT:
        return f"JSON object, at most {MAX_DOCUMENT_DEPTH} levels deep"
    if rule.kind is Kind.ITEMS:
        inner = ", ".join(f"{s.name} {FIELD_WORDS[s.name].zh} ({_kind(s)})" for s in specs_of(spec.item or object))
        return f"list of at most {MAX_LIST:,} of: {inner}"
    return _KINDS[rule.kind] + _unit(rule)


def _bytes(size: int) -> str:
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} bytes"


def _unit(rule: Rule) -> str:
    unit = {"ms": ", milliseconds", "UTC": "; kept in UTC", "": ""}.get(rule.unit, f", {rule.unit}")
    bounds = "" if rule.ge is None or rule.le is None else f", {rule.ge:,} to {rule.le:,}"
    return unit + bounds


if __name__ == "__main__":
    sys.stdout.write(render_events_md())
