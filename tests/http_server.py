"""The HTTP ingest for tests: in a thread of the test on any stores, or as a process of its own that can be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from opsledger.domain.clock import Clock
from opsledger.infra.serve.admission import Admission
from opsledger.infra.serve.app import App
from opsledger.infra.serve.connection import Bounds
from opsledger.infra.serve.keys import Keys
from opsledger.infra.serve.metrics import Metrics
from opsledger.infra.serve.rates import Rates
from opsledger.infra.serve.refusals import Refusals
from opsledger.infra.serve.server import Server
from opsledger.ingest.http.committer import Committer, Store
from opsledger.ingest.http.judging import Owner
from opsledger.ingest.http.limits import Limits

ROOT = Path(__file__).resolve().parents[1]
OWNER = Owner("t1", "sim:test")
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PATIENCE_S = 60


@dataclass(slots=True)
class Client:
    """Somebody who sends. ``key`` may be anybody's."""

    url: str
    key: str
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=300, retries=False))

    def post(self, body: bytes, media: str = STRUCTURED, *, key: str | None = None, **headers: str) -> Any:
        """Send a body; names of further headers have underscores for hyphens."""
        said = {"Content-Type": media, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if key or (key is None and self.key):
            said["Authorization"] = f"Bearer {key or self.key}"
        return self.http.request("POST", f"{self.url}/events", body=body, headers=said, timeout=PATIENCE_S)

    def send(self, message: HTTPMessage) -> Any:
        """Send what the CloudEvents SDK has made."""
        headers = {**message.headers, "Authorization": f"Bearer {self.key}"}
        return self.http.request("POST", f"{self.url}/events", body=message.body, headers=headers, timeout=PATIENCE_S)

    def structured(self, event: CloudEvent) -> Any:
        return self.send(to_structured_event(event))

    def binary(self, event: CloudEvent) -> Any:
        return self.send(to_binary_event(event))

    def batch(self, events: Sequence[bytes]) -> Any:
        return self.post(b"[" + b",".join(events) + b"]", BATCH)

    def get(self, path: str) -> Any:
        return self.http.request("GET", self.url + path, timeout=PATIENCE_S)


@dataclass(slots=True)
class Service:
    """A server in a thread of this process."""

    server: Server
    committer: Committer
    keys: Keys
    metrics: Metrics
    client: Client


@contextmanager
def service(
    store: Store,
    folder: Path,
    clock: Clock,
    *,
    limits: Limits | None = None,
    bounds: Bounds | None = None,
    told: Callable[[str], None] | None = None,
    rates: Rates | None = None,
) -> Iterator[Service]:
    """A server over ``store`` until the end of the context, with a key for OWNER."""
    limits, bounds = limits or Limits(), bounds or Bounds()
    keys, metrics = Keys(folder / "keys.sqlite", clock), Metrics()
    committer = Committer(store, limits, told)
    metrics.watch(committer)
    admission = Admission(keys.who, limits, metrics, Refusals(folder, clock).write, rates or Rates())
    app = App(admission, committer, "0")
    server = Server(app, committer, limits, bounds, ("127.0.0.1", 0))
    server.connections_by(app.admit, bounds, lambda status: metrics.answered(status, 0))
    thread = threading.Thread(target=server.turn, daemon=True)
    thread.start()
    try:
        yield Service(server, committer, keys, metrics, Client(server.url, keys.add(OWNER)))
    finally:
        if not server._stopping.is_set():  # a test may have stopped it
            server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@dataclass(slots=True)
class Process:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    said: list[str]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit code. What it said meanwhile is in ``said``."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for its end."""
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.said += self.process.stdout.readlines()
        self.process.stdout.close()
        return code


def start(data: Path, *options: str, environ: Mapping[str, str] | None = None, module: str = "opsledger.infra.cli") -> Process:
    """Start a server on a data directory and wait until it says where it is. Its two streams are one."""
    arguments = ["--data", str(data), "serve", "--port", "0"] if module == "opsledger.infra.cli" else [str(data)]
    given = {name: value for name, value in os.environ.items() if not name.startswith("OPSLEDGER_")}
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments, *options],
        cwd=ROOT,
        env={**given, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"serving (http://\S+)/events", line):
            return Process(process, found[1], said)
    raise AssertionError("".join(said))


@contextmanager
def running(data: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    """A server process for the length of a context."""
    process = start(data, *options, environ=environ)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.stop()
