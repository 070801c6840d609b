"""Wires ``opsledger ingest --follow``: files that grow, into the local ledger or Kafka, until it is told to stop."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from uuid import uuid4

from opsledger.domain.clock import Clock
from opsledger.domain.errors import UserError
from opsledger.domain.ports import ImportRun
from opsledger.infra.ingesting import Ask, Reader, reader_for
from opsledger.infra.patience import Patience, Tell
from opsledger.ingest.adapters.jsonlines import JsonLines
from opsledger.ingest.adapters.queue_log import QueueLog
from opsledger.ingest.follow.files import DiskFiles
from opsledger.ingest.follow.follower import Follower
from opsledger.ingest.follow.reading import JsonReading, QueueLogReading, Reading
from opsledger.ingest.follow.state import Counts, StateFile
from opsledger.ingest.follow.storing import Storing
from opsledger.ingest.follow.tail import Tail
from opsledger.ingest.importer import ImportSpec, Stores, counts_of
from opsledger.ingest.inputs import STANDARD_INPUT
from opsledger.ingest.tally import Tally

FOLLOWED = ("jsonl", "queue_log")
"""Formats that can be followed: those whose lines stand one by one in a file that only grows."""
FOLDER = "follow"
POLL_S = 1.0
DUTY_S = 60.0
"""New events are in the facts, in the journal and on the terminal after so long."""
_WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go. ``name`` is what a state is kept for; ``follow_up`` is done after new events came, now and then."""

    name: str
    stores: Stores
    follow_up: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Followed:
    """One file: its counts in this run, and over all runs."""

    path: str
    spec: ImportSpec
    started: datetime
    tally: Tally
    total: Counts


class Following:
    """Follows files, one turn each in a round; ``close`` it. UserError for what cannot be followed."""

    def __init__(self, paths: Sequence[str], ask: Ask, target: Target, folder: Path, clock: Clock, tell: Tell) -> None:
        self._ask, self._target, self._clock, self._tell = ask, target, clock, tell
        self._encoding = encoding_of(ask)
        self._files = DiskFiles()
        self._states, self._journals = ExitStack(), {path: uuid4() for path in paths}
        readers = {path: reader_for(ask, path, clock) for path in dict.fromkeys(map(_followable, paths))}
        self.followed = [Followed(path, reader.spec, clock.now(), Tally(), Counts()) for path, reader in readers.items()]
        self._saved: dict[str, StateFile] = {}
        self._followers: dict[str, Follower] = {}
        try:
            for each in self.followed:
                self._saved[each.path] = self._state_of(each, folder)
            self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self) -> None:
        """Take up the work from what is saved: at the start, and after what was read could not be stored."""
        for follower in self._followers.values():
            follower.close()
        self._storing = Storing(self._target.stores, self._clock)
        self._followers = {each.path: self._follower(each) for each in self.followed}

    def close(self) -> None:
        """Let files and states go."""
        for follower in self._followers.values():
            follower.close()
        self._states.close()

    def round(self) -> bool:
        """One turn of each file; whether there was anything. UserError where it could not be stored."""
        moved = False
        for each in self.followed:
            follower = self._followers[each.path]
            tally = follower.turn()
            each.total = follower.counts
            if tally is not None:
                moved = True
                each.tally.add(tally)
        return moved

    def run(self, stop: Event, *, poll_s: float = POLL_S, duty_s: float = DUTY_S) -> None:
        """Follow until ``stop`` is set. What is away is waited for; UserError for what a person has to mend."""
        self._note("running")
        patience = Patience(stop, self._tell)
        due, noted = time.monotonic() + duty_s, self._read()
        while not stop.is_set():
            try:
                moved = self.round()
                if time.monotonic() >= due and self._read() != noted:
                    noted = self._read()
                    self._do_duty()
                    due = time.monotonic() + duty_s
                patience.over()
            except UserError as error:
                patience.wait(error)
                self.begin()
                continue
            if not moved:
                stop.wait(poll_s)
        if self._read() != noted:
            self._target.follow_up()
        self._note("finished")

    def _read(self) -> int:
        return sum(each.tally.read for each in self.followed)

    def _do_duty(self) -> None:
        self._target.follow_up()
        self._note("running")
        for each in self.followed:
            tally = each.tally
            self._tell(f"{each.path}: read {tally.read:,}, dead {tally.dead:,} (all runs: read {each.total.read:,})")

    def _note(self, state: str) -> None:
        for each in self.followed:
            self._target.stores.imports.write(self._journal(each, state))

    def _journal(self, each: Followed, state: str) -> ImportRun:
        spec, tally = each.spec, each.tally
        run = ImportRun(
            self._journals[each.path], spec.tenant, spec.source, spec.format, spec.file, spec.mapping, spec.backfill,
            each.started, self._clock.now(), state,
        )  # fmt: skip
        return replace(run, **counts_of(tally))

    def _state_of(self, each: Followed, folder: Path) -> StateFile:
        spec = each.spec
        place = Path(each.path).absolute()  # a link is followed as a link, wherever it leads
        about = f"{place} ({spec.format}, {spec.source}, {spec.tenant or 'any tenant'}) into {self._target.name}"
        state = StateFile(folder, about)
        self._states.callback(state.close)
        return state

    def _follower(self, each: Followed) -> Follower:
        saved = self._saved[each.path]
        state = saved.load()
        tail = Tail(
            each.path,
            self._files,
            time.time,
            place=state.place if state else None,
            finished=state.finished if state else (),
            encoding=self._encoding,
            tell=self._tell,
        )
        reading = _reading(reader_for(self._ask, each.path, self._clock))
        storing = self._storing
        follower = Follower(
            tail, reading, lambda chunks: storing.store(chunks, each.spec), saved, state.counts if state else Counts()
        )
        if state:
            follower.recall(state.memory, self._files, self._tell)
        follower.begin()
        return follower


def encoding_of(ask: Ask) -> str:
    """The encoding of the lines. UserError for one in which an end of a line is not one byte."""
    if ask.encoding == "auto":
        return "utf-8"
    name = codecs.lookup(ask.encoding).name
    if name.startswith(_WIDE):
        raise UserError(f"--follow does not read {ask.encoding}: where its lines end cannot be seen from the middle of a file")
    return name


def _followable(path: str) -> str:
    if path == STANDARD_INPUT:
        raise UserError("standard input is read to its end without --follow; give --follow a file")
    if path.endswith((".gz", ".zst", ".zip", ".bz2", ".xz")):
        raise UserError(f"{path} is compressed and does not grow; read it without --follow")
    return path


def _reading(reader: Reader) -> Reading:
    if isinstance(reader.adapter, JsonLines):
        return JsonReading(reader.adapter)
    if isinstance(reader.adapter, QueueLog):
        return QueueLogReading(reader.adapter)
    raise UserError(f"--follow reads the formats {' and '.join(FOLLOWED)}; import {reader.spec.format} files as they come")
