"""Commands as data: the command line, a file of JSON lines and the simulator have one way in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opsledger.domain.decisions import award, penalty
from opsledger.domain.decisions.base import Body, Command
from opsledger.domain.decisions.complaint import AdjudicateComplaint
from opsledger.domain.decisions.contract import AmendContract, EndContract, SignContract
from opsledger.domain.decisions.evaluation import ApproveEvaluation
from opsledger.domain.errors import UserError, nearest
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.domain.plain import from_plain, read_time, time_text, to_plain

COMMANDS: dict[str, type[Body]] = {
    body.NAME: body
    for body in (
        SignContract,
        AmendContract,
        EndContract,
        AdjudicateComplaint,
        ApproveEvaluation,
        *penalty.COMMANDS,
        *award.COMMANDS,
    )
}
"""Name → what such a command holds; its fields are the arguments, with the limits of ``domain.fields``."""

_ENVELOPE = ("command", "tenant", "subject", "actor", "at")


def read_command(values: Mapping[str, Any], *, tenant: str, now: datetime) -> Command:
    """A command from a JSON object with ``command``, ``subject`` (or ``id``), ``actor`` and the command's arguments.

    ``at`` and ``tenant`` may be left out: ``now`` and ``tenant`` stand in. Raises UserError that names what is wrong.
    """
    name = values.get("command")
    if not isinstance(name, str) or name not in COMMANDS:
        raise UserError(f"unknown command '{name}'{nearest(str(name), tuple(COMMANDS))}")
    if "id" in values and "subject" not in values:
        values = {**values, "subject": values["id"]}
    arguments = {key: value for key, value in values.items() if key not in (*_ENVELOPE, "id")}
    try:
        body = from_plain(COMMANDS[name], arguments)
        return Command(
            tenant=_name(values, "tenant", tenant),
            subject=_name(values, "subject"),
            actor=_name(values, "actor"),
            at=_moment(values.get("at"), now),
            body=body,
        )
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def to_values(command: Command) -> dict[str, Any]:
    """The JSON object from which ``read_command`` makes the same command."""
    envelope = zip(
        _ENVELOPE, (command.name, command.tenant, command.subject, command.actor, time_text(command.at)), strict=True
    )
    return {**dict(envelope), **to_plain(command.body)}


def _name(values: Mapping[str, Any], key: str, default: str = "") -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not _is_name(value):
        raise UserError(f"'{key}' has to be text of 1 to {MAX_NAME_BYTES} bytes, not {value!r}")
    return value


def _is_name(value: str) -> bool:
    try:
        return 0 < len(value.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False


def _moment(value: Any, now: datetime) -> datetime:
    try:
        return now if value is None else read_time(value)
    except (ValueError, TypeError) as error:
        raise UserError(f"'at': {error}") from error
