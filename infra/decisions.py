"""Where commands meet the ledger: carries commands out, and brings what was decided to the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from opsledger.domain.clock import Clock
from opsledger.domain.decisions.application import Decisions, Refused, execute
from opsledger.domain.decisions.base import Command
from opsledger.domain.decisions.commands import read_command
from opsledger.domain.envelope import Event
from opsledger.domain.errors import UserError
from opsledger.domain.ports import Log
from opsledger.infra.decision_store import opened_decisions
from opsledger.infra.relaying import Outlet, Relay, local_outlet, taken
from opsledger.infra.store import Store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.relay import refusal_of
from opsledger.projections.audit.known import known_facts

BATCH = 1_000
"""So many commands are checked against one look at the ledger."""
MAX_LINE_BYTES = 1024 * 1024
CaughtUp = Callable[[Sequence[Command]], None]
"""Returns when the ledger knows all that some commands are checked against; UserError where it does not get there."""


@dataclass(slots=True)
class Carried:
    """What became of some commands: the new events, how many had been carried out before, and what was refused.

    ``waiting``: another relay is at work, which brings them to the log.
    """

    events: list[Event] = field(default_factory=list)
    repeated: int = 0
    refused: list[str] = field(default_factory=list)
    waiting: bool = False


@contextmanager
def open_decisions(store: Store) -> Iterator[Decisions]:
    """The decisions of a data directory, or those that the environment names. UserError where they cannot be used."""
    with opened_decisions(store.directory) as app:
        yield app


def decide(
    store: Store,
    commands: Iterable[tuple[str, Command]],
    *,
    backfill: bool = False,
    outlet: Outlet[Log] | None = None,
    caught_up: CaughtUp = lambda _commands: None,
) -> Carried:
    """Carry commands out in their order, and relay all that was decided. Each comes with its place (``file:line``) or ''.

    A refused command stops none of the others. What an earlier run left behind is relayed too. ``outlet``: the log to relay
    to (default: the data directory's own), ``caught_up``: asked before commands are checked against the ledger.
    """
    carried = Carried()
    with open_decisions(store) as app:
        relay = Relay(app, outlet or local_outlet(store))
        relay.place()  # a store that lost decisions would take new ones as if they had never been made
        with relay.alone() as ours:
            if backfill and not ours:
                raise taken()  # it would bring them as if they were of now
            try:
                for batch in _batches(commands):
                    caught_up([command for _, command in batch])
                    _carry_out(store, app, batch, carried)
            finally:  # a wrong line does not keep from the log what was decided before it
                carried.waiting = not ours
                if ours:
                    for _ in relay.run(backfill=backfill):
                        pass
    return carried


def _carry_out(store: Store, app: Decisions, batch: list[tuple[str, Command]], carried: Carried) -> None:
    known = known_facts(store.client, [command for _, command in batch])
    judge = partial(refusal_of, border=Border(store.clock, decisions=True))
    for place, command in batch:
        try:
            events = execute(app, command, store.clock, known, judge=judge)
        except Refused as refused:
            carried.refused.append(f"{place}: {refused}" if place else str(refused))
            continue
        carried.events += events
        carried.repeated += not events


def read_commands(lines: Iterable[bytes], name: str, tenant: str, clock: Clock) -> Iterator[tuple[str, Command]]:
    """Commands of a JSON Lines file with their places (``file:line``); decimals stay exact. UserError for a wrong line.

    ``tenant``: of commands that name none; one that names another is wrong. '': any that is named.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            place = f"{name}:{number}"
            try:
                yield place, _for(tenant, read_command(_object(line), tenant=tenant, now=clock.now()))
            except UserError as error:
                raise UserError(f"{place}: {error}", error.exit_code) from error


def _for(tenant: str, command: Command) -> Command:
    if tenant and command.tenant != tenant:
        raise UserError(f"it is for tenant '{command.tenant}', not for '{tenant}' (--tenant, else $OPSLEDGER_TENANT)")
    return command


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise UserError(f"a command of {len(line)} bytes; at most {MAX_LINE_BYTES} are read")
    try:
        values = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UserError(f"not a JSON object: {error}") from error
    if not isinstance(values, dict):
        raise UserError("not a JSON object")
    return values


def _batches(commands: Iterable[tuple[str, Command]]) -> Iterator[list[tuple[str, Command]]]:
    """Commands in lists; what came before a wrong line is handed on before its error."""
    rest, batch = iter(commands), []
    try:
        for each in rest:
            batch.append(each)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except UserError:
        yield batch
        raise
    if batch:
        yield batch
