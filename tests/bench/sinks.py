"""A sink as a process of its own, for benchmarks with several at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.gateways import ROOT

_PATIENCE_S = 60.0


@contextmanager
def sink(environ: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``opsledger sink`` with these options; at the end of the context it is asked to stop, and waited for."""
    command = [sys.executable, "-m", "opsledger.infra.cli", "sink", "--quiet", *options]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=_PATIENCE_S)
