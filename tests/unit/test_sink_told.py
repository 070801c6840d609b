"""What the sink tells: its errors in one table, its page equal to the program, its metrics read back over HTTP."""

from __future__ import annotations

import json
import os
import random
import re
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from kafka import errors as kafka
from prometheus_client.parser import text_string_to_metric_families
from waitress import wasyncore

from opsledger.domain.errors import UserError
from opsledger.infra.sink.counts import Count, lines
from opsledger.infra.sink.errors import MAX_UNKNOWN, RULES, Verdict, as_user_error, is_final, rule_of, wait_s
from opsledger.infra.sink.metrics import answers, serving
from opsledger.infra.sink.status import Status
from opsledger.infra.sink.storing import Done
from opsledger.ingest.chunk import Reason
from opsledger.projections.ledger.log_topics import TopicKnown, refusals

PAGE = (Path(__file__).parents[2] / "docs" / "sink.md").read_text(encoding="utf-8")
CASES = [
    (kafka.FencedInstanceIdError(), Verdict.PERMANENT),
    (kafka.OffsetOutOfRangeError(), Verdict.PERMANENT),
    (kafka.TopicAuthorizationFailedError(), Verdict.PERMANENT),
    (kafka.KafkaTimeoutError(), Verdict.RETRY),
    (kafka.NodeNotReadyError(), Verdict.RETRY),
    (kafka.IllegalGenerationError(), Verdict.RETRY),
    (kafka.CorruptRecordError(), Verdict.UNKNOWN),
    (UserError("disk full"), Verdict.PERMANENT),
    (OperationalError("connection refused"), Verdict.RETRY),
    (ConnectionResetError(), Verdict.RETRY),
    (DatabaseError("no", code=516), Verdict.PERMANENT),
    (DatabaseError("no", code=60), Verdict.PERMANENT),
    (DatabaseError("busy", code=252), Verdict.RETRY),
    (DatabaseError("what", code=49), Verdict.UNKNOWN),
    (ZeroDivisionError(), Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("error", "verdict"), CASES, ids=lambda value: type(value).__name__)
def test_an_error_is_what_the_table_says(error: BaseException, verdict: Verdict) -> None:
    assert rule_of(error).verdict is verdict


def test_every_line_of_the_table_is_about_some_error() -> None:
    assert len({rule_of(error).what for error, _ in CASES}) >= len(RULES) - 1


def test_only_what_is_unknown_ends_after_some_times() -> None:
    unknown, retry = rule_of(ZeroDivisionError()), rule_of(kafka.KafkaTimeoutError())
    assert [is_final(unknown, n) for n in (1, MAX_UNKNOWN - 1, MAX_UNKNOWN)] == [False, False, True]
    assert not is_final(retry, 10_000)
    assert is_final(rule_of(UserError("x")), 1)


def test_waiting_grows_and_has_an_end() -> None:
    waits = [wait_s(n, random.Random(1)) for n in (1, 2, 4, 30, 10_000)]
    assert waits == sorted(waits[:3]) + waits[3:]
    assert all(0.4 <= wait <= 36 for wait in waits)


def test_a_defect_of_ours_is_not_dressed_up_as_the_users() -> None:
    error = ZeroDivisionError()
    assert as_user_error(error, "storing") is error
    assert "--name" in str(as_user_error(kafka.FencedInstanceIdError(), "reading"))
    assert "made anew" in str(as_user_error(kafka.OffsetOutOfRangeError(), "reading"))


def section(title: str) -> list[list[str]]:
    text = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines() if row.startswith("|")]
    return rows[2:]


def test_the_page_has_the_table_of_errors() -> None:
    assert section("Errors") == [[rule.what, rule.verdict.value] for rule in RULES]


