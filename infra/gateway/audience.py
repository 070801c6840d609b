"""Whom a statement is run for, as its engine settings say it: one text that the views of readers and KILL QUERY look at.

The engine has one user, and no settings of our own; ``log_comment`` is a text that does nothing else. It is
``role|tenant|vendor|request``, tenant and vendor in hexadecimal digits, '' where the user is not bound. Clients cannot send it.
"""

from __future__ import annotations

from opsledger.infra.gateway.roles import User

SETTING = "log_comment"
_PART = "splitByChar('|', getSetting('log_comment'))[{number}]"


def mark(user: User, request: str) -> str:
    """The text for one request of a user. ``request`` tells it from all others."""
    return "|".join((user.role, user.tenant.encode().hex(), user.vendor.encode().hex(), request))


def condition(column: str) -> str:
    """The condition that a row is one that the user may see, by its ``tenant`` or ``vendor``."""
    part = _PART.format(number={"tenant": 2, "vendor": 3}[column])
    return f"({part} = '' OR `{column}` = unhex({part}))"
