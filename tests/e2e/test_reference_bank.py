"""Reports over a bank's January 1999 (31,599 calls) against figures worked out independently, to the last call."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.real_table import RealTable, Row, imported, keys_of, ratio, value_of
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import EXAMPLES, SHARED

pytestmark = SHARED_ONLY
FILE = SHARED / "anonymous_bank" / "january.txt"
MAPPING = "anonymous_bank.calls.yaml"
ISRAEL = ZoneInfo("Asia/Jerusalem")


def told(bank: RealTable) -> dict[str, tuple[int, int]]:
    return bank.indicators([bank.month("1999-01")])


def detail(bank: RealTable) -> list[Row]:
    return bank.rows("call_detail", bank.month("1999-01"))


def lost(bank: RealTable) -> Counter[str]:
    """Queue entries that nobody answered, by reason."""
    rows = bank.rows("lost_calls", bank.month("1999-01"))
    return sum((Counter({row["reason"]: row["unanswered"]}) for row in rows), Counter())


def traffic(bank: RealTable, name: str, key: Callable[[Row], str], interval: str = "day") -> Counter[str]:
    """A count of the traffic report, added up by something of its rows."""
    rows = bank.rows("traffic", bank.month("1999-01"), interval=interval)
    return +sum((Counter({key(row): row[name]}) for row in rows), Counter())


def redials(bank: RealTable) -> int:
    times = Counter((r["customer"], r["started_at"].astimezone(ISRAEL).date()) for r in detail(bank) if r["customer"])
    return sum(n - 1 for n in times.values())


def servers(bank: RealTable) -> dict[str, dict[str, Any]]:
    rows = bank.rows("agent_workload", bank.month("1999-01"))
    return {r["agent"]: (r["legs_answered"], r["talk_time"] / 1000, ratio(r["avg_talk"], 1000)) for r in rows}


def server(bank: RealTable, place: int) -> dict[str, Any]:
    return {name: found[place] for name, found in servers(bank).items()}


COMPARED: dict[str, Callable[[RealTable], Any]] = {
    "rows": lambda b: b.totals("traffic", b.month("1999-01"))["inbound_calls"],
    "malformed_lines": lambda b: ["dead"] * b.facts.dead_letters,
    "queued_calls": lambda b: sum((r["wait_ms"] or 0) > 0 for r in detail(b)),
    "queued_wait_sum_sec": lambda b: told(b)["avg_queue_time"][0] / 1000,
    "abandoned_in_queue": lambda b: lost(b)["abandoned"],
    "abandoned_in_queue_wait_mean_sec": lambda b: ratio(told(b)["avg_abandon_time"][0], told(b)["avg_abandon_time"][1] * 1000),
    "vru_negative": lambda b: sum(r["ivr_ms"] < 0 for r in detail(b)),
    "q_time_max": lambda b: max(r["wait_ms"] or 0 for r in detail(b)) / 1000,
    "ser_time_max": lambda b: max(r["talk_ms"] or 0 for r in detail(b)) / 1000,
    "ser_time_over_1h": lambda b: sum((r["talk_ms"] or 0) > 3_600_000 for r in detail(b)),
    "identified_customers": lambda b: len({r["customer"] for r in detail(b)} - {None}),
    "per_day": lambda b: traffic(b, "inbound_calls", lambda row: f"{row['interval'].local:%y%m%d}"),
    "per_entry_hour": lambda b: traffic(b, "inbound_calls", lambda row: str(row["interval"].local.hour), "hour"),
    "per_server.calls": lambda b: server(b, 0),
    "per_server.sec": lambda b: server(b, 1),
    "per_server.mean": lambda b: server(b, 2),
    "redials_same_day": redials,
}
"""Key of the reference → the same figure out of our reports."""
DIFFERENT = {
    "outcome": "test_an_answer_needs_an_agent_and_who_hung_up_in_the_menu_abandoned_no_queue",
    "answered_without_server": "test_an_answer_needs_an_agent_and_who_hung_up_in_the_menu_abandoned_no_queue",
    "abandon_rate_excl_phantom": "test_the_abandon_rate_is_of_queue_entries_not_of_callers",
    "service_level_20s": "test_the_service_level_is_of_queue_entries_and_a_call_without_an_agent_is_no_answer",
    "asa_all_answered_sec": "test_the_speed_of_answer_is_of_calls_that_an_agent_answered",
    "queued_wait_mean_sec": "test_the_mean_wait_counts_answers_without_a_wait",
    "queued_wait_mean_answered_sec": "test_the_mean_wait_counts_answers_without_a_wait",
    "service_sum_sec": "test_talk_needs_an_agent",
    "service_mean_sec": "test_talk_needs_an_agent",
    "type": "test_a_call_has_a_queue_once_it_left_the_menu",
    "priority": "test_a_priority_is_that_of_a_wait",
}
"""Key of the reference → the test that says how ours differs, and gets the one number from the other."""


@cache
def expected() -> dict[str, Any]:
    values = reference("anonymous_bank")["1999-01"]
    return {key: value_of(values, key) for key in keys_of(values)}


@cache
def raw() -> list[dict[str, str]]:
    """The file's rows, read without the product."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def in_menu(row: dict[str, str]) -> bool:
    """Whether a row's caller hung up in the menu."""
    return row["outcome"] == "HANG" and row["q_time"] == "0"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTable]:
    table = imported(tmp_path_factory, "bank", "Asia/Jerusalem", FILE, MAPPING)
    assert table.counts.kept == (31_599, 31_599, 0, 0)
    yield table
    table.close()


