"""Records that may grow go to Kafka like all others: the sink's ledger is the one that a local import of them makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsledger.domain.calendar import Grain, parse_period
from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_USAGE, UserError
from opsledger.infra import beside_log
from opsledger.infra.facts import view
from opsledger.infra.store import open_store
from opsledger.projections.formats.json import to_plain
from opsledger.projections.reports.catalogue import REPORTS
from opsledger.projections.reports.model import Request
from opsledger.projections.reports.run import run_report
from tests.e2e.conftest import Cli, keeping
from tests.foreign_records import contact, contact_event, conversation, without
from tests.gateways import running
from tests.integration.test_records_in_the_ledger import CONNECT, GENESYS
from tests.kafka_cluster import TestKafka
from tests.kafka_topics import make_topics, open_log

SAMPLES = Path(__file__).parents[2] / "examples" / "samples"
SHORT = without(contact(), "Agent.AfterContactWorkStartTimestamp", "Agent.AfterContactWorkEndTimestamp")
GROWING = {
    "connect": [
        [contact_event("INITIATED"), contact_event("QUEUED"), SHORT],
        [*CONNECT, contact("c7"), contact("c7", DisconnectReason="AGENT_DISCONNECT")],
    ],
    "genesys": [GENESYS[:1], [*GENESYS, conversation(id_="k3", end=None), conversation(id_="k3")]],
}
Files = list[list[str]]
"""Imports, each as the arguments of ``ingest``."""


def records(format_: str, folder: Path) -> Files:
    """A file of a format; one with records that have grown since, and that grow within it, and the sample; these again."""
    made: Files = []
    (sample,) = SAMPLES.glob(f"{format_}.json*")
    options = ["--format", format_, "--source", f"{format_}:main", "--tenant", "demo", "--quiet"]
    for number, each in enumerate(GROWING[format_]):
        file = folder / f"{format_}-{number}.jsonl"
        file.write_text("\n".join(json.dumps(record) for record in each), encoding="utf-8")
        made.append([str(file), *options])
    made[-1].insert(0, str(sample))
    return [*made, made[-1]]


def table(folder: Path) -> Files:
    """The sample desk; with other agents, told the second time within the file; this again."""
    mapping, desk = (SAMPLES / name for name in ("desk.yaml", "desk.csv"))
    (folder / "desk.yaml").write_text(
        mapping.read_text(encoding="utf-8").replace("key: 流水号\n", "key: 流水号\non_change: correct\n"), encoding="utf-8"
    )
    lines = desk.read_text(encoding="utf-8").splitlines()
    again = [*lines, lines[1].replace("a1001", "a1009"), lines[2].replace("a1002", "a1003")]
    (folder / "desk-2.csv").write_text("\n".join(again) + "\n", encoding="utf-8")
    options = ["--format", "table", "--mapping", str(folder / "desk.yaml"), "--tenant", "demo", "--quiet"]
    return [[str(file), *options] for file in (desk, folder / "desk-2.csv", folder / "desk-2.csv")]


@dataclass(frozen=True, slots=True)
class Local:
    """What a local import of all of them makes: the counts of each, the events, the reports."""

    files: Files
    counts: list[list[tuple[str, ...]]]
    stored: dict[str, list[bytes]]
    reports: dict[str, Any]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Local:
    folder = tmp_path_factory.mktemp("grown")
    files = [*records("connect", folder), *records("genesys", folder), *table(folder)]
    cli = Cli(folder / "local")
    with keeping():
        found = imported(cli, files, "--log", "local")
    return Local(files, found, stored(cli.data), said(cli.data))


@pytest.fixture
def on_kafka(kafka: TestKafka, monkeypatch: pytest.MonkeyPatch) -> TestKafka:
    make_topics(kafka.settings, partitions=2)
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    return kafka


@contextmanager
def sinking(cli: Cli, kafka: TestKafka) -> Iterator[None]:
    """A gateway on the ledger, and a sink that brings the log into it."""
    with running(cli.data):
        sink = cli.start("sink", "--quiet", "--name", "s1", **kafka.environ)
        try:
            yield
            cli.ok("sink", "--until-end", "--quiet", "--name", "s2")
        finally:
            sink.terminate()
            told = sink.communicate(timeout=60)
    assert sink.returncode == 0, told


def counts(said: str) -> list[tuple[str, ...]]:
    """What imports say of their records and events, whatever the log is called."""
    records_ = re.findall(r"read ([\d,]+) = accepted ([\d,]+) \+ duplicate ([\d,]+) \+ dead ([\d,]+)", said)
    events = re.findall(r"events: ([\d,]+) (?:stored|on Kafka for good) \(([\d,]+) corrections\), ([\d,]+) known", said)
    assert len(records_) == len(events) > 0
    return [one + other for one, other in zip(records_, events, strict=True)]


def imported(cli: Cli, files: Files, *more: str) -> list[list[tuple[str, ...]]]:
    return [counts(cli.ok("ingest", *words, *more)) for words in files]


def stored(data: Path) -> dict[str, list[bytes]]:
    """The events that count, stream by stream, and all that were ever stored."""
    with open_store(data) as store:
        asked = {stream: f"SELECT payload FROM {stream}_once" for stream in STREAMS}
        asked |= {f"{stream}, all": f"SELECT payload FROM `{stream}`" for stream in STREAMS}
        found = {name: store.client.query(sql, column_formats={"payload": "bytes"}).result_rows for name, sql in asked.items()}
    return {name: sorted(payload for (payload,) in rows) for name, rows in found.items() if rows}


def check_same(sunk: Path, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same events, those that count and all, and the same reports."""
    monkeypatch.delenv("OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS")
    assert stored(sunk) == local.stored
    assert said(sunk) == local.reports


