"""What is done to whom in the matrix. Each act feeds the log, hurts somebody, lets it recover, and tells what was kept.

What sources were told is compared with Kafka before anybody sends again; the judge follows when a sink has read all.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Timer

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE
from opsledger.infra.store import Store, open_store
from tests.chaos.confined import own_mounts, run
from tests.chaos.matrix.field import Child, Field, environment, until
from tests.chaos.matrix.judge import Told, acknowledged, judge
from tests.chaos.matrix.sources import Deciding, Growing, Import, Sender
from tests.ledger_samples import line
from tests.sink_scene import content, logged


@dataclass(frozen=True, slots=True)
class Size:
    """How much and how long. ``events``: contacts of a case; ``away_s``: an outage of the ledger, of brokers half of it."""

    events: int = 150
    away_s: float = 4.0


GOOD = (0, EXIT_INCOMPLETE)
"""Exit codes of a sink: there is garbage in the log, so dead letters are to be looked at."""
SHORT, LONG = Size(), Size(1_500, 60.0)


def nobody_lied(field: Field, told: Told) -> None:
    """AssertionError where something is not on Kafka that its source was told is kept."""
    assert not (wrong := acknowledged(field.settings, told)), wrong


def kill_after(field: Field, child: Child, least_s: float, most_s: float) -> None:
    """kill -9 at a random moment after its start; it may have ended before."""
    until(lambda: child.said or child.process.poll() is not None, "a start")
    time.sleep(field.chance.uniform(least_s, most_s))
    child.process.kill()
    child.end()


# kill -9 and restart --------------------------------------------------------------------------------------------------


def sink_killed(field: Field, size: Size, points: Sequence[str] = ()) -> Told:
    """A sink dies, and one of the same name goes on; at no point named: at a random moment."""
    for point in points or ("",):
        field.feed(field.lines(field.name(), size.events))
        child = field.start(_kill(point), "sink", "--until-end", "--name", "drain", "--quiet")
        if point:
            child.killed()
        else:
            kill_after(field, child, 0.3, 2.5)
    return Told()


def ingest_killed(field: Field, size: Size, points: Sequence[str] = ()) -> Told:
    """An import dies, and is run again."""
    source = Import.of(field, size.events)
    for point in points or ("",):
        child = source.start(*_kill(point))
        if point:
            child.killed()
        else:
            kill_after(field, child, 0.1, 1.5)
        nobody_lied(field, source.told(child))
    return source.complete()


def follow_killed(field: Field, size: Size, points: Sequence[str] = ()) -> Told:
    """A following dies while its file grows and is rotated, and another goes on."""
    source, moments = Growing.of(field, size.events), points or ("",)
    for left, point in zip(range(len(moments) + 1, 1, -1), moments, strict=True):
        child = source.start(*(_kill(point) or ["slow=append:0.05"]))
        if not point:
            until(lambda child=child: child.said or child.process.poll() is not None, "a start")  # type: ignore[misc]
            Timer(field.chance.uniform(0.1, 1.5), child.process.kill).start()
        source.grow(1 / left)
        child.killed()
        nobody_lied(field, source.told())
    return source.complete()


def http_killed(field: Field, size: Size, points: Sequence[str] = ()) -> Told:
    """The HTTP ingest dies, and its client sends again what it has no answer for."""
    sender = Sender.of(field, size.events)
    for point in points or ("",):
        child = sender.start(*(_kill(point) or ["slow=append:0.01"]))
        if not point:
            child.address()
            Timer(field.chance.uniform(0.05, 0.6), child.process.kill).start()
        assert not sender.send(child), "the server was not killed"
        child.killed()
        nobody_lied(field, sender.told)
    return sender.complete()


def relay_killed(field: Field, size: Size, points: Sequence[str] = ()) -> Told:
    """A relay dies, and is run again."""
    decisions = Deciding.of(field, max(30, size.events // 10))
    for point in points or ("",):
        child = decisions.start(*(_kill(point) or ["slow=append:0.05"]))
        if point:
            child.killed()
        else:
            kill_after(field, child, 0.3, 1.2)
        nobody_lied(field, decisions.told())
    return decisions.complete()


def _kill(point: str) -> list[str]:
    return [f"kill={point}"] if point else []


# Brokers --------------------------------------------------------------------------------------------------------------


AT_WORK_EVENTS = 600
"""Enough appends for the import to be still at work when the last broker dies."""


def brokers_killed(field: Field, size: Size, *, count: int) -> Told:
    """Brokers die one after the other while an import and a sink are at work, and come back.

    With one of three away the work goes on; with two away nothing is acknowledged.
    """
    cluster, victims = field.kafka.cluster, field.chance.sample((1, 2, 3), count)
    source = Import.of(field, max(size.events, AT_WORK_EVENTS))
    child = source.start("slow=append:0.3")
    sink = field.start([], "sink", "--name", "drain", "--quiet")
    for number in victims:
        before = child.most("acknowledged")
        until(lambda before=before: child.most("acknowledged") > before, "an acknowledgement")  # type: ignore[misc]
        cluster.kill(number)
    if count > 1:
        _nothing_is_acknowledged(child, size.away_s / 2)
    for number in victims:
        cluster.start(number)
    assert child.end() == EXIT_INCOMPLETE, "".join(child.text[-5:])
    assert child.most("acknowledged") == len(source.lines)
    told = source.told(child)
    nobody_lied(field, told)
    assert sink.stop() in GOOD, "".join(sink.text[-5:])
    return told


def _nothing_is_acknowledged(child: Child, for_s: float) -> None:
    time.sleep(0.5)  # what the brokers answered before they died is still being told
    before = child.most("acknowledged")
    time.sleep(for_s)
    assert child.process.poll() is None, "".join(child.text[-5:])
    assert child.most("acknowledged") == before, "acknowledged by one broker of three"


# The ledger -----------------------------------------------------------------------------------------------------------


def ledger_away(field: Field, size: Size) -> Told:
    """ClickHouse is killed under a sink at work, and comes back; the same sink goes on."""
    lines = field.lines(field.name(), size.events)
    sink = field.start(["slow=insert:0.05"], "sink", "--name", "drain", "--quiet")
    field.feed(lines[: len(lines) // 2])
    until(lambda: sink.most("read") > 0, "something stored")
    field.gateway.process.kill()
    field.gateway.process.wait()
    field.feed(lines[len(lines) // 2 :])
    time.sleep(size.away_s)
    field.gateway_again()
    until(lambda: _has_all(field.store(), field), "the sink goes on")
    assert sink.stop() in GOOD, "".join(sink.text[-5:])
    return Told()


def _has_all(store: Store, field: Field) -> bool:
    found = content(store, field.settings)
    return len(found.events) + len(found.dead) == len(logged(field.settings))


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=16m tmpfs /mnt; data=/mnt/data
status=0; SINK || status=$?
mount -o remount,size=1g /mnt
again=0; SINK || again=$?
cp -a /mnt/data "$1"
echo "{\\"full\\": $status, \\"again\\": $again}"
"""
WITH_SMALL_FILES = """
data="$1"; status=0; (ulimit -f 1000; SINK) || status=$?
again=0; SINK || again=$?
echo "{\\"full\\": $status, \\"again\\": $again}"
"""
SINK = '"$PYTHON" -m tests.chaos.matrix.child -- --data "$data" sink --until-end --name disk --quiet'


