"""Writes a backup. What a kill at any step leaves is a draft, which is no backup, and which the next takes away.

1. The small files: how far relay, followed files and copies to Kafka had come. They never say more than the ledger then has.
2. The ledger, frozen by whoever holds it.
3. The databases beside it, the decisions among them: never fewer than the ledger has.
4. What was written is opened as a ledger, counted and checked; the index is written; the files are read and compared with it.
5. The draft is put in its place under its name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra.backup.contents import Holding, check_tables, count_decisions, holding
from opsledger.infra.backup.files import copy, linked
from opsledger.infra.backup.frozen import frozen
from opsledger.infra.backup.index import FORMAT, BackupIndex, fault_of, write_index
from opsledger.infra.backup.series import draft, name_of, newest, series
from opsledger.infra.backup.taking import Taking, ledger_of, take_databases, take_ledger, take_small_files
from opsledger.infra.data_directory import DECISIONS, LAYOUT
from opsledger.infra.relaying import LOCAL_PLACE
from opsledger.infra.store import open_embedded
from opsledger.ingest.relay import FilePlace

_OPENED = "opened"
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written: where, its index, and how many bytes of it are new on the disk."""

    path: Path
    index: BackupIndex
    new_bytes: int

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(mark.size for mark in self.index.files.values())


def write_backup(root: Path, to: Path, clock: Clock, *, patience_s: float, elsewhere: bool, say: Say) -> Backup:
    """Write a backup of a data directory into the folder of a series.

    ``elsewhere``: decisions are not kept in the directory. UserError, in which case nothing was written: see ``series``,
    ``frozen``; exit code 3 where the ledger, or the store of decisions, is damaged.
    """
    root = root.resolve()
    at, ledger = clock.now(), ledger_of(root)
    with series(to, root) as folder, draft(folder, name_of(at)) as made:
        taking = Taking(root, made, newest(folder, ledger))
        take_small_files(taking)
        with frozen(root, clock, patience_s) as shadow:
            take_ledger(taking, shadow)
        say("checking what was written")
        take_databases(taking)
        decisions = None if elsewhere else _decisions(taking)
        found = _looked_into(taking, clock)
        index = BackupIndex(
            format=FORMAT,
            at=at.isoformat(),
            made_by=version("opsledger"),
            ledger=ledger,
            layout=LAYOUT,
            files=dict(sorted(taking.files.items())),
            rows=found.rows,
            ends=found.ends,
            decisions=decisions,
            left_out=tuple(taking.left_out),
        )
        write_index(made, index)
        _check_written(taking)
    return Backup(folder / name_of(at), index, sum(taking.files[name].size for name in taking.copies))


def _check_written(taking: Taking) -> None:
    """What was linked was read already."""
    for name in sorted(taking.copies):
        if fault := fault_of(taking.draft, name, taking.files[name]):
            raise UserError(
                f"what was written is not what was read: {fault}; check the disk. No backup was written", EXIT_ENVIRONMENT
            )


def _decisions(taking: Taking) -> int:
    """How many decisions there are. UserError, exit code 3, for fewer than the relay has brought to the ledger's log."""
    made = count_decisions(taking.data / DECISIONS) if DECISIONS in taking.files else 0
    relayed = FilePlace(taking.data / LOCAL_PLACE).load()
    if relayed > made:
        raise UserError(
            f"the store of decisions in {taking.root} is damaged: it holds {made:,} decisions, and {relayed:,} were "
            f"relayed from it; no backup was written. Take {DECISIONS} from an earlier backup",
            EXIT_INCOMPLETE,
        )
    return made


def _looked_into(taking: Taking, clock: Clock) -> Holding:
    """Step 4: the ledger in the draft, opened by way of links, so that no file of the draft is written."""
    opened = taking.draft / _OPENED
    for name in taking.files:
        if not name.endswith(".sqlite") and not linked(taking.data / name, opened / name):
            copy(taking.data, name, opened / name)
    opened.chmod(0o700)
    try:
        with open_embedded(opened, clock=clock, read_only=True, command="opsledger backup") as store:
            check_tables(store, sorted(taking.tables), f"the ledger in {taking.root}")
            return holding(store)
    except UserError as error:
        told = str(error).replace(str(opened), str(taking.root))
        raise UserError(f"{told}. No backup was written; those of before are as they were", error.exit_code) from error
    finally:
        shutil.rmtree(opened)
