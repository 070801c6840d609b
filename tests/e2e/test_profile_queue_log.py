"""A switch's log under Asterisk's and Wazo's profiles: their counters, replayed from its raw lines, come out of the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli

pytestmark = pytest.mark.usefixtures("kept")
SAMPLE = Path("examples/samples/queue_log")
Parts = dict[str, tuple[int, int]]


def words_of(path: Path) -> Iterator[tuple[str, int]]:
    """Each line's word, and the whole seconds since its call entered its queue, as app_queue takes them (now - start)."""
    entered: dict[tuple[str, str], int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        now, call, queue, _, word, *_ = line.split("|")
        if word == "ENTERQUEUE":
            entered[call, queue] = int(now)
        yield word, int(now) - entered.get((call, queue), int(now))


_APP_QUEUE = {
    "CONNECT": "completed",
    **dict.fromkeys(("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW"), "abandoned"),
}


def app_queue(lines: Iterable[tuple[str, int]], servicelevel_s: int) -> Parts:
    """app_queue's four counters, and its two service levels of them."""
    counted: Counter[str] = Counter()
    for word, wait_s in lines:
        if name := _APP_QUEUE.get(word):
            counted[name] += 1
            counted[f"{name} in sl"] += wait_s <= servicelevel_s
    in_sl, completed = counted["completed in sl"], counted["completed"]
    return {
        "asterisk-sl": (in_sl, completed),
        "asterisk-sl2": (in_sl + counted["abandoned in sl"], completed + counted["abandoned"]),
    }


_WAZO = {
    "CONNECT": "answered",
    "ABANDON": "abandoned",
    "EXITWITHTIMEOUT": "timeout",
    "EXITEMPTY": "leaveempty",
    "FULL": "full",
    "JOINEMPTY": "joinempty",
}


def wazo(lines: Iterable[tuple[str, int]], qos_s: int) -> Parts:
    """Wazo's columns of a queue: a status for each word, then its three ratios."""
    counted: Counter[str] = Counter()
    for word, wait_s in lines:
        if status := _WAZO.get(word):
            counted[status] += 1
            counted["wait ms"] += wait_s * 1000
            counted["on qos"] += status == "answered" and wait_s <= qos_s
    waited = sum(counted[name] for name in ("answered", "abandoned", "leaveempty", "timeout"))
    return {
        "service_level": (counted["on qos"], counted["answered"]),
        "answer_rate": (counted["answered"], waited + counted["full"] + counted["joinempty"]),
        "avg_queue_time": (counted["wait ms"], waited),
    }


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, Path]:
    """Twelve simulated days of a switch, as its queue_log."""
    folder = tmp_path_factory.mktemp("switch")
    cli, log = Cli(folder / "data"), folder / "queue_log"
    cli.ok(
        "simulate", "--days", "12", "--calls-per-day", "500", "--seed", "5", "--format", "queue_log", "--out", log, "--quiet"
    )
    cli.ok("init", "--tenant", "demo", "--zone", "Asia/Shanghai")
    _ingest(cli, log, "demo")
    return cli, log


def _ingest(cli: Cli, log: Path, tenant: str) -> None:
    said = cli.ok(
        *("ingest", log, "--format", "queue_log", "--source", "asterisk:sim", "--zone", "Asia/Shanghai"),
        *("--tenant", tenant, "--quiet"),
    )
    assert "+ dead 0" in said


def told(cli: Cli, profile: str, *asked: str) -> Parts:
    asked = ("report", "run", "service_indicators", *asked, "--profile", profile, "--format", "json")
    rows = json.loads(cli.ok(*asked))["rows"]
    return {row["metric"]: (row["numerator"], row["denominator"]) for row in rows if row["denominator"] is not None}


@pytest.mark.parametrize("profile", ["asterisk-sl", "asterisk-sl2"])
@pytest.mark.parametrize("seconds", [None, 5, 20])
def test_app_queues_service_levels_come_out_of_its_log(switch: tuple[Cli, Path], profile: str, seconds: int | None) -> None:
    cli, log = switch
    asked = () if seconds is None else ("--threshold", str(seconds))
    found = told(cli, profile, "--month", "2026-01", *asked)["service_level"]
    assert found == app_queue(words_of(log), 60 if seconds is None else seconds)[profile]
    assert 0 < found[0] < found[1]


@pytest.mark.parametrize("seconds", [5, 20])
def test_wazos_ratios_come_out_of_the_same_log(switch: tuple[Cli, Path], seconds: int) -> None:
    cli, log = switch
    meant = wazo(words_of(log), seconds)
    found = told(cli, "wazo", "--month", "2026-01", "--threshold", str(seconds))
    assert {code: found[code] for code in meant} == meant


def test_the_log_has_what_the_profiles_differ_by(switch: tuple[Cli, Path]) -> None:
    """Negative control: under another profile's definition the same log gives other numbers."""
    cli, log = switch
    words = Counter(word for word, _ in words_of(log))
    assert all(
        words[word] for word in ("EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY", "FULL", "JOINEMPTY", "WITHDRAW", "CLOSED")
    )
    own = told(cli, "cn-hotline", "--month", "2026-01")
    assert own["service_level"] not in app_queue(words_of(log), 20).values()
    assert not {own[code] for code in wazo((), 20)} & set(wazo(words_of(log), 20).values())


PENCIL = {
    "asterisk-sl": {"service_level": (3, 3)},  # answered after 12, 25 and 8 s, all within 60 s
    "asterisk-sl2": {"service_level": (4, 5)},  # + abandoned at 40 s; timed out at 120 s is too late
    "wazo": {"service_level": (2, 3), "answer_rate": (3, 5), "avg_queue_time": (205_000, 5)},
}


@pytest.mark.parametrize("profile", PENCIL)
def test_the_shipped_sample_gives_what_a_pencil_gives(cli: Cli, profile: str) -> None:
    cli.ok("init")
    _ingest(cli, SAMPLE, "sample")
    found = told(cli, profile, "--day", "2026-01-05", "--zone", "Asia/Shanghai")
    assert {code: found[code] for code in PENCIL[profile]} == PENCIL[profile]
