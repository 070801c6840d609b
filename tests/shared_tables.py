"""Real tables beside the project, read by the mappings of examples/, and the reference's figures for them."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from opsledger.ingest.mapping.plan import load_mapping
from tests.tables import EXAMPLES, SHARED, Read, read_file

_LACKING = f"needs the data beside the project: {SHARED} is not there (OPSLEDGER_SHARED names another folder)"
SHARED_ONLY = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason=_LACKING)]
Calls = dict[str, dict[str, dict[str, Any]]]


@cache
def reference(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((SHARED / name / "reference.json").read_text(encoding="utf-8"))["values"]
    return values


def plain(values: dict[str, Any], name: str) -> Any:
    return values[name]["value"]


@cache
def loaded(mapping: str, path: str) -> Read:
    return read_file(load_mapping(EXAMPLES / mapping), SHARED / path, tenant="t1")


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def by_subject(events: list[dict[str, Any]]) -> Calls:
    """Subject → type → event, for tables that make at most one event of a type from a row."""
    calls: Calls = defaultdict(dict)
    for event in events:
        assert event["type"] not in calls[event["subject"]]
        calls[event["subject"]][event["type"]] = event
    return calls


def seconds(later: dict[str, Any], earlier: dict[str, Any]) -> float:
    return (at(later) - at(earlier)).total_seconds()


def reason(call: dict[str, dict[str, Any]]) -> str | None:
    """Why a call left its queue unanswered."""
    return call["call.left_queue"]["data"]["reason"] if "call.left_queue" in call else None