def test_every_key_of_the_reference_is_told_of() -> None:
    assert keys_of(reference("anonymous_bank")["1999-01"]) == {*COMPARED, *DIFFERENT}
    assert not COMPARED.keys() & DIFFERENT.keys()
    assert all(callable(globals()[name]) for name in DIFFERENT.values())


@pytest.mark.parametrize("key", list(COMPARED))
def test_a_figure_is_the_reference_s(bank: RealTable, key: str) -> None:
    assert COMPARED[key](bank) == expected()[key]


def test_the_command_line_prints_the_same_report(bank: RealTable) -> None:
    printed = bank.printed("service_indicators", "--month", "1999-01")
    rows = bank.rows("service_indicators", bank.month("1999-01"))
    assert [(r["metric"], r["numerator"], r["denominator"]) for r in printed["rows"]] == [
        (r["metric"], r["numerator"], r["denominator"]) for r in rows
    ]
    assert printed["zone"] == bank.zone


def test_an_answer_needs_an_agent_and_who_hung_up_in_the_menu_abandoned_no_queue(bank: RealTable) -> None:
    """Reference: 27,060 AGENT, 4,299 HANG, 240 PHANTOM. Ours: 26,570 answered, 3,080 abandoned, 730 lost by the system
    (490 that went to NO_SERVER and the 240 phantoms), and 1,219 that never left the menu."""
    figures, left = told(bank), lost(bank)
    answered, _ = figures["answered"]
    menu = figures["inbound_calls"][0] - figures["entries"][0]
    causes = dict(bank.query("SELECT cause, count() FROM call WHERE type = 'call.ended' AND cause != '' GROUP BY cause"))
    assert (answered, left, menu) == (26_570, {"abandoned": 3_080, "system": 730}, 1_219)
    assert causes == {"no_server": 490, "phantom": 240}
    assert expected()["outcome"] == {"AGENT": 27_060, "HANG": 4_299, "PHANTOM": 240}
    assert expected()["outcome"] == {
        "AGENT": answered + causes["no_server"],
        "HANG": left["abandoned"] + menu,
        "PHANTOM": left["system"] - causes["no_server"],
    }
    assert expected()["answered_without_server"] == causes["no_server"] == left["system"] - causes["phantom"]


def without_agent(bank: RealTable) -> tuple[int, int, int, int]:
    """Calls that went to NO_SERVER: all, those that waited, ms waited, those within 20 s."""
    ((n, waited, wait_ms, in_time),) = bank.query(
        "SELECT count(), countIf(wait_ms > 0), sum(wait_ms), countIf(wait_ms <= 20000) FROM legs FINAL "
        "WHERE call IN (SELECT subject FROM call WHERE type = 'call.ended' AND cause = 'no_server')"
    )
    return n, waited, wait_ms, in_time


def test_the_abandon_rate_is_of_queue_entries_not_of_callers(bank: RealTable) -> None:
    """Reference: all who hung up, in the menu or the queue, ÷ (they + AGENT) = 0.13709. Ours: 3,080 ÷ 30,380 entries."""
    abandoned, entries = told(bank)["abandon_rate"]
    menu = told(bank)["inbound_calls"][0] - entries
    phantoms = lost(bank)["system"] - without_agent(bank)[0]
    assert (ratio(abandoned, entries), expected()["abandon_rate_excl_phantom"]) == (0.101382, 0.13709)
    assert ratio(abandoned + menu, entries - phantoms + menu) == expected()["abandon_rate_excl_phantom"]


