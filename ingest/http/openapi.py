"""The service described in OpenAPI 3.1, made from the declared event types: nothing of an event is written here again."""

from __future__ import annotations

from functools import cache
from typing import Any

from opsledger.domain.catalogue import STREAMS, TYPES, types_of
from opsledger.domain.dead_letters import Outcome
from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.json_schema import DIALECT, only, schema_of
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.problem import MEDIA, TITLES
from opsledger.ingest.http.request import BATCH, BINARY, STRUCTURED

FACTS = tuple(d.TYPE for stream in STREAMS for d in types_of(stream) if not d.DECISION)
"""The types that may come in: decisions are made by commands only."""
_ANSWERS = ("Accepted", "Duplicate", "Batch")
# With ``items`` openapi-python-client (0.29) makes code that no event passes: it asks whether a body is a list[…], which Python
# cannot tell. So it leaves the batch out, and those that check by the schema read the same in other words.
_LIST_OF_EVENTS = {"type": "array", "unevaluatedItems": {"$ref": "#/components/schemas/Event"}}
_LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
_ID = {"type": "string", "format": "uuid"}
_TEXT = {"type": "string"}
_JSON = "application/json"
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_WHY = {
    400: "The body is no JSON, or nested too deep; `detail` says where it breaks. It is kept as a dead letter.",
    401: "No key, a wrong one, or one that was revoked. Nothing is kept.",
    413: "The body, or the batch, is larger than is taken. Nothing is kept.",
    415: "A content type, charset or encoding that is not taken. Nothing is kept.",
    429: "Too much is on its way to the log. Nothing of the request is kept; come again.",
    431: "Too many headers, or too long ones.",
    500: "A defect of the program. Send the events again, they are counted once.",
    503: "The log does not answer, or the service is stopping. Send the events again, they are counted once.",
    505: "A version of HTTP other than 1.0 and 1.1. Nothing is kept.",
}


@cache
def document(version: str, limits: Limits) -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {"title": "opsledger events", "version": version, "description": _about(limits), "license": _LICENSE},
        "servers": [{"url": "/", "description": "Where this description was found."}],
        "paths": {
            "/events": {"post": _post()},
            "/healthz": {"get": _get("getHealth", "Whether the service is well.", _JSON, _ref("Health"), 503)},
            "/metrics": {"get": _get("getMetrics", "Counts for Prometheus.", "text/plain", _TEXT)},
            "/openapi.json": {"get": _get("getDescription", "This description.", _JSON, {"type": "object"})},
            "/docs": {"get": _get("getPage", "This description for people.", "text/html", _TEXT)},
        },
        "components": {"securitySchemes": {"key": _key()}, "schemas": _schemas()},
    }


def _about(limits: Limits) -> str:
    return (
        "Events are CloudEvents 1.0, alone, as a batch, or in binary mode. The answer comes when the log has them for good; "
        "an event sent again under its id counts once. "
        f"At most {limits.body_bytes:,} bytes a body, {limits.events:,} events a batch, {MAX_EVENT_BYTES:,} bytes an event."
    )


def _key() -> dict[str, Any]:
    return {"type": "http", "scheme": "bearer", "description": "A key of one tenant and one source: `opsledger keys add`."}


def _post() -> dict[str, Any]:
    problems = {str(status): _problem(status) for status in _WHY}
    return {
        "operationId": "postEvents",
        "summary": "Hand over events.",
        "security": [{"key": []}],
        "parameters": [_header(name, schema) for name, schema in _attributes().items()],
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": _ref("Event")},
                BATCH: {"schema": _LIST_OF_EVENTS},
                BINARY: {"schema": {"type": "object", "description": "The data alone; attributes in ce- headers."}},
            },
        },
        "responses": {
            "200": _answer("All of one event, or the ends of a batch.", {"oneOf": [_ref(name) for name in _ANSWERS]}),
            "422": _answer("One event that was refused; it is kept as a dead letter.", _ref("Dead")),
            **problems,
        },
    }


def _attributes() -> dict[str, Any]:
    """The envelope, as any type's schema has it, in words of which generators make headers: no constants, no times, no ids.
    A default is left out: they would send it."""
    properties = schema_of(FACTS[0])["properties"]
    told = {
        name: {word: value for word, value in schema.items() if word not in ("default", "format")}
        for name, schema in properties.items()
        if name not in ("data", "type", "dataschema")
    }
    return told | {"specversion": _one_of("1.0"), "type": _one_of(*FACTS)}


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    described = "Binary mode only: the attribute, percent-encoded UTF-8."
    return {"name": f"ce-{name}", "in": "header", "required": False, "description": described, "schema": schema}


def _get(operation: str, summary: str, media: str, schema: dict[str, Any], *more: int) -> dict[str, Any]:
    content = {media: {"schema": schema}}
    statuses = {"200": "Found."} | {str(status): TITLES[status] for status in more}
    answers: dict[str, Any] = {status: {"description": text, "content": content} for status, text in statuses.items()}
    odd = {"description": "A request that is not taken as it is.", "content": {MEDIA: {"schema": _ref("Problem")}}}
    return {"operationId": operation, "summary": summary, "security": [], "responses": {**answers, "4XX": odd}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {"description": _WHY[status], "content": {MEDIA: {"schema": _ref("Problem")}}}
    return made | {"headers": _RETRY} if status in (429, 503) else made


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    ends = dict(zip(map(str, Outcome), ("Accepted", "Duplicate", "Dead"), strict=True))
    return {
        "Event": _told_apart("type", {type_: type_ for type_ in FACTS}),
        "Verdict": _told_apart("status", ends),
        "Accepted": _object(status=only(str(Outcome.ACCEPTED)), position=_ref("Position")),
        "Duplicate": _object(status=only(str(Outcome.DUPLICATE))),
        "Dead": _object(
            status=only(str(Outcome.DEAD)), reason=_one_of(*map(str, Reason)), detail={"type": "string"}, dead_letter=_ID
        ),
        "Position": _object(topic={"type": "string"}, partition=_COUNT, offset=_COUNT),
        "Batch": _object(read=_COUNT, **dict.fromkeys(ends, _COUNT), events={"type": "array", "items": _ref("Verdict")}),
        "Problem": _problem_schema(),
        "Health": _open(well={"type": "boolean"}, log=_one_of("taking", "away")),
        **{type_: _event(type_) for type_ in FACTS},
    }


def _event(type_: str) -> dict[str, Any]:
    """The type's own schema. Its title is the name of a class in clients that are generated; the Chinese one is told below."""
    schema = {name: value for name, value in schema_of(type_).items() if name != "$schema"}
    declared = TYPES[type_]
    return schema | {"title": declared.__name__, "description": f"{declared.ZH}: {schema['description']}"}


def _told_apart(by: str, names: dict[str, str]) -> dict[str, Any]:
    refs = {word: _ref(name) for word, name in names.items()}
    mapping = {word: ref["$ref"] for word, ref in refs.items()}
    return {"oneOf": list(refs.values()), "discriminator": {"propertyName": by, "mapping": mapping}}


def _problem_schema() -> dict[str, Any]:
    """RFC 9457; ``reason`` and ``dead_letter`` where something was kept."""
    schema = _open(title={"type": "string"}, status={"type": "integer"}, detail={"type": "string"})
    schema["properties"] |= {"reason": _TEXT, "dead_letter": _ID}
    return schema


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


_COUNT = {"type": "integer", "minimum": 0}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _open(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
