"""Genesys's own numbers of its example conversations come out of the report of service indicators under its profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.shared_tables import SHARED_ONLY, reference
from tests.tables import SHARED

pytestmark = pytest.mark.usefixtures("kept")
DAYS = {"conversation1.json": "2021-04-01", "conversation2.json": "2021-04-02"}
Row = dict[str, Any]
INDICATORS = {
    "nOffered": ("answer_rate", "denominator"),
    "tAcd": ("avg_queue_time", "numerator"),
    "tAnswered": ("asa", "numerator"),
    "tTalk": ("avg_talk", "numerator"),
    "tTalkComplete": ("avg_talk", "numerator"),
    "tHeld": ("avg_hold", "numerator"),
    "tHeldComplete": ("avg_hold", "numerator"),
    "tHandle": ("avg_handle", "numerator"),
}
"""Genesys's metric → the indicator, and which part of it."""
ELSEWHERE = {
    "nConnected": "the customer's own connection: inbound_calls counts the conversation",
    "tAlert": "how long an answered alert rang: the ledger keeps when it rang and when it was answered",
    "nError": "an error of the agent's session: kept in the record, no indicator counts it",
}
"""Genesys's metrics that no indicator is made of."""


def told(cli: Cli, *asked: str) -> dict[str, Row]:
    report = json.loads(cli.ok("report", "run", "service_indicators", *asked, "--profile", "genesys", "--format", "json"))
    assert report["parameters"]["profile"] == "genesys"
    assert report["footer"]["laws_hold"]
    return {row["metric"]: row for row in report["rows"]}


def ingest(cli: Cli, *paths: Path) -> None:
    said = cli.ok("ingest", *paths, "--format", "genesys", "--source", "genesys:org", "--tenant", "desk", "--quiet")
    assert said.count("dead 0") == len(paths)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    cli = Cli(tmp_path_factory.mktemp("genesys") / "data")
    cli.ok("init")
    ingest(cli, *(SHARED / "genesys" / name for name in DAYS))
    return cli


def _stated(name: str) -> list[tuple[str, int]]:
    metrics = reference("genesys")[name]["metrics"]["value"]
    return [(metric, value) for values in metrics.values() for metric, value in values]


@pytest.mark.parametrize("name", DAYS)
class TestExamples:
    pytestmark = SHARED_ONLY

    def test_every_metric_of_the_conversation_comes_out_of_the_report(self, examples: Cli, name: str) -> None:
        rows = told(examples, "--day", DAYS[name])
        stated = _stated(name)
        assert {metric for metric, _ in stated} <= {*INDICATORS, *ELSEWHERE}
        for metric, value in stated:
            if metric in INDICATORS:
                code, part = INDICATORS[metric]
                assert rows[code][part] == value, metric

    def test_the_rates_are_genesyss(self, examples: Cli, name: str) -> None:
        rows = told(examples, "--day", DAYS[name])
        parts = {code: (rows[code]["numerator"], rows[code]["denominator"]) for code in ("answer_rate", "service_level")}
        assert parts == {"answer_rate": (1, 1), "service_level": (1, 1)}
        late = told(examples, "--day", DAYS[name], "--threshold", "5")["service_level"]
        assert (late["numerator"], late["denominator"]) == (0, 1), "both were answered later than 5 s"


@pytest.mark.parametrize("name", ["conversation2.json"])
class TestDifference:
    pytestmark = SHARED_ONLY

    def test_a_conversation_that_is_not_over_has_no_handle_time_there_and_a_leg_that_is_over_here(
        self, examples: Cli, name: str
    ) -> None:
        """Genesys emits tHandle once the whole session is complete; the ledger's leg is over when its last segment is."""
        assert "tHandle" not in dict(_stated(name))
        assert told(examples, "--day", DAYS[name])["avg_handle"]["numerator"] == dict(_stated(name))["tTalk"]


