"""The description of the service for people: one page made of the OpenAPI document, without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "code,pre{font-family:ui-monospace,monospace;font-size:13px;background:#f4f4f4}pre{padding:.7rem;overflow:auto}"
    "table{border-collapse:collapse}td,th{border:1px solid #ddd;padding:.15rem .5rem;text-align:left;vertical-align:top}"
    "summary{cursor:pointer}"
)
_EXAMPLE = """curl --data-binary @event.json URL/events \\
  -H 'Authorization: Bearer olk_…' -H 'Content-Type: application/cloudevents+json'
curl --data-binary @events.json URL/events \\
  -H 'Authorization: Bearer olk_…' -H 'Content-Type: application/cloudevents-batch+json'"""


def page_of(document: Mapping[str, Any]) -> str:
    """The page."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
    yield f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
    yield f"<p>{escape(info['description'])}</p><pre>{escape(_EXAMPLE)}</pre>"
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            yield from _operation(path, method, said)
    schemas = document["components"]["schemas"]
    yield "<h2>Event types</h2>"
    for type_ in schemas["Event"]["discriminator"]["mapping"]:
        yield from _type(type_, schemas[type_])
    yield "</html>"


def _operation(path: str, method: str, said: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(said['summary'])}</p>"
    if body := said.get("requestBody"):
        yield f"<p>Content types: {', '.join(f'<code>{escape(media)}</code>' for media in body['content'])}</p>"
    yield "<table><tr><th>status<th>meaning"
    for status, answer in said["responses"].items():
        yield f"<tr><td>{escape(status)}<td>{escape(answer['description'])}"
    yield "</table>"


def _type(type_: str, schema: Mapping[str, Any]) -> Iterator[str]:
    data = schema["properties"]["data"]
    name, _, description = schema["description"].partition(": ")
    yield f"<details><summary><code>{escape(type_)}</code> {escape(name)}</summary>"
    yield f"<p>{escape(' '.join(description.split()))}</p><table><tr><th>data<th>rule"
    for name, rule in data["properties"].items():
        needed = "" if name in data["required"] else " (may be absent)"
        yield f"<tr><td><code>{escape(name)}</code>{needed}<td>{escape(_rule(rule))}"
    yield "</table></details>"


def _rule(rule: Mapping[str, Any]) -> str:
    if "anyOf" in rule:
        return " or ".join(_rule(each) for each in rule["anyOf"] if each.get("type") != "null")
    if "enum" in rule:
        return " · ".join(map(str, rule["enum"]))
    told = [str(rule.get("type", ""))]
    told += [
        f"{name} {rule[name]}"
        for name in ("format", "minLength", "maxLength", "minimum", "maximum", "maxItems")
        if name in rule
    ]
    if rule.get("type") == "array":
        told.append(f"of {', '.join(rule['items'].get('properties', {})) or _rule(rule['items'])}")
    return ", ".join(told)