def test_the_page_has_the_reasons_that_only_the_sink_gives() -> None:
    named = {word for row in section("Dead letters") for word in re.findall(r"`(\w+)`", row[0])}
    assert named <= {reason.value for reason in Reason}
    assert {"tombstone", "no_key", "wrong_key", "wrong_partition", "wrong_topic", "bad_header"} <= named


def status() -> Status:
    made = Status("s1")
    made.assign(frozenset({("x.call", 0), ("x.call", 1)}))
    made.see_ends({("x.call", 0): 10, ("x.call", 1): 20})
    counts = {"x.call": Count(9, 5, 2, 2, 1, Counter(not_json=2))}
    made.add(Done({("x.call", 0): 7, ("x.call", 1): 20}, set(), counts, 1_700_000_000_000))
    made.facts_ended = 0.0
    return made


def test_the_page_names_every_metric_and_no_other() -> None:
    _, _, body = answers(status())["/metrics"]()
    told = {s.name for family in text_string_to_metric_families(body.decode()) for s in family.samples}
    assert {row[0].strip("`") for row in section("What it tells")} == {name for name in told if not name.endswith("_created")}


def test_another_server_s_broken_socket_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps one map of sockets a process: a loop that turns all of it would end over any that is broken."""
    number = os.dup(0)
    os.close(number)
    monkeypatch.setitem(wasyncore.socket_map, number, Broken())
    with serving(status(), 0) as port:
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
                assert json.load(answer)["alive"]


class Broken:
    """What another server left behind."""

    accepting = False

    def readable(self) -> bool:
        raise OSError("bad file descriptor")


def test_metrics_and_health_are_answered_on_loopback() -> None:
    with serving(status(), 0) as port:
        found = {}
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            for family in text_string_to_metric_families(answer.read().decode()):
                found |= {(s.name, *sorted(s.labels.values())): s.value for s in family.samples}
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            health = json.load(answer)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/etc", timeout=30)
        with pytest.raises(UserError, match="--metrics-port"), serving(status(), port):
            pass
    assert found["opsledger_sink_lag", "0", "x.call"] == 3
    assert found["opsledger_sink_messages_total", "duplicate", "x.call"] == 2
    assert found["opsledger_sink_dead_letters_total", "not_json", "x.call"] == 2
    assert (health["alive"], health["lag"], health["partitions"]) == (True, 3, 2)


def test_counts_that_do_not_add_up_are_a_defect() -> None:
    with pytest.raises(RuntimeError, match="do not add up"):
        Count().add(Count(read=3, accepted=1))


def test_the_counts_say_what_is_dead_and_where_to_look() -> None:
    text = "\n".join(lines({"x.call": Count(9, 5, 2, 2, 1, Counter(not_json=2))}))
    assert "read 9 = accepted 5 + duplicate 2 + dead 2" in text
    assert "not_json 2; see `opsledger dead-letters list`" in text


def known(partitions: int = 6, id_: int = 1, cluster: str = "c1") -> dict[str, TopicKnown]:
    return {"x.call": TopicKnown("x.call", UUID(int=id_), cluster, partitions)}


@pytest.mark.parametrize(
    ("found", "stored", "ends", "word"),
    [
        ({}, {}, {}, "is gone from the cluster"),
        (known(id_=2), {}, {}, "was made anew"),
        (known(cluster="c2"), {}, {}, "is on cluster c2"),
        (known(partitions=8), {}, {}, "has 8 partitions"),
        (known(), {("call", 0): 5}, {}, "rows of 'call'"),
        (known(), {("x.call", 0): 5}, {("x.call", 0): 4}, "the log has lost records"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    found: dict[str, TopicKnown], stored: dict[tuple[str, int], int], ends: dict[tuple[str, int], int], word: str
) -> None:
    (said,) = refusals(known(), found, stored, ends)
    assert word in said


def test_what_belongs_together_is_not() -> None:
    assert refusals(known(), known(), {("x.call", 0): 5}, {("x.call", 0): 5}) == []
    assert refusals({}, known(), {}, {}) == []
