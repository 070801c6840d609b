"""A gateway as a process of its own, for tests: started, found, killed, and asked in ClickHouse's own protocol."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from clickhouse_connect.driver.client import Client

from opsledger.infra.gateway.found import Found, find
from opsledger.infra.server import connect, parse_url

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: status, headers, body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> int:
        """ClickHouse's code of an error; 0 for none."""
        return int(self.headers.get("X-ClickHouse-Exception-Code", "0"))

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass(slots=True)
class Running:
    """A gateway at work."""

    root: Path
    process: subprocess.Popen[bytes]
    found: Found

    def ask(
        self, text: str | bytes = b"", /, *, method: str = "POST", headers: Mapping[str, str] | None = None, **more: Any
    ) -> Told:
        """Send a statement as the body; further arguments go into the address."""
        return self.send(text if isinstance(text, bytes) else text.encode(), method=method, headers=headers, **more)

    def send(
        self, body: bytes, *, method: str = "POST", headers: Mapping[str, str] | None = None, path: str = "/", **more: Any
    ) -> Told:
        """Send any body."""
        said = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": self.found.password, **(headers or {})}
        address = f"{self.found.url}{path}" + (f"?{urlencode(more)}" if more else "")
        with urllib3.PoolManager() as http:
            answer = http.request(method, address, body=body, headers=said, retries=False, decode_content=False)
            return Told(answer.status, answer.headers, answer.data)

    def client(self, database: str = "default") -> Client:
        """A client of ours."""
        return connect(parse_url(f"{self.address(database)}"))

    def address(self, database: str = "default") -> str:
        """The whole address, password and all, as it stands in the environment."""
        return f"http://default:{self.found.password}@{urlsplit(self.found.url).netloc}/{database}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def start(root: Path, *options: str, **environ: str) -> Running:
    """Start a gateway on a data directory and wait until it answers."""
    command = [sys.executable, "-m", "opsledger.infra.cli", "--data", str(root), "gateway", "--port", "0", *options]
    given = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
    process = subprocess.Popen(command, cwd=ROOT, env={**given, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        note = find(root)
        if note is not None and note.pid == process.pid:
            return Running(root, process, note)
        if process.poll() is not None:
            raise AssertionError(process.stdout.read() if process.stdout else "")
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the gateway did not come up")


@contextmanager
def running(root: Path, *options: str, **environ: str) -> Iterator[Running]:
    """A gateway for the length of a context."""
    gateway = start(root, *options, **environ)
    try:
        yield gateway
    finally:
        if gateway.process.poll() is None:
            gateway.stop()
        if gateway.process.stdout:
            gateway.process.stdout.close()
