"""What brings events to the log in the matrix: files, whole or growing, the HTTP ingest, the relay; each told what is kept."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from urllib3.exceptions import HTTPError

from opsledger.domain.clock import FixedClock, SystemClock
from opsledger.domain.decisions.application import Decisions, execute
from opsledger.domain.decisions.base import KnownFacts
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.data_directory import Folder
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.ingest.http.judging import Owner
from tests.chaos.matrix.field import Child, Field, ids_of, until
from tests.chaos.matrix.judge import Told, id_of
from tests.contract_samples import NINE, in_file, sample_terms
from tests.http_server import Client

FORMAT = ("--tenant", "t1", "--source", "sim:test")
OWNER = Owner("t1", "sim:test")
BATCH = 10
WRITES_EVERY_S = 0.02


@dataclass
class Import:
    """A file on its way to Kafka: good lines, some of them twice, and lines that are none."""

    field: Field
    lines: list[bytes]
    path: Path

    @staticmethod
    def of(field_: Field, count: int) -> Import:
        """A file of a case's own; another producer has appended a part of it already."""
        name = field_.name()
        lines, path = _lines_of(field_, name, count), field_.root / f"{name}.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n")
        return Import(field_, lines, path)

    def start(self, *options: str) -> Child:
        return self.field.start(options, "ingest", str(self.path), *FORMAT)

    def told(self, child: Child) -> Told:
        """What it said is acknowledged: so many lines from the file's begin."""
        return _told(self.lines[: child.most("acknowledged")])

    def complete(self) -> Told:
        """A run that is well; all of the file is acknowledged."""
        child = self.start()
        assert child.end() == 3, "".join(child.text)  # the broken lines are to be looked at
        assert child.most("acknowledged") == len(self.lines)
        return _told(self.lines)