def said(data: Path) -> dict[str, Any]:
    """Every report of the day that can be made without a contract, but for what tells of this very ledger: footers, and
    how long after they happened its log took the events."""
    period, found = parse_period(Grain.DAY, "2026-01-05", "UTC"), {}
    with open_store(data) as store, view(store, "demo") as facts:
        for code, report in REPORTS.items():
            if period.grain in report.grains:
                with suppress(UserError):
                    told = to_plain(run_report(facts, Request(code, period)))
                    found[code] = {name: value for name, value in told.items() if name != "footer"}
    del found["data_quality"]["sections"]
    return found


def test_a_local_import_corrects_and_knows_what_it_has(local: Local) -> None:
    """What the tests below compare with is worth comparing with."""
    for third in (2, 5, 8):
        grown = local.counts[third - 2 : third]
        assert third == 5 or any(corrections != "0" for import_ in grown for *_, corrections, _ in import_)
        assert {(accepted, dead, events) for _, accepted, _, dead, events, *_ in local.counts[third]} == {("0", "0", "0")}
    assert local.reports["traffic"]["rows"]


def test_with_the_data_directory_free_an_import_is_its_own_sink(
    on_kafka: TestKafka, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path / "sunk")
    cli.ok("init")
    assert imported(cli, local.files) == local.counts
    check_same(cli.data, local, monkeypatch)


def test_beside_a_sink_over_the_network(
    on_kafka: TestKafka, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path / "sunk")
    with sinking(cli, on_kafka):
        assert imported(cli, local.files) == local.counts
    check_same(cli.data, local, monkeypatch)


def test_an_import_that_does_not_wait_appends_what_is_there(
    on_kafka: TestKafka, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the ledger is asked as it is, behind the log."""
    monkeypatch.setattr(beside_log.Owed, "settle", lambda _: None)
    cli = Cli(tmp_path / "sunk")
    cli.ok("init")
    found = imported(cli, local.files[:3])
    assert found[2] != local.counts[2]
    assert sum(int(events) for *_, events, _, _ in found[2]) > 0


def logged(kafka: TestKafka) -> int:
    with open_log(kafka.settings) as log:
        return sum(log.end_offsets().values())


def test_without_a_ledger_it_is_refused_and_both_ways_are_named(on_kafka: TestKafka, local: Local, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "none")
    for words in (local.files[0], local.files[3], local.files[6]):
        told = cli("ingest", *words)
        assert told.code == EXIT_USAGE
        assert "read 0 = acknowledged 0 + dead 0" in told.out
        assert "OPSLEDGER_CLICKHOUSE_URL" in told.out
        assert "--log local" in told.out
        assert "opsledger kafka publish" in told.out
    assert not cli.data.exists()
    assert logged(on_kafka) == 0


def test_without_a_sink_it_says_what_is_behind_and_what_to_start(
    on_kafka: TestKafka, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside_log, "PATIENCE_S", 1.0)
    cli = Cli(tmp_path / "sunk")
    with running(cli.data):
        told = cli("ingest", *local.files[6])
        assert told.code == 0, told.err  # the log had nothing, so the ledger has all of it
        at_most = logged(on_kafka)
        told = cli("ingest", *local.files[6])
    assert told.code == EXIT_ENVIRONMENT
    assert f"of topic '{on_kafka.prefix}.call', partition " in told.err
    assert "start 'opsledger sink'" in told.err
    assert logged(on_kafka) == at_most


def test_a_ledger_that_is_in_use_or_of_another_log_is_not_asked(on_kafka: TestKafka, local: Local, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "held")
    with open_store(cli.data, command="opsledger sink"):
        told = cli("ingest", *local.files[6])
    assert told.code == EXIT_ENVIRONMENT
    assert "is in use by `opsledger sink`" in told.err
    assert "opsledger gateway" in told.err
    cli.ok("ingest", *local.files[6], "--log", "local")
    told = cli("ingest", *local.files[6])
    assert told.code == EXIT_ENVIRONMENT
    assert "this log and this ledger do not fit" in told.err
    assert logged(on_kafka) == 0
