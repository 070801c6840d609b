"""A frozen ledger, whoever has the data directory: this process opens it, or asks the one that holds it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from opsledger.domain.clock import Clock
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.backup.freeze import SHADOW, freeze
from opsledger.infra.backup.holder import NAME, ask
from opsledger.infra.data_directory import ENGINE
from opsledger.infra.directory_lock import is_held
from opsledger.infra.manifest import OnLoss
from opsledger.infra.store import open_embedded
from opsledger.ingest.small_file import held

LOCK = "backup.lock"
PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.2


@contextmanager
def frozen(root: Path, clock: Clock, patience_s: float) -> Iterator[Path]:
    """The folder of the ledger's parts as they are now; it is taken away at the context's end.

    A holder that cannot be asked is waited for. UserError, exit code 4, where it does not end, and where another backup of
    the directory is at work.
    """
    with held(root / LOCK) as alone:
        if not alone:
            raise UserError(f"another backup of {root} is at work; wait until it is done", EXIT_ENVIRONMENT)
        shadow = root / ENGINE / SHADOW
        for left in shadow.glob("*"):  # of a backup that was killed
            if NAME.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)
        name = f"opsledger_backup_{token_hex(8)}"
        try:
            _freeze(root, name, clock, patience_s)
            yield shadow / name
        finally:
            shutil.rmtree(shadow / name, ignore_errors=True)


def _freeze(root: Path, name: str, clock: Clock, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while not ask(root, name):
        try:
            with open_embedded(root, clock=clock, read_only=True, command="opsledger backup", on_loss=OnLoss.TELL):
                freeze(root, name)
                return
        except UserError as error:
            if not is_held(root):
                raise
            if time.monotonic() >= until:
                raise _held_by(error, patience_s) from error
        except RuntimeError as error:
            first = str(error).split("\n", 1)[0][:300]
            raise UserError(f"the ledger in {root} could not be frozen: {first}", EXIT_ENVIRONMENT) from error
        time.sleep(_LOOK_EVERY_S)


def _held_by(error: UserError, patience_s: float) -> UserError:
    return UserError(
        f"{error}. A backup can be asked of `opsledger gateway`, `serve`, `sink` and `ingest --follow` while they run; other "
        f"commands end by themselves: it has waited {patience_s:g} s for this one (--wait)",
        EXIT_ENVIRONMENT,
    )
