"""A command line that is run as a user runs it: arguments in, text and exit code out."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
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
        """Commands called within share the ledger that the first of them opens: for tests of what many commands say.

        How a command opens and leaves its ledger is seen wherever this is not used.
        """
        with ExitStack() as until, patch("opsledger.infra.cli.common.open_store") as opening:
            kept: list[Store] = []

            def opened(data: Path, **options: object) -> Store:
                assert data == self.data
                if not kept:
                    kept.append(until.enter_context(open_store(data, **options)))  # type: ignore[arg-type]  # the command's
                    until.enter_context(patch.object(kept[0], "close", lambda: None))
                return kept[0]

            opening.side_effect = opened
            yield

    def start(self, *arguments: str | Path, **environ: str) -> subprocess.Popen[bytes]:
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