def test_the_service_level_is_of_queue_entries_and_a_call_without_an_agent_is_no_answer(bank: RealTable) -> None:
    """Reference: 0.52304, NO_SERVER within 20 s counted as answered, divided by AGENT + HANG, the menu's among them.
    Ours: 15,915 ÷ 30,380 queue entries, phantoms among them."""
    within, entries = told(bank)["service_level"]
    lost_in_time = without_agent(bank)[3]
    callers = told(bank)["inbound_calls"][0] - expected()["outcome"]["PHANTOM"]
    assert (within, entries, ratio(within, entries, 5), expected()["service_level_20s"]) == (15_915, 30_380, 0.52386, 0.52304)
    assert ratio(within + lost_in_time, callers, 5) == expected()["service_level_20s"]


def test_the_speed_of_answer_is_of_calls_that_an_agent_answered(bank: RealTable) -> None:
    """Reference: over 27,060 AGENT rows, 35.027975 s. Ours: without the 490 of NO_SERVER, of whom 3 waited, 35.667746 s."""
    wait_ms, answered = told(bank)["asa"]
    n, waited, lost_ms, _ = without_agent(bank)
    assert (n, waited) == (490, 3)
    assert (ratio(wait_ms, answered * 1000), expected()["asa_all_answered_sec"]) == (35.667746, 35.027975)
    assert ratio(wait_ms + lost_ms, (answered + n) * 1000) == expected()["asa_all_answered_sec"]


def test_the_mean_wait_counts_answers_without_a_wait(bank: RealTable) -> None:
    """Reference: over rows that waited (68.368116 s; of AGENT rows 69.772322 s). Ours: over every queue entry that ended,
    and who was answered at once is one with a wait of 0: 38.043548 s."""
    wait_ms, entries = told(bank)["avg_queue_time"]
    waited = [r for r in detail(bank) if (r["wait_ms"] or 0) > 0]
    assert (ratio(wait_ms, entries * 1000), expected()["queued_wait_mean_sec"]) == (38.043548, 68.368116)
    assert ratio(wait_ms, len(waited) * 1000) == expected()["queued_wait_mean_sec"]
    answered = [r["wait_ms"] for r in waited if r["outcome"] == "answered"]
    assert sum(answered) == told(bank)["asa"][0]
    _, lost_waited, lost_ms, _ = without_agent(bank)
    mean = ratio(sum(answered) + lost_ms, (len(answered) + lost_waited) * 1000)
    assert mean == expected()["queued_wait_mean_answered_sec"] == 69.772322


def test_talk_needs_an_agent(bank: RealTable) -> None:
    """Reference: 4,964,204 s of AGENT rows, 14,003 s of them with NO_SERVER. Ours: 4,950,201 s, mean 186.307904 s."""
    talk_ms, legs = told(bank)["avg_talk"]
    nobody = [int(r["ser_time"]) for r in raw() if r["outcome"] == "AGENT" and r["server"] == "NO_SERVER"]
    assert (talk_ms / 1000, sum(nobody), expected()["service_sum_sec"]) == (4_950_201, 14_003, 4_964_204)
    assert talk_ms / 1000 + sum(nobody) == expected()["service_sum_sec"]
    assert (ratio(talk_ms, legs * 1000), expected()["service_mean_sec"]) == (186.307904, 183.451737)
    assert ratio(talk_ms + sum(nobody) * 1000, (legs + len(nobody)) * 1000) == expected()["service_mean_sec"]


def test_a_call_has_a_queue_once_it_left_the_menu(bank: RealTable) -> None:
    """Reference: every row has a type. Ours: the type is the queue; the 1,219 who hung up in the menu are in none."""
    queues = traffic(bank, "entries", lambda row: row["queue"])
    menu = Counter(row["type"] for row in raw() if in_menu(row))
    assert (sum(queues.values()), menu.total()) == (30_380, 1_219)
    assert queues + menu == expected()["type"]
    assert set(expected()["type"]) - set(queues) == {"AA"}, "its two callers hung up in the menu"


