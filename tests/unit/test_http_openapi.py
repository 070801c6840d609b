"""The description is valid, made from the declarations, and true: what the service answers is what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from opsledger.domain.catalogue import TYPES
from opsledger.domain.clock import FixedClock
from opsledger.infra.serve.page import page_of
from opsledger.ingest.border.json_schema import schema_of
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.openapi import document
from tests.border_samples import record
from tests.http_server import BATCH, Client, service
from tests.ledger_samples import NOW, line
from tests.naive_http import accept_all

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document("1.2.3", Limits())))
FACTS = sorted(type_ for type_, declaration in TYPES.items() if not declaration.DECISION)
BASE = "http://localhost/openapi.json"


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Of a schema that stands in the document."""
    root = Resource(contents=DOCUMENT, specification=DRAFT202012)
    registry = Registry().with_resource(BASE, root)
    text = json.dumps(schema).replace('"#/', f'"{BASE}#/')
    return Draft202012Validator(json.loads(text), registry=registry)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == "$ref")
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    for reference in {*references(DOCUMENT), *DOCUMENT["components"]["schemas"]["Event"]["discriminator"]["mapping"].values()}:
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_event_types_are_the_declared_facts_word_for_word() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert sorted(schemas["Event"]["discriminator"]["mapping"]) == FACTS
    for type_ in FACTS:
        declared = json.loads(json.dumps(schema_of(type_)))
        assert declared.pop("$schema") == DOCUMENT["jsonSchemaDialect"]
        named = {"title": TYPES[type_].__name__, "description": f"{TYPES[type_].ZH}: {TYPES[type_].__doc__}"}
        assert schemas[type_] == declared | named


def test_what_generators_of_clients_need_is_there() -> None:
    info, operations = DOCUMENT["info"], [method for path in DOCUMENT["paths"].values() for method in path.values()]
    assert info["license"]["identifier"] == "Apache-2.0"
    assert DOCUMENT["servers"]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == len(DOCUMENT["paths"])
    assert all(any(status.startswith("4") for status in operation["responses"]) for operation in operations)
    assert [place for place, schema in constants(DOCUMENT) if schema.get("type") != "string"] == []
    for name in ("Event", "Verdict"):
        union = DOCUMENT["components"]["schemas"][name]
        refs = [each["$ref"] for each in union["oneOf"]]
        assert sorted(union["discriminator"]["mapping"].values()) == sorted(refs)
        for word, ref in union["discriminator"]["mapping"].items():
            told = DOCUMENT["components"]["schemas"][ref.rpartition("/")[2]]["properties"][
                union["discriminator"]["propertyName"]
            ]
            assert told == {"type": "string", "const": word, "enum": [word]}


def constants(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that allows given values only, with its place."""
    if isinstance(value, dict) and ({"const", "enum"} & value.keys()) and not isinstance(value.get("enum"), dict):
        yield place, value
    if isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from constants(inner, f"{place}/{name}")


def test_an_answer_fits_one_shape_alone() -> None:
    position = {"topic": "call", "partition": 0, "offset": 1}
    dead = {"status": "dead", "reason": "invalid", "detail": "x", "dead_letter": "12345678-1234-5678-9234-567812345678"}
    accepted, duplicate = {"status": "accepted", "position": position}, {"status": "duplicate"}
    batch = {"read": 1, "accepted": 1, "duplicate": 0, "dead": 0, "events": [accepted]}
    shapes = {name: validator({"$ref": f"#/components/schemas/{name}"}) for name in ("Accepted", "Duplicate", "Dead", "Batch")}
    for answer, name in ((accepted, "Accepted"), (duplicate, "Duplicate"), (dead, "Dead"), (batch, "Batch")):
        assert [shape for shape, of in shapes.items() if of.is_valid(answer)] == [name]


def test_a_batch_is_a_list_of_events_and_of_nothing_else() -> None:
    content = DOCUMENT["paths"]["/events"]["post"]["requestBody"]["content"]
    of = validator({**content[BATCH]["schema"], "$schema": DOCUMENT["jsonSchemaDialect"]})
    assert of.is_valid([])
    assert not of.is_valid({})
    assert not of.is_valid([1])


@pytest.mark.parametrize("type_", FACTS)
def test_a_body_may_be_any_fact(type_: str) -> None:
    event = {k: v for k, v in DOCUMENT["components"]["schemas"][type_].items() if k != "$id"}
    assert validator(event).is_valid(record(type_))


def said(client: Client, told: Any, path: str = "/events", method: str = "post") -> dict[str, Any]:
    """The schema that the document has for an answer; AssertionError where it has none."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert str(told.status) in responses, told.status
    content = responses[str(told.status)]["content"]
    media = told.headers["Content-Type"].partition(";")[0]
    assert media in content, (told.status, media)
    schema: dict[str, Any] = content[media]["schema"]
    return schema


def test_what_is_answered_is_what_the_document_says(tmp_path: Path) -> None:
    with service(accept_all, tmp_path, FixedClock(NOW), limits=Limits(events=3)) as running:
        client = running.client
        answers = [
            client.post(line("a")),
            client.post(line("a"), BATCH),
            client.batch([line("a"), line("b")]),
            client.batch([b"1"] * 4),
            client.post(b"x", "text/plain"),
            client.post(b"x", key="olk_x"),
        ]
        assert [told.status for told in answers] == [200, 400, 200, 413, 415, 401]
        for told in answers:
            validator(said(client, told)).validate(told.json())
        with pytest.raises(ValidationError):  # negative control: an answer of another shape is seen
            validator(said(client, answers[0])).validate({"status": "perhaps"})
        health = client.get("/healthz")
        validator(said(client, health, "/healthz", "get")).validate(health.json())
        served = client.get("/openapi.json")
        assert served.json()["paths"] == DOCUMENT["paths"]
        page = client.get("/docs")
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        said(client, page, "/docs", "get")
        said(client, client.get("/metrics"), "/metrics", "get")


def test_the_page_names_everything_and_runs_nothing() -> None:
    page = page_of(DOCUMENT)
    assert [type_ for type_ in FACTS if f"<code>{type_}</code>" not in page] == []
    assert [path for path in DOCUMENT["paths"] if path not in page] == []
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