def _lines_of(field_: Field, name: str, count: int) -> list[bytes]:
    lines = field_.lines(name, count)
    field_.feed(field_.chance.sample(lines, len(lines) // 8))
    lines += field_.chance.sample(lines, len(lines) // 8)
    lines += [json.dumps({"type": "call.queued", "broken": f"{name}-{n}"}).encode() for n in range(5)]
    field_.chance.shuffle(lines)
    return lines


def _told(lines: Sequence[bytes]) -> Told:
    return Told(ids_of(lines), refused={each for each in lines if id_of(each) is None})


@dataclass
class Growing:
    """The same lines in a file that is followed while a program writes it and rotates it."""

    field: Field
    lines: list[bytes]
    path: Path
    state: Path
    written: int = 0

    @staticmethod
    def of(field_: Field, count: int) -> Growing:
        name = field_.name()
        folder = field_.root / name
        folder.mkdir()
        return Growing(field_, _lines_of(field_, name, count), folder / "events.jsonl", folder / "state")

    def start(self, *options: str) -> Child:
        where = ("--follow", "--poll", "0.05", "--state", str(self.state))
        return self.field.start(options, "ingest", str(self.path), *where, *FORMAT)

    def grow(self, share: float = 1.0) -> None:
        """Write a share of what is left, some lines at a time; the file that was there is rotated first, and in the middle."""
        stop = self.written + max(1, round((len(self.lines) - self.written) * share))
        middle = (self.written + stop) // 2
        for end in (middle, stop):
            if self.path.exists():
                self._rotate()
            while self.written < end:
                some = self.lines[self.written : min(end, self.written + BATCH)]
                with self.path.open("ab") as file:
                    file.writelines(line + b"\n" for line in some)
                self.written += len(some)
                time.sleep(WRITES_EVERY_S)

    def _rotate(self) -> None:
        until(lambda: list(self.state.glob("*.json")), "a following that has the file on record")
        older = len(list(self.path.parent.glob(f"{self.path.name}.*")))
        for number in range(older, 0, -1):
            self.path.with_name(f"{self.path.name}.{number}").rename(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.rename(self.path.with_name(f"{self.path.name}.1"))

    def noted(self) -> int:
        """So many lines it has on record as done."""
        return max((json.loads(path.read_bytes())["counts"]["read"] for path in self.state.glob("*.json")), default=0)

    def told(self) -> Told:
        """What its saved place says is on the log."""
        return _told(self.lines[: self.noted()])

    def complete(self) -> Told:
        """The rest is written, and a following that is well comes to the end of it."""
        child = self.start()
        if self.written < len(self.lines):
            self.grow()
        until(lambda: child.process.poll() is not None or self.noted() >= len(self.lines), "the file's end")
        assert child.stop() in (0, EXIT_INCOMPLETE), "".join(child.text[-5:])
        assert self.noted() == len(self.lines)
        return self.told()


@dataclass
class Sender:
    """A client of the HTTP ingest that sends what has not been acknowledged, and again after a restart."""

    field: Field
    waiting: list[list[bytes]]
    data: Path
    key: str
    told: Told = dataclasses.field(default_factory=Told)

    @staticmethod
    def of(field_: Field, count: int) -> Sender:
        name = field_.name()
        lines = field_.lines(name, count)
        lines += field_.chance.sample(lines, len(lines) // 8)
        lines += [b'{"broken": "%s-%d"}' % (name.encode(), n) for n in range(3)]
        field_.chance.shuffle(lines)
        data = field_.root / name
        Folder(data).made()
        key = Keys(data / FILE, SystemClock()).add(OWNER)
        return Sender(field_, [lines[n : n + BATCH] for n in range(0, len(lines), BATCH)], data, key)

    def start(self, *options: str) -> Child:
        return self.field.start(options, "--data", str(self.data), "serve", "--port", "0")

    def send(self, child: Child) -> bool:
        """Send until all is acknowledged, or the server is gone; whether all is."""
        client = Client(child.address(), self.key)
        with suppress(HTTPError):
            while self.waiting:
                answer = client.batch(self.waiting[0])
                assert answer.status in (200, 503), answer.data
                if answer.status == 200:
                    self._hear(self.waiting.pop(0), answer.json()["events"])
        return not self.waiting

    def _hear(self, lines: Sequence[bytes], verdicts: Sequence[dict[str, object]]) -> None:
        for each, verdict in zip(lines, verdicts, strict=True):
            id_, position = id_of(each), verdict.get("position")
            if id_ is None:
                self.told.refused.add(each)
                continue
            self.told.events.add(id_)
            if isinstance(position, dict):
                self.told.places[id_] = (position["topic"], position["partition"], position["offset"])

    def complete(self) -> Told:
        """A server that is well takes the rest, and is stopped."""
        child = self.start()
        assert self.send(child)
        assert child.stop() == 0, "".join(child.text)
        return self.told


@dataclass
class Deciding:
    """Decisions in a store of their own, to be relayed."""

    field: Field
    data: Path

    @staticmethod
    def of(field_: Field, count: int) -> Deciding:
        name = field_.name()
        made = Deciding(field_, field_.root / name)
        with made.opened() as app:
            for n in range(count):
                _sign(app, f"{name}-{n}", n)
        return made

    @contextmanager
    def opened(self) -> Iterator[Decisions]:
        folder = Folder(self.data)
        folder.made()
        with in_file(folder.decisions) as app:
            yield app

    def start(self, *options: str) -> Child:
        return self.field.start(options, "--data", str(self.data), "relay")

    def told(self) -> Told:
        """What its saved place says is on the log."""
        position = max((int(path.read_text()) for path in self.data.glob("relay*.position")), default=0)
        with self.opened() as app:
            return Told({event.event_id for at, event in app.outbox(0, 1_000_000) if at <= position})

    def complete(self) -> Told:
        """A relay that is well; all decisions are on the log."""
        child = self.start()
        assert child.end() == 0, "".join(child.text)
        told = self.told()
        with self.opened() as app:
            assert len(told.events) == len(app.outbox(0, 1_000_000))
        return told


def _sign(app: Decisions, name: str, minute: int) -> None:
    given = {"command": "contract.sign", "vendor": "v1", "terms": sample_terms(), "effective_from": "2026-01-01T00:00:00+08:00"}
    at = NINE + timedelta(minutes=minute)
    command = read_command({"id": name, "actor": "ann", **given}, tenant="t1", now=at)
    execute(app, command, FixedClock(at), KnownFacts())
