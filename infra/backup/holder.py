"""How a backup asks the process that holds a data directory to freeze the ledger: a socket in the directory.

Only this user comes to it, by the directory's rights and its own. Nothing can be asked for but to freeze, which changes
nothing, and nothing is answered but that it was done: what was frozen is then read as files.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.backup.freeze import freeze
from opsledger.infra.store import Store

SOCKET = "backup.sock"
NAME = re.compile(r"opsledger_backup_[0-9a-f]{16}")
"""Names of what is frozen; a holder takes no other."""
_TURN_S = 0.2
_SPEAK_S = 5.0
"""So long a holder listens to one who has come and says nothing."""
_FREEZE_S = 60.0
_MOST_BYTES = 4096
_LONGEST = 100
"""Bytes of an address that every system takes."""


@contextmanager
def answering(store: Store) -> Iterator[None]:
    """While the context lasts, backups may ask this process, if it holds a data directory. Where there can be no socket,
    they are told so when they come."""
    listener = None if store.remote else _listening(store.path)
    if listener is None:
        yield
        return
    over = Event()
    thread = Thread(target=_answer_all, args=(listener, store.path, over), name="backup", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        listener.close()
        (store.path / SOCKET).unlink(missing_ok=True)


def ask(root: Path, name: str) -> bool:
    """Have the holder of a data directory freeze the ledger; False where none listens. UserError where it cannot."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_FREEZE_S)
        try:
            with _address(root) as address:
                asking.connect(address)
            asking.sendall(json.dumps({"freeze": name}).encode() + b"\n")
            told = _line(asking)
        except TimeoutError:
            raise UserError(
                f"the process that holds {root} has not answered for {_FREEZE_S:g} s; look at it, or stop it", EXIT_ENVIRONMENT
            ) from None
        except OSError:
            return False
    if told.get("frozen") == name:
        return True
    if not told:  # it ended meanwhile
        return False
    why = str(told.get("error", "it does not say why"))[:300]
    raise UserError(f"the process that holds {root} could not freeze the ledger: {why}", EXIT_ENVIRONMENT)


def _listening(root: Path) -> socket.socket | None:
    listener = socket.socket(socket.AF_UNIX)
    try:
        (root / SOCKET).unlink(missing_ok=True)  # a killed holder's: the directory is ours
        with _address(root) as address:
            listener.bind(address)
        (root / SOCKET).chmod(0o600)
        listener.listen(4)
        listener.settimeout(_TURN_S)
    except OSError:
        listener.close()
        return None
    return listener


@contextmanager
def _address(root: Path) -> Iterator[str]:
    """The socket's address; of a long one a short form, which not every system has."""
    path = str(root / SOCKET)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def _answer_all(listener: socket.socket, root: Path, over: Event) -> None:
    while not over.is_set():
        try:
            asking, _ = listener.accept()
        except TimeoutError:  # nobody came
            continue
        except OSError:  # too many open files, for one
            over.wait(_TURN_S)
            continue
        with asking, suppress(OSError):
            asking.settimeout(_SPEAK_S)
            asking.sendall(json.dumps(_answer(root, _line(asking).get("freeze"))).encode() + b"\n")


def _answer(root: Path, name: object) -> dict[str, str]:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return {"error": "nothing but to freeze is done for those who ask here"}
    try:
        freeze(root, name)
    except Exception as error:  # noqa: BLE001  the holder goes on, whatever becomes of the backup
        return {"error": str(error).split("\n", 1)[0]}
    return {"frozen": name}


def _line(from_: socket.socket) -> dict[str, object]:
    """One line of JSON; nothing where it is none."""
    said = b""
    while not said.endswith(b"\n") and len(said) < _MOST_BYTES and (more := from_.recv(_MOST_BYTES)):
        said += more
    try:
        told = json.loads(said)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
