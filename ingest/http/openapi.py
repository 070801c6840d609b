"""The service described in OpenAPI 3.1, made from the declared event types: nothing of an event is written here again."""

from __future__ import annotations

from functools import cache
from typing import Any

from opsledger.domain.catalogue import STREAMS, types_of
from opsledger.domain.dead_letters import Outcome
from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest.border.json_schema import DIALECT, schema_of
from opsledger.ingest.chunk import Reason
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.problem import MEDIA, TITLES
from opsledger.ingest.http.request import BATCH, BINARY, STRUCTURED

FACTS = tuple(d.TYPE for stream in STREAMS for d in types_of(stream) if not d.DECISION)
"""The types that may come in: decisions are made by commands only."""
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
}


@cache
def document(version: str, limits: Limits) -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {"title": "opsledger events", "version": version, "description": _about(limits)},
        "paths": {
            "/events": {"post": _post()},
            "/healthz": {"get": _get("Whether the service is well.", _JSON, "Health", 503)},
            "/metrics": {"get": _get("Counts for Prometheus.", "text/plain", None)},
            "/openapi.json": {"get": _get("This description.", _JSON, None)},
            "/docs": {"get": _get("This description for people.", "text/html", None)},
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
                BATCH: {"schema": {"type": "array", "items": _ref("Event")}},
                BINARY: {"schema": {"type": "object", "description": "The data alone; attributes in ce- headers."}},
            },
        },
        "responses": {
            "200": _answer("All of one event, or the ends of a batch.", {"oneOf": [_ref("Verdict"), _ref("Batch")]}),
            "422": _answer("One event that was refused; it is kept as a dead letter.", _ref("Dead")),
            **problems,
        },
    }


def _attributes() -> dict[str, Any]:
    """The envelope, as any type's schema has it."""
    properties = schema_of(FACTS[0])["properties"]
    return {name: schema for name, schema in properties.items() if name not in ("data", "type", "dataschema")} | {
        "type": {"enum": list(FACTS)}
    }


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    described = "Binary mode only: the attribute, percent-encoded UTF-8."
    return {"name": f"ce-{name}", "in": "header", "required": False, "description": described, "schema": schema}


def _get(summary: str, media: str, schema: str | None, *more: int) -> dict[str, Any]:
    content = {media: {"schema": _ref(schema) if schema else {}}}
    statuses = {"200": "Found."} | {str(status): TITLES[status] for status in more}
    return {
        "summary": summary,
        "security": [],
        "responses": {status: {"description": text, "content": content} for status, text in statuses.items()},
    }


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {"description": _WHY[status], "content": {MEDIA: {"schema": _ref("Problem")}}}
    return made | {"headers": _RETRY} if status in (429, 503) else made


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    events = {type_: {k: v for k, v in schema_of(type_).items() if k != "$schema"} for type_ in FACTS}
    mapping = {type_: f"#/components/schemas/{type_}" for type_ in FACTS}
    return {
        "Event": {"oneOf": [_ref(t) for t in FACTS], "discriminator": {"propertyName": "type", "mapping": mapping}},
        "Verdict": {"oneOf": [_ref("Accepted"), _ref("Duplicate"), _ref("Dead")]},
        "Accepted": _object(status={"const": str(Outcome.ACCEPTED)}, position=_ref("Position")),
        "Duplicate": _object(status={"const": str(Outcome.DUPLICATE)}),
        "Dead": _object(
            status={"const": str(Outcome.DEAD)},
            reason={"enum": [str(reason) for reason in Reason]},
            detail={"type": "string"},
            dead_letter={"type": "string", "format": "uuid"},
        ),
        "Position": _object(topic={"type": "string"}, partition=_COUNT, offset=_COUNT),
        "Batch": _object(read=_COUNT, **{str(o): _COUNT for o in Outcome}, events={"type": "array", "items": _ref("Verdict")}),
        "Problem": _open(title={"type": "string"}, status={"type": "integer"}, detail={"type": "string"}),
        "Health": _open(well={"type": "boolean"}, log={"enum": ["taking", "away"]}),
        **events,
    }


_COUNT = {"type": "integer", "minimum": 0}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _open(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
