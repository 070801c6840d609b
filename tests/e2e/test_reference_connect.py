"""Amazon Connect's own examples come in whole: the valid ones as the reference's figures, the invalid ones as dead letters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.real_table import RealTable, counted
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import SHARED

pytestmark = SHARED_ONLY
FOLDER = SHARED / "amazon_connect"
READ = ("--format", "connect", "--source", "connect:docs", "--tenant", "t1", "--quiet")
EXAMPLE = "derived_event_1.json"


def blocks() -> dict[str, str]:
    """Every block of JSON of the manual's pages, by page and number."""
    found = {}
    for page in sorted(FOLDER.glob("*.md")):
        for number, text in enumerate(re.findall(r"```[a-z]*\n(.*?)```", page.read_text("utf-8"), re.DOTALL), 1):
            found[f"{page.stem}.{number}.json"] = text
    return found


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTable]:
    folder = tmp_path_factory.mktemp("connect")
    desk = RealTable(folder / "data", "t1", "UTC")
    desk.run("init")
    for name, text in blocks().items():
        (folder / name).write_text(text, "utf-8")
    desk.run("ingest", FOLDER / EXAMPLE, *(folder / name for name in blocks()), *READ)
    yield desk
    desk.close()


def call(desk: RealTable, columns: str) -> Any:
    ((found,),) = desk.query(f"SELECT {columns} FROM calls FINAL")
    return found


COMPARED: dict[str, Callable[[RealTable], float]] = {
    "queue_wait_sec": lambda desk: call(desk, "wait_ms") / 1000,
    "ivr_sec": lambda desk: call(desk, "ivr_ms") / 1000,
}


def test_the_reference_holds_nothing_that_is_not_compared() -> None:
    values = reference("amazon_connect")
    assert {(name, key) for name, keys in values.items() for key in keys} == {(EXAMPLE, key) for key in COMPARED}


@pytest.mark.parametrize("key", COMPARED)
def test_a_figure_equals_the_reference(docs: RealTable, key: str) -> None:
    assert COMPARED[key](docs) == reference("amazon_connect")[EXAMPLE][key]["value"]


def test_each_block_is_one_record_and_the_two_that_are_no_json_are_dead(tmp_path: Path) -> None:
    desk = RealTable(tmp_path / "data", "t1", "UTC")
    desk.run("init")
    told = {}
    for name, text in blocks().items():
        (tmp_path / name).write_text(text, "utf-8")
        (count,) = counted(desk.run("ingest", tmp_path / name, *READ))
        told[name] = count.kept
    assert told == {
        "contact-events.1.json": (1, 1, 0, 0),
        "contact-events.2.json": (1, 0, 0, 1),
        "sample-agent-event-stream.1.json": (1, 0, 0, 1),
    }
    lines = desk.run("dead-letters", "list").out.splitlines()
    assert len(lines) == 2
    assert all(":1  not_json: is not JSON" in line for line in lines)


def test_all_blocks_in_one_file_are_the_same_three_records(tmp_path: Path) -> None:
    desk = RealTable(tmp_path / "data", "t1", "UTC")
    desk.run("init")
    (tmp_path / "all.json").write_text("".join(blocks().values()), "utf-8")
    (count,) = counted(desk.run("ingest", tmp_path / "all.json", *READ))
    assert count.kept == (3, 1, 0, 2)


def test_the_examples_file_is_the_first_block_so_that_one_of_the_two_is_a_duplicate(docs: RealTable) -> None:
    (row,) = docs.query("SELECT count(), countIf(type = 'call.offered') FROM call_once")
    assert row == (5, 1)


def test_what_the_example_says_beside_is_kept(docs: RealTable) -> None:
    ((payload,),) = docs.query("SELECT payload FROM record_once")
    came = json.loads((FOLDER / EXAMPLE).read_text("utf-8"))
    rest = json.loads(json.loads(payload)["sourcerecord"])
    assert rest == {
        "instanceArn": came["instanceArn"],
        "initiationMethod": "INBOUND",
        "eventType": "CONNECTED_TO_AGENT",
        "agentInfo": {"agentArn": came["agentInfo"]["agentArn"]},
        "queueInfo": {name: came["queueInfo"][name] for name in ("queueType", "queueArn")},
    }


def test_the_invalid_blocks_mended_come_in(tmp_path: Path) -> None:
    """The negative control: it is the syntax alone that keeps them out."""
    with closing(RealTable(tmp_path / "data", "t1", "UTC")) as desk:
        _mended(desk, tmp_path)


def _mended(desk: RealTable, tmp_path: Path) -> None:
    desk.run("init")
    event, agent = (blocks()[name] for name in ("contact-events.2.json", "sample-agent-event-stream.1.json"))
    event = re.sub(r",(\s*})", r"\1", event)
    agent = re.sub(r"(?m) *//.*$", "", agent)
    agent = re.sub(r",(\s*[}\]])", r"\1", agent).replace('}\n      } ,\n        "Configuration"', '},\n "Configuration"', 1)
    for name, text in (("event", event), ("agent", agent)):
        (tmp_path / name).write_text(text, "utf-8")
        (count,) = counted(desk.run("ingest", tmp_path / name, *READ))
        assert count.kept == (1, 1, 0, 0), desk.run("dead-letters", "list").out
    assert desk.query("SELECT direction, ended_by FROM calls FINAL") == [("", "system")], (
        "a transferred contact is no new offer"
    )
    assert desk.query("SELECT countIf(position(payload, 'NextAgentStatus') > 0) FROM record_once") == [(1,)]