def disk_full(field: Field, size: Size) -> Told:
    """The disk under a ledger of its own fills up; with more room the sink goes on. That ledger is judged here."""
    name = field.name()
    field.feed([line(f"{name}-{n}", note=field.chance.randbytes(4_500).hex()) for n in range(2_500)])
    words, data = own_mounts(), field.root / name
    with environment(dict(field.kafka.environ)):
        script = (ON_A_SMALL_DISK if words else WITH_SMALL_FILES).replace("SINK", SINK)
        code, said, errors = run(words, script, str(data))
    assert (code, said[-1] if said else "") == (0, {"full": EXIT_ENVIRONMENT, "again": EXIT_INCOMPLETE}), errors[-2_000:]
    assert "Traceback" not in errors, errors
    with open_store(data) as store:
        found = judge(store, field.settings, field.told)
    assert not found.complaints, found.complaints
    return Told()


# The group ------------------------------------------------------------------------------------------------------------


def rebalance(field: Field, size: Size) -> Told:
    """A second sink joins while batches of the first are on their way; then the first leaves, and the second has all."""
    slow = ["slow=insert:0.1"]
    first = field.start(slow, "sink", "--name", "a", "--quiet")
    field.feed(field.lines(field.name(), size.events))
    until(lambda: first.most("read") > 0, "a first batch")
    second = field.start(slow, "sink", "--name", "b", "--quiet")
    field.feed(field.lines(field.name(), size.events))
    until(lambda: second.most("partitions") > 0, "a share for the second")
    field.feed(field.lines(field.name(), size.events))
    assert first.stop() in GOOD, "".join(first.text[-5:])
    field.feed(field.lines(field.name(), size.events // 2))
    until(lambda: second.most("read") > 0, "a batch of the second")
    assert second.stop() in GOOD, "".join(second.text[-5:])
    return Told()


def zombie(field: Field, size: Size, *, point: str) -> Told:
    """A sink stands still until another has taken its place and stored all; then it wakes up."""
    field.feed(field.lines(field.name(), size.events))
    sleeper = field.start([f"stop={point}"], "sink", "--until-end", "--name", "a", "--quiet")
    until(sleeper.stopped, "a sink that stands still")
    field.drain("b")
    sleeper.process.send_signal(signal.SIGCONT)
    assert sleeper.end() in GOOD, "".join(sleeper.text[-5:])
    return Told()
