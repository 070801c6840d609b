"""A wrong mapping is refused with file:line and the nearest valid word, before a row is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.mapping.plan import load_mapping, parse_mapping
from opsledger.ingest.mapping.schema import FORMS, EventSchema, MappingSchema
from tests.tables import EXAMPLES, ROOT

GOOD = """\
mapping: 1
format: csv
zone: Asia/Shanghai
tenant: t1
source: csv:test
subject: '{id}'
key: id
let:
  started: {time: at}
  wait: {duration: wait, unit: s}
events:
  - type: call.offered
    at: '{started}'
    data: {direction: inbound, channel: phone, hotline: '{line}'}
  - type: call.queued
    when: wait > 0
    at: {start: started, plus: 5s}
    data: {queue: '{queue}', priority: '{prio}'}
  - type: call.wrapped_up
    when: agent is not missing
    at: {start: started, plus: wait}
    data:
      agent: '{agent}'
      started_at: '{started}'
      nature: {column: kind, map: {A: consult, B: request}}
      resolved: {column: done, 'true': [Y], 'false': [N]}
"""
COLUMNS = ["id", "at", "wait_s", "line", "queue", "prio", "agent", "kind", "done"]


def error_of(text: str, columns: list[str] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        parse_mapping(text, "m.yaml").plan(columns if columns is not None else COLUMNS)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("name: x, effective_from: '{started}', targets: '{line}'", "targets is a document; write {document: {name: value"),
        ("name: {document: {a: '{line}'}}, effective_from: '{started}'", "name is text, and line is a document"),
        ("name: x, effective_from: '{started}', targets: {document: {a: '{started}'}}", "a document holds text and numbers"),
        ("name: x, effective_from: '{started}', targets: {document: {}}", "targets"),
    ],
)
def test_a_document_is_made_by_its_own_form_and_of_texts_and_numbers_alone(data: str, told: str) -> None:
    event = f"events:\n  - type: queue.described\n    at: '{{started}}'\n    data: {{{data}}}\n"
    assert told in error_of(changed("duration: wait,", "duration: wait_s,").partition("events:")[0] + event)


def test_the_good_mapping_is_good() -> None:
    """The control of all that follows: the column of the wait is the one thing to put right."""
    parse_mapping(changed("duration: wait,", "duration: wait_s,"), "m.yaml").plan(COLUMNS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: csv", "fromat: csv", "m.yaml:2: fromat: unknown key 'fromat'; did you mean 'format'?"),
        ("format: csv", "format: cvs", "m.yaml:2: format: 'cvs' is not known; did you mean 'csv'?"),
        ("subject: '{id}'\n", "", "m.yaml:1: subject: is missing"),
        ("call.queued", "call.queud", "m.yaml:15: events.1.type: 'call.queud' is no event type; did you mean 'call.queued'?"),
        ("call.queued", "contract.signed", "m.yaml:15: events.1.type: contract.signed is a decision"),
        ("hotline:", "hotlin:", "m.yaml:14: events.0.data.hotlin: call.offered has no field 'hotlin'; did you mean 'hotline'?"),
        ("direction: inbound, ", "", "m.yaml:14: events.0.data: call.offered needs direction"),
        ("inbound", "inbond", "m.yaml:14: events.0.data.direction: 'inbond' is not a direction; did you mean 'inbound'?"),
        ("A: consult", "A: consul", "m.yaml:25: events.2.data.nature: 'consul' is not a nature; did you mean 'consult'?"),
        ("Asia/Shanghai", "Asia/Shangai", "m.yaml:3: zone: 'Asia/Shangai' is not a time zone; did you mean 'Asia/Shanghai'?"),
        (
            "zone: Asia/Shanghai\n",
            "zone: Asia/Shanghai\ndates: [dd/mm/yyyy]\n",
            "m.yaml:4: dates: 'dd/mm/yyyy' is not a format; did you mean '%d/%m/%Y'?",
        ),
        ("{time: at}", "{time: at, format: '%d/%m/%Q'}", "m.yaml:9: let.started.format: '%d/%m/%Q' is not a format"),
        ("{time: at}", "{tme: at}", "m.yaml:9: let.started.tme: 'tme' starts no form of value; did you mean 'time'?"),
        ("{time: at}", "{time: at, formt: iso}", "m.yaml:9: let.started.formt: unknown key 'formt'; did you mean 'format'?"),
        ("unit: s}", "unit: sec}", "m.yaml:10: let.wait.unit: 'sec' is not known; valid:"),
        (
            "at: '{started}'\n",
            "at: '{startd}'\n",
            "m.yaml:13: events.0.at: startd is a text, not a time; did you mean 'started'?",
        ),
        ("at: '{started}'\n", "at: noon\n", "m.yaml:13: events.0.at: 'noon' is a text, not a time"),
        ("plus: 5s", "plus: 5 sec", "m.yaml:17: events.1.at.plus: 5 sec is a text, and a duration is wanted"),
        ("wait > 0", "wait >", "m.yaml:16: events.1.when: 'wait >' is not a condition"),
        (
            "wait > 0",
            "wait > 20",
            "m.yaml:16: events.1.when: 'wait > 20' compares a duration with '20'; write it with its unit",
        ),
        ("wait > 0", "__import__('os').system('x')", "m.yaml:16: events.1.when:"),
        ("wait > 0", "queue + 1 > 2", "m.yaml:16: events.1.when: 'queue + 1 > 2' holds arithmetic"),
        (
            "wait > 0",
            "uper(queue) == 'X'",
            "m.yaml:16: events.1.when: 'uper(queue) == 'X'' calls uper(); did you mean 'upper'?",
        ),
        ("'true': [Y], 'false': [N]", "'true': [Y]", "m.yaml:26: events.2.data.resolved: needs both true: and false:"),
        ("'true': [Y], 'false': [N]", "'true': [Y], 'false': [Y]", "m.yaml:26: events.2.data.resolved: a word stands for both"),
        (
            "started_at: '{started}'",
            "started_at: '{line}'",
            "m.yaml:24: events.2.data.started_at: started_at is a time, and line is a text",
        ),
        ("subject: '{id}'", "subject: id", "m.yaml:6: subject: 'id' is the same for every row"),
        ("subject: '{id}'", "subject: '{id'", "m.yaml:6: subject: '{id': a { without a name"),
        ("format: csv", "format: csv\nheader: none", "m.yaml:3: header: without a header row columns:"),
        ("format: csv", "format: csv\ndelimiter: ';;'", "m.yaml:3: delimiter: ';;' is not one character"),
    ],
)
def test_what_is_wrong_where_and_what_would_be_right(old: str, new: str, message: str) -> None:
    assert error_of(changed(old, new)).startswith(message)


def test_a_column_that_the_file_does_not_have() -> None:
    message = "m.yaml:10: let.wait: the file has no column 'wait'; did you mean 'wait_s'?"
    assert error_of(GOOD) == message.replace("let.wait:", "let.wait.duration:")


def test_a_name_that_stands_twice_in_the_file() -> None:
    text = changed("duration: wait,", "duration: wait_s,")
    columns = ["id", "at", "wait_s", "line", "queue#1", "queue#2", "prio", "agent", "kind", "done"]
    assert "column 'queue' stands 2 times in the file: write queue#1 or queue#2" in error_of(text, columns)


def test_a_let_may_not_hide_a_column() -> None:
    text = changed("duration: wait,", "duration: wait_s,")
    assert "let.wait: 'wait' is a column of the table already" in error_of(text, [*COLUMNS, "wait"])


@pytest.mark.parametrize(
    ("zone", "value", "message"),
    [
        ("zone: Asia/Shanghai", "{time: at, format: '%Y-%m-%d %H:%M:%S %z'}", "two zones"),
        ("", "{time: at, format: '%Y-%m-%d %H:%M:%S'}", "no zone"),
        ("", "{date: at}", "no zone"),
        ("zone: offset", "{date: at}", "no zone"),
    ],
)
def test_two_zones_and_none_are_refused(zone: str, value: str, message: str) -> None:
    assert message in error_of(changed("zone: Asia/Shanghai", zone).replace("{time: at}", value))


def test_formats_that_read_one_text_as_two_days_are_refused() -> None:
    assert "read the same text" in error_of(changed("zone:", "dates: ['%d/%m/%Y', '%m/%d/%Y']\nzone:"))


def test_without_tenant_or_source_the_user_is_told_where_to_give_them() -> None:
    mapping = parse_mapping(changed("tenant: t1\n", "").replace("duration: wait,", "duration: wait_s,"), "m.yaml")
    with pytest.raises(UserError, match="no tenant: give --tenant, or tenant: in the mapping"):
        mapping.plan(COLUMNS)
    assert mapping.plan(COLUMNS, tenant="{x}").tenant.constant == "{x}"


def test_the_mapping_of_the_documentation_is_good() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    columns = ["call_id", "date", "time", "wait_s", "agent", "queue", "dnis"]
    assert len(parse_mapping(example).plan(columns, tenant="t1").rules) == 4


def test_the_documentation_names_every_key_and_form() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    words = {*MappingSchema().fields, *EventSchema().fields} - {"mapping", "about"}
    assert [word for word in words if f"`{word}`" not in text] == []
    assert [form for form in FORMS if f"{{{form}: " not in text] == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.name)
def test_the_examples_are_good(path: Path) -> None:
    load_mapping(path)
