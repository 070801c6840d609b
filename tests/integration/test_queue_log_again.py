"""A queue_log read again, in whole or in part, adds nothing; cut into files, it gives the facts of the whole."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from opsledger.domain.clock import FixedClock
from opsledger.infra.store import Store, open_store
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.border.judge import Border
from tests.ledger_samples import importer, spec
from tests.new_ledger import new_ledger
from tests.queue_log_scene import LEG, facts, log, store, take
from tests.queue_logs import NOW, OPTIONS, adapter, generated

__all__ = ["store"]


def test_reading_a_log_twice_adds_nothing(store: Store) -> None:
    lines = list(generated(300))
    read, accepted, duplicate, dead = take(store, lines)
    assert (accepted, duplicate, dead) == (read, 0, 0)
    assert take(store, lines) == (read, 0, read, 0)


def test_a_rotated_file_that_overlaps_adds_only_what_is_new(store: Store) -> None:
    lines = list(generated(300))
    chance = random.Random(5)
    cut = len(lines) * 2 // 3
    take(store, lines[:cut])
    before = facts(store, "*", "calls", "call")
    for _ in range(5):
        start = chance.randrange(cut)
        assert take(store, lines[start:cut]) == (cut - start, 0, cut - start, 0)
    assert facts(store, "*", "calls", "call") == before
    assert take(store, lines[cut - 50 :]) == (len(lines) - cut + 50, len(lines) - cut, 50, 0)


SECOND_QUEUE = log("0 a q1 NONE ENTERQUEUE  138 1\n20 a q1 NONE EXITWITHTIMEOUT 1 1 20\n20 a q2 NONE ENTERQUEUE  138 1")


def test_a_file_that_begins_in_the_middle_of_a_call_already_read_changes_nothing_of_it(store: Store) -> None:
    take(store, SECOND_QUEUE)
    assert take(store, SECOND_QUEUE[2:]) == (1, 0, 1, 0)


def test_unless_the_first_reading_stayed_the_second_would_contradict_it(store: Store) -> None:
    """The control: the same, with the rule that the first stays taken out."""
    take(store, SECOND_QUEUE)
    (chunk,) = adapter().read(enumerate((line.encode() for line in SECOND_QUEUE[2:]), 1))
    strict = replace(chunk, events={stream: table.drop_columns("on_change") for stream, table in chunk.events.items()})
    result = importer(store).run([strict], spec(source="asterisk:pbx1"))
    assert (result.tally.dead, dict(result.tally.reasons)) == (1, {"conflict": 1})


def test_a_log_cut_into_files_gives_the_facts_of_the_whole(store: Store, tmp_path: Path) -> None:
    lines = list(generated(300))
    cut = len(lines) // 2
    reader = QueueLog(Border(FixedClock(NOW)), OPTIONS)
    take(store, lines[:cut], reader)
    take(store, lines[cut:], reader)
    parts = facts(store, f"{LEG}, entered_at, ended_at")
    store.close()
    with open_store(new_ledger(tmp_path / "whole"), clock=FixedClock(NOW)) as whole:
        take(whole, lines)
        assert facts(whole, f"{LEG}, entered_at, ended_at") == parts


def test_the_holdtimes_that_the_log_states_are_the_waits_of_the_facts(store: Store) -> None:
    lines = list(generated(300))
    take(store, lines)
    stated = {}
    for line in lines:
        _, call, _, _, word, *data = line.split("|")
        if word == "CONNECT":
            stated[call] = int(data[0])
    waits = {call: wait for call, wait in facts(store, "call, wait_ms") if call in stated}
    assert waits.keys() == stated.keys()
    assert all(abs(waits[call] - 1000 * seconds) <= 1000 for call, seconds in stated.items())