def conversation(number: int, started: str, queue: list[tuple[str, int, str]], agent: list[tuple[str, int, str]]) -> Row:
    """A conversation of our own making by the published model: metrics with their values and when they were emitted."""
    id_, ids = f"conv-{number}", {"mediaType": "voice", "direction": "inbound"}

    def session(who: str, metrics: list[tuple[str, int, str]], segments: list[Row], **more: str) -> Row:
        emitted = [{"name": name, "value": value, "emitDate": f"2026-01-05T{at}Z"} for name, value, at in metrics]
        found = {**ids, "sessionId": f"{id_}-{who}", "segments": segments, "metrics": emitted}
        return {"participantId": f"{id_}-{who}", "purpose": who, "sessions": [found], **more}

    end = max(at for _, _, at in (*queue, *agent))
    left = queue[-1][2]
    people = [
        session("customer", [], [_segment("interact", started, end)]),
        session("acd", queue, [_segment("interact", started, left, "transfer" if agent else "peer")]),
    ]
    if agent:
        at = {name: moment for name, _, moment in agent}
        segments = [_segment("interact", at["tAnswered"], at["tTalkComplete"], "peer")]
        if "tAcw" in at:
            segments.append(_segment("wrapup", at["tTalkComplete"], at["tAcw"]))
        people.append(session("agent", agent, segments, userId="agent-1"))
    return {
        "conversationId": id_,
        "conversationStart": f"2026-01-05T{started}Z",
        "conversationEnd": f"2026-01-05T{end}Z",
        "originatingDirection": "inbound",
        "participants": people,
    }


def _segment(kind: str, start: str, end: str, disconnect: str = "") -> Row:
    found = {"segmentType": kind, "segmentStart": f"2026-01-05T{start}Z", "segmentEnd": f"2026-01-05T{end}Z"}
    return {**found, "queueId": "q1", "conference": False, **({"disconnectType": disconnect} if disconnect else {})}


OWN = [
    conversation(
        1,
        "09:00:00.000",
        [("nOffered", 1, "09:00:00.000"), ("tAcd", 10_000, "09:00:10.000")],
        [
            ("tAnswered", 10_000, "09:00:10.000"),
            ("tTalkComplete", 120_000, "09:02:10.000"),
            ("tAcw", 30_000, "09:02:40.000"),
            ("tHandle", 150_000, "09:02:40.000"),
        ],
    ),
    conversation(
        2,
        "09:10:00.000",
        [("nOffered", 1, "09:10:00.000"), ("tAcd", 40_000, "09:10:40.000")],
        [
            ("tAnswered", 40_000, "09:10:40.000"),
            ("tTalkComplete", 60_000, "09:11:40.000"),
            ("tHandle", 60_000, "09:11:40.000"),
        ],
    ),
    conversation(3, "09:20:00.000", [("nOffered", 1, "09:20:00.000"), ("tAbandon", 15_000, "09:20:15.000")], []),
    conversation(4, "09:30:00.000", [("nOffered", 1, "09:30:00.000"), ("tFlowOut", 90_000, "09:31:30.000")], []),
]
SUMS = {
    "asa": (50_000, 2),  # Σ tAnswered ÷ nAnswered
    "service_level": (1, 3),  # (2 answered − 1 over 20 s) ÷ (2 answered + 1 abandoned); the flow-out is left out
    "answer_rate": (2, 4),  # ÷ nOffered
    "abandon_rate": (1, 4),
    "avg_abandon_time": (15_000, 1),
    "avg_talk": (180_000, 2),
    "avg_wrap_up": (30_000, 1),  # ÷ nAcw, not ÷ nHandle
    "avg_handle": (210_000, 2),
}
"""Indicator → Σ of Genesys's own metrics over the four conversations, by hand."""


def test_sums_of_the_conversations_own_metrics_are_the_indicators(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "details.json"
    path.write_text(json.dumps({"conversations": OWN}), encoding="utf-8")
    cli.ok("init")
    cli.ok("ingest", path, "--format", "genesys", "--source", "genesys:org", "--tenant", "desk", "--quiet")
    rows = told(cli, "--day", "2026-01-05")
    assert {code: (rows[code]["numerator"], rows[code]["denominator"]) for code in SUMS} == SUMS
    plain = json.loads(cli.ok("report", "run", "service_indicators", "--day", "2026-01-05", "--format", "json"))["rows"]
    own = {row["metric"]: (row["numerator"], row["denominator"]) for row in plain}
    assert [own[code] for code in ("service_level", "avg_wrap_up")] == [(1, 4), (30_000, 2)], "the dictionary says otherwise"
