"""A command line that is run as a user runs it: arguments in, text and exit code out."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import pytest

from opsledger.infra.cli.main import run
from opsledger.infra.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    out: str
    err: str
    code: int

    def __post_init__(self) -> None:
        assert "Traceback" not in self.err + self.out, self.err


class Kept:
    """The ledger that commands leave open for the next one, until one is about another directory."""

    now: ClassVar[Kept | None] = None

    def __init__(self) -> None:
        self._store: Store | None = None
        self._close: Callable[[], None] = lambda: None

    def opened(self, data: Path, **options: Any) -> Store:
        """In place of ``open_store``."""
        if self._store is None or self._store.path != data:
            self.let_go()
            store = open_store(data, **options)
            if store.remote:
                return store
            self._store, self._close = store, store.close
            store.close = lambda: None  # type: ignore[method-assign]  # who opens it next finds it open
        return self._store

    def anew(self, data: Path, **options: Any) -> Store:
        """In place of ``open_store`` where the opening itself is looked at."""
        self.let_go()
        return open_store(data, **options)

    def let_go(self) -> None:
        close, self._store, self._close = self._close, None, lambda: None
        close()


@contextmanager
def keeping() -> Iterator[None]:
    """Commands called within this process share an open ledger: for tests of what many commands say.

    How a command opens and leaves its ledger is seen wherever this is not used.
    """
    if Kept.now:
        yield
        return
    kept = Kept()
    with (
        patch("opsledger.infra.cli.common.open_store", kept.opened),
        patch("opsledger.infra.health.open_store", kept.anew),
        patch.object(Kept, "now", kept),
    ):
        try:
            yield
        finally:
            kept.let_go()


def let_go() -> None:
    """Close what is kept open: another process, or a store of a test's own, is to have the directory."""
    if Kept.now:
        Kept.now.let_go()


@pytest.fixture(scope="module")
def kept() -> Iterator[None]:
    """Commands of a file share an open ledger; name it with ``usefixtures``."""
    with keeping():
        yield


@dataclass(frozen=True, slots=True)
class Cli:
    """Runs ``opsledger`` on one data directory: called, within this process; ``process``, in one of its own."""

    data: Path

    def arguments(self, *arguments: str | Path) -> list[str]:
        return ["--data", str(self.data), *map(str, arguments)]

    def __call__(self, *arguments: str | Path) -> Said:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with patch.object(sys, "stdout", out), patch.object(sys, "stderr", err):
            code = run(self.arguments(*arguments))
        told = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]  # a BytesIO
        return Said(*told, code)

    def ok(self, *arguments: str | Path) -> str:
        said = self(*arguments)
        assert said.code == 0, said.err + said.out
        return said.out

    @contextmanager
    def held(self) -> Iterator[None]:
        """Commands called within share the open ledger: see ``keeping``."""
        with keeping():
            yield

    def start(self, *arguments: str | Path, **environ: str) -> subprocess.Popen[bytes]:
        let_go()
        command = [sys.executable, "-m", "opsledger.infra.cli", *self.arguments(*arguments)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, **pipes)

    def process(self, *arguments: str | Path, stdin: bytes = b"", **environ: str) -> Said:
        started = self.start(*arguments, **environ)
        out, err = started.communicate(stdin, timeout=300)
        return Said(out.decode(), err.decode(), started.returncode)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "data")
