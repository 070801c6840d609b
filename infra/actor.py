"""Who does something at the command line, for what is kept on record."""

from __future__ import annotations

import os
import pwd
import socket
import unicodedata
from dataclasses import dataclass

from opsledger.domain.errors import UserError
from opsledger.domain.fields import MAX_NAME_BYTES


@dataclass(frozen=True, slots=True)
class Actor:
    """``name``: who it is by their own account, '' where nothing was said. ``account`` and ``host`` are the system's."""

    name: str
    account: str
    host: str

    def __str__(self) -> str:
        place = f"{self.account}@{self.host}"
        return f"{self.name} ({place})" if self.name else place


def actor_of(name: str = "") -> Actor:
    """Who runs this process. UserError for a name that would spoil a line."""
    if len(name.encode(errors="replace")) > MAX_NAME_BYTES or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise UserError(f"--actor has to be of at most {MAX_NAME_BYTES} bytes, without control characters")
    return Actor(name, _account(), socket.gethostname())


def _account() -> str:
    """By the process's own number: the environment says what anybody wants."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
