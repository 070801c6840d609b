"""One node of a local cluster: its files, its process, and whether that process is alive."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.local.java import Java
from opsledger.infra.kafka.local.plan import HOST, NodePlan, Plan, busy

_TEMPLATE = Path(__file__).with_name("node.properties")
_LOGGING = Path(__file__).with_name("log4j2.xml")
_HEAP = ("-Xmx512m", "-Xms256m", "-XX:+ExitOnOutOfMemoryError")
_POLL_S = 0.05
_STOP_S = 30.0
"""How long a node may take to hand over its partitions and close its files."""
_FORMAT_S = 300
_LOOK_S = 5.0
_ASCII = 128
_ANY_NAMES = {"LC_ALL": "C.UTF-8"}
"""Under a plain C locale Java finds no file whose name is not ASCII."""


class Node:
    """A node with its folder. Alive means: its process holds the lock of the folder.

    The lock is handed to the process at its start and ends with it, however it ends; so a process number that was
    given to another program since is never taken for the node.
    """

    def __init__(self, root: Path, plan: Plan, node: NodePlan) -> None:
        self.plan = node
        self.folder = root / f"node-{node.id}"
        self._cluster = plan
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the node says of itself."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        """The process; None when it does not run."""
        if not self.alive():
            return None
        try:
            return int((self.folder / "pid").read_text())
        except (OSError, ValueError):
            return None

    def alive(self) -> bool:
        """Whether its process runs."""
        if self._process is not None:
            self._process.poll()  # a dead child of ours is taken off the system's list
        lock = self._lock(create=False)
        if lock is None:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)

    def prepare(self, java: Java, libraries: Path) -> subprocess.Popen[bytes] | None:
        """Write its settings; start to format its storage unless that is done. ``formatted`` has to follow."""
        self._check_ports()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.joinpath("node.properties").write_text(self._properties())
        if (self.folder / "formatted").exists():
            return None
        if self._data.exists():  # a format that was cut short; no broker ever ran on it
            shutil.rmtree(self._data)
        voters = ",".join(f"{n.id}@{HOST}:{n.controller_port}:{n.directory_id}" for n in self._cluster.nodes)
        what = ["format", "-t", self._cluster.cluster_id, "--initial-controllers", voters, "-c", self._settings]
        return subprocess.Popen(  # noqa: S603  no shell, our own paths
            [*java.command(libraries, "-Xmx128m"), "kafka.tools.StorageTool", *what],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_ANY_NAMES},
        )

    def formatted(self, formatting: subprocess.Popen[bytes] | None) -> None:
        """Wait for ``prepare``'s process. UserError with its last words when it failed."""
        if formatting is None:
            return
        told, _ = formatting.communicate(timeout=_FORMAT_S)
        if formatting.returncode:
            said = _last(told.decode(errors="replace")) or "no reason given"
            raise UserError(f"the storage of {self.folder} cannot be made: {said}", EXIT_ENVIRONMENT)
        (self.folder / "formatted").touch()

    def start(self, java: Java, libraries: Path) -> None:
        """Start its process, away from this one: it lives on. Nothing happens when it is alive."""
        if self.alive():
            return
        self._check_ports()
        lock = self._lock(create=True)
        if lock is None:
            raise UserError(f"{self.folder} is gone", EXIT_ENVIRONMENT)
        try:
            self._take(lock)
            options = (*_HEAP, f"-Dopsledger.node={self.folder}", f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}")
            with (self.folder / "console.log").open("wb") as said:
                self._process = subprocess.Popen(  # noqa: S603  no shell, our own paths
                    [*java.command(libraries, *options), "kafka.Kafka", self._settings],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **_ANY_NAMES},
                    start_new_session=True,
                    pass_fds=[lock],
                )
            (self.folder / "pid").write_text(str(self._process.pid))
        except OSError:  # nobody could stop a process whose number is not written down
            if self._process:
                self._process.kill()
            raise
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Ask it to end, with its partitions handed over; kill it when it does not."""
        self.signal(signal.SIGTERM)
        if not self.ended(_STOP_S):
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.signal(signal.SIGKILL)
        self.ended(_STOP_S)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process, if that is alive."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    def ended(self, wait_s: float) -> bool:
        """Whether it is gone within so many seconds."""
        until = time.monotonic() + wait_s
        while self.alive():
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def last_words(self) -> str:
        """Why it ended, as far as its logs tell."""
        for file in (self.log, self.folder / "console.log"):
            with suppress(OSError):
                if said := _last(file.read_text(errors="replace")):
                    return said
        return "no reason given"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _settings(self) -> str:
        return str(self.folder / "node.properties")

    def _lock(self, *, create: bool) -> int | None:
        try:
            return os.open(self.folder / "LOCK", os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        except FileNotFoundError:
            return None

    def _take(self, lock: int) -> None:
        """Have the lock: somebody who looks whether the node is alive holds it for a moment."""
        until = time.monotonic() + _LOOK_S
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise UserError(
                        f"node {self.plan.id} in {self.folder} was started by somebody else", EXIT_ENVIRONMENT
                    ) from None
            time.sleep(_POLL_S)

    def _check_ports(self) -> None:
        taken = busy(self.plan.ports)
        if taken:
            raise UserError(
                f"port {taken[0]} of node {self.plan.id} is in use by another program; stop that, or make the cluster anew: "
                "opsledger kafka down --delete, then up",
                EXIT_ENVIRONMENT,
            )

    def _properties(self) -> str:
        copies, in_sync = (3, 2) if len(self._cluster.nodes) >= 3 else (1, 1)  # as Topics.specs
        text = _TEMPLATE.read_text(encoding="utf-8").format(
            id=self.plan.id,
            controllers=self._cluster.controllers,
            port=self.plan.port,
            controller_port=self.plan.controller_port,
            more_listeners="".join(f",{protocol}://{HOST}:{port}" for protocol, port in self.plan.secure.items()),
            more_protocols="".join(f",{protocol}:{protocol}" for protocol in self.plan.secure),
            data=_escaped(str(self._data)),
            copies=copies,
            in_sync=in_sync,
        )
        return text + _lines(self._cluster.settings)


def _escaped(path: str) -> str:
    """A path as a properties file takes it: it is read letter by letter of Latin-1, and a comma parts two folders."""
    if "," in path or "\n" in path:
        raise UserError(f"{path}: Kafka takes no folder with a comma in its name; name another (--dir)")
    units = path.replace("\\", "\\\\").encode("utf-16-be")
    letters = (int.from_bytes(units[place : place + 2], "big") for place in range(0, len(units), 2))
    return "".join(chr(letter) if letter < _ASCII else f"\\u{letter:04x}" for letter in letters)


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _last(said: str) -> str:
    """The last line that tells of an error; else the last line."""
    lines = [line for line in said.splitlines() if line.strip()]
    told = [line for line in lines if any(word in line for word in (" ERROR ", " FATAL ", "Exception", "rror: "))]
    return (told or lines or [""])[-1].strip()[:500]
