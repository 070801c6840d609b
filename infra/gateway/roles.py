"""Who may do what at the gateway: three roles, and the bounds within which each one's statements run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LOCAL_USER = "default"
"""The writer that local commands log in as; its secret is made anew by each gateway, or set in the environment."""


class Role(StrEnum):
    """What a user is there for; docs/security.md says what each may do."""

    WRITER = "writer"
    READER = "reader"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. ``tenant`` and ``vendor`` bind a reader to their rows; '' does not."""

    name: str
    role: Role
    tenant: str = ""
    vendor: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether only the rows of one tenant, or of one vendor, may be seen."""
        return bool(self.tenant or self.vendor)

    @property
    def writes(self) -> bool:
        """Whether anything may be changed."""
        return self.role is Role.WRITER


LOCAL = User(LOCAL_USER, Role.WRITER)

_GIB = 1024**3
BOUNDS: Mapping[Role, Mapping[str, int]] = {
    Role.WRITER: {"max_execution_time": 3_600, "max_memory_usage": 16 * _GIB},
    Role.READER: {
        "max_execution_time": 60,
        "max_memory_usage": 2 * _GIB,
        "max_rows_to_read": 1_000_000_000,
        "max_result_bytes": _GIB,
        "max_result_rows": 10_000_000,
    },
    Role.AUDITOR: {
        "max_execution_time": 600,
        "max_memory_usage": 4 * _GIB,
        "max_rows_to_read": 10_000_000_000,
        "max_result_bytes": 4 * _GIB,
        "max_result_rows": 100_000_000,
    },
}
"""What a statement runs with: seconds, bytes, rows, bytes and rows of the answer. A client may ask for less."""
