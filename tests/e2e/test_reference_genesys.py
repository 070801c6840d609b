"""Genesys Cloud's example conversations come in whole and are the reference's figures, one over and one still open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real_table import RealTable, counted
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import SHARED

pytestmark = SHARED_ONLY
FOLDER = SHARED / "genesys"
FILES = ("conversation1.json", "conversation2.json")
READ = ("--format", "genesys", "--source", "genesys:docs", "--tenant", "t1", "--quiet")


def came(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTable]:
    desk = RealTable(tmp_path_factory.mktemp("genesys") / "data", "t1", "UTC")
    desk.run("init")
    said = desk.run("ingest", *(FOLDER / name for name in FILES), *READ)
    assert [count.kept for count in counted(said)] == [(1, 1, 0, 0)] * 2
    yield desk
    desk.close()


def fact(desk: RealTable, name: str, table: str, columns: str) -> Any:
    ((found,),) = desk.query(f"SELECT {columns} FROM {table} FINAL WHERE call = '{came(name)['conversationId']}'")
    return found


def seconds(desk: RealTable, name: str) -> float | None:
    ms = fact(desk, name, "calls", "dateDiff('millisecond', started_at, ended_at)")
    return None if ms is None else float(ms) / 1000


def alert_ms(desk: RealTable, name: str) -> int:
    """From the ring to the answer that followed it."""
    rung = fact(desk, name, "rings", "toUnixTimestamp64Milli(at)")
    return int(fact(desk, name, "legs", "toUnixTimestamp64Milli(assumeNotNull(answered_at))") - rung)


METRICS: dict[tuple[str, str], Callable[[RealTable, str], int]] = {
    ("customer", "nConnected"): lambda desk, name: int(fact(desk, name, "calls", "offered")),
    ("acd", "nOffered"): lambda desk, name: int(fact(desk, name, "calls", "entries")),
    ("acd", "tAcd"): lambda desk, name: int(fact(desk, name, "legs", "wait_ms")),
    ("agent", "tAlert"): alert_ms,
    ("agent", "tAnswered"): lambda desk, name: int(fact(desk, name, "legs", "wait_ms")),
    ("agent", "tTalk"): lambda desk, name: int(fact(desk, name, "legs", "talk_ms")),
    ("agent", "tTalkComplete"): lambda desk, name: int(fact(desk, name, "legs", "talk_ms")),
    ("agent", "tHeld"): lambda desk, name: int(fact(desk, name, "legs", "hold_ms")),
    ("agent", "tHeldComplete"): lambda desk, name: int(fact(desk, name, "legs", "hold_ms")),
    ("agent", "tHandle"): lambda desk, name: int(fact(desk, name, "legs", "talk_ms + hold_ms + wrap_up_ms")),
}
"""Whose metric → the same figure out of our facts."""
ONLY_KEPT = {
    ("agent", "nError"): "an error of the agent's client is nothing that happened to the call: it stands in the remainder"
}


def kept(desk: RealTable, name: str) -> Any:
    ((payload,),) = desk.query(f"SELECT payload FROM record_once WHERE subject = '{came(name)['conversationId']}'")
    return json.loads(json.loads(payload)["sourcerecord"])


def segments(desk: RealTable, name: str) -> list[list[Any]]:
    """The agent's parts in seconds, out of our facts; a hold only where there was one."""
    ms = {
        "alert": alert_ms(desk, name),
        "interact": fact(desk, name, "legs", "talk_ms"),
        "hold": fact(desk, name, "legs", "hold_ms"),
    }
    return [[kind, int(length) / 1000] for kind, length in ms.items() if length]


COMPARED: dict[str, Callable[[RealTable, str], Any]] = {
    "conversation_seconds": seconds,
    "purposes": lambda desk, name: [each["purpose"] for each in kept(desk, name)["participants"]],
    "media": lambda desk, name: [fact(desk, name, "calls", "toString(channel)")],
    "agent_segments": segments,
}


def test_the_reference_holds_nothing_that_is_not_compared() -> None:
    values = reference("genesys")
    assert set(values) == set(FILES)
    for name in FILES:
        assert set(values[name]) == {*COMPARED, "metrics"}
        stated = {(purpose, metric) for purpose, found in values[name]["metrics"]["value"].items() for metric, _ in found}
        assert stated <= {*METRICS, *ONLY_KEPT}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("key", COMPARED)
def test_a_figure_equals_the_reference(docs: RealTable, name: str, key: str) -> None:
    assert COMPARED[key](docs, name) == reference("genesys")[name][key]["value"]


@pytest.mark.parametrize("name", FILES)
def test_each_metric_that_genesys_states_equals_ours(docs: RealTable, name: str) -> None:
    values = reference("genesys")[name]["metrics"]["value"]
    stated = {(purpose, metric): value for purpose, found in values.items() for metric, value in found}
    ours = {key: METRICS[key](docs, name) for key in stated if key in METRICS}
    assert ours == {key: value for key, value in stated.items() if key in METRICS}


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_a_conversation_is_lost(docs: RealTable, name: str) -> None:
    whole = came(name)
    placed = ("conversationId", "conversationStart", "conversationEnd", "originatingDirection")
    assert kept(docs, name) == {key: value for key, value in whole.items() if key not in placed}
    started, direction = fact(docs, name, "calls", "started_at"), fact(docs, name, "calls", "toString(direction)")
    assert (started.isoformat(timespec="milliseconds")[:23] + "Z", direction) == (whole["conversationStart"], "inbound")


def test_the_second_conversation_is_open(docs: RealTable) -> None:
    assert [bool(fact(docs, name, "calls", "open")) for name in FILES] == [False, True]


def test_a_page_with_both_is_the_same_and_adds_nothing(docs: RealTable, tmp_path: Path) -> None:
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"conversations": [came(name) for name in FILES], "totalHits": 2}, indent=1), "utf-8")
    (count,) = counted(docs.run("ingest", page, *READ))
    assert count.kept == (2, 0, 2, 0)