def test_a_priority_is_that_of_a_wait(bank: RealTable) -> None:
    """Reference: every row has a priority. Ours: call.queued tells it, so an answer at once has none, nor the menu's."""
    queued = bank.query("SELECT toString(priority), count() FROM legs FINAL WHERE queued_at IS NOT NULL GROUP BY 1")
    ours = Counter(dict(queued))
    at_once = [r for r in raw() if r["q_time"] == "0" and r["outcome"] == "AGENT" and r["server"] != "NO_SERVER"]
    rest = Counter(row["priority"] for row in [*at_once, *filter(in_menu, raw())])
    assert (ours.total(), len(at_once)) == (16_905 + 487, 12_988)
    assert ours + rest == expected()["priority"]


def test_trap_a_menu_left_before_it_was_entered_is_kept_negative_and_flagged(bank: RealTable) -> None:
    negative = [r for r in detail(bank) if r["ivr_ms"] < 0]
    assert {r["contradictions"] for r in negative} == {"negative_ivr"}
    assert min(r["ivr_ms"] for r in negative) == min(int(row["vru_time"]) for row in raw()) * 1000
    assert any("contradict themselves" in text for text in bank.report("traffic", bank.month("1999-01")).footer.warnings)


def test_trap_a_service_that_starts_before_the_menu_ends_is_an_answer_without_a_wait(bank: RealTable) -> None:
    """The file's clocks differ: talk is its ser_time all the same, and no wait becomes negative."""
    ((early, queued),) = bank.query(
        "SELECT countIf(l.answered_at < c.ivr_left_at), countIf(l.answered_at < c.ivr_left_at AND l.queued_at IS NOT NULL) "
        "FROM legs AS l FINAL INNER JOIN calls AS c FINAL ON c.call = l.call"
    )
    assert (early > 9_000, queued) == (True, 0)
    assert min(r["wait_ms"] for r in detail(bank) if r["wait_ms"] is not None) == 0
    assert sum(r["talk_ms"] or 0 for r in detail(bank)) == told(bank)["avg_talk"][0]


def test_trap_midnight_belongs_to_a_call_that_goes_on_and_zero_o_clock_means_nothing_happened(bank: RealTable) -> None:
    rows = {r["call"]: r for r in detail(bank)}
    over = rows["bank:AA0213-12511"]
    assert over["queued_at"].astimezone(ISRAEL).isoformat() == "1999-01-09T23:59:28+02:00"
    assert over["answered_at"].astimezone(ISRAEL).isoformat() == "1999-01-10T00:00:03+02:00"
    hung_up = rows["bank:AA0101-33117"]
    assert (hung_up["leg"], hung_up["queued_at"], hung_up["answered_at"]) == (None, None, None)
    assert hung_up["ended_at"].astimezone(ISRAEL).isoformat() == "1999-01-01T00:34:23+02:00"
    spans = [(r["ended_at"] - r["started_at"]).total_seconds() for r in rows.values()]
    assert max(spans) < 3 * 3600, "no call took a wrong turn at midnight"
    assert sum(r["ended_at"].astimezone(ISRAEL).date() > r["started_at"].astimezone(ISRAEL).date() for r in rows.values()) >= 22


def test_an_altered_row_and_a_further_one_are_seen_by_the_figures_that_they_concern(bank: RealTable, tmp_path: Path) -> None:
    """Negative control: one more second of one service, then one call more."""
    spoilt = bank.copy(tmp_path / "data")
    row = next(r for r in raw() if r["server"] == "TOVA" and r["date"] == "990105" and r["customer_id"] != "0")
    mapping = tmp_path / "correcting.yaml"
    text = (EXAMPLES / MAPPING).read_text(encoding="utf-8")
    mapping.write_text(text.replace("id_space: bank", "id_space: bank\non_change: correct"), encoding="utf-8")
    longer = row | {"ser_time": str(int(row["ser_time"]) + 1)}
    further = row | {"call_id": "99999999", "outcome": "HANG", "q_time": "0", "server": "NO_SERVER"}
    assert spoilt.ingest(written(tmp_path, longer, further), mapping).kept == (2, 2, 0, 0)
    concerned = {key for key, figure in COMPARED.items() if figure(spoilt) != expected()[key]}
    spoilt.close()
    calls = {"rows", "per_day", "per_entry_hour", "redials_same_day"}
    assert concerned == {"per_server.sec", "per_server.mean"} | calls


def written(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "few.txt"
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8", newline="")
    return path
