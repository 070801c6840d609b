"""``opsledger decide``: commands, one on the command line or many from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from opsledger.domain.decisions.base import Command
from opsledger.domain.decisions.commands import COMMANDS, read_command
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.cli.common import TENANT, opened, settings_of
from opsledger.infra.decisions import Carried, read_commands
from opsledger.infra.decisions import decide as carry_out
from opsledger.infra.facts import refresh, tenant_of
from opsledger.infra.kafka.settings import kafka_settings
from opsledger.infra.relaying import kafka_outlet
from opsledger.infra.store import Store
from opsledger.ingest.terms_yaml import read_terms_file

Carry = Callable[[Iterable[tuple[str, Command]]], Carried]


@click.command()
@click.argument("command", required=False, metavar="COMMAND", type=click.Choice(sorted(COMMANDS)))
@click.argument("id_", required=False, metavar="ID")
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="An argument; a value is JSON, or text as it stands."
)
@click.option("--terms", type=click.Path(path_type=Path, dir_okay=False), help="The contract's terms, a YAML file.")
@click.option("--actor", metavar="WHO", help="Who decides.")
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="Many commands, one JSON object a line.")
@click.option("--backfill", is_flag=True, help="Decisions of the past taken over on purpose: count them apart from late ones.")
@TENANT
@click.pass_context
def decide(
    context: click.Context,
    command: str | None,
    id_: str | None,
    values: tuple[str, ...],
    terms: Path | None,
    actor: str | None,
    file: Path | None,
    backfill: bool,
    tenant: str | None,
) -> int:
    """Carry out COMMAND on the thing ID, or the commands of a file. A refused one says why and stops no other.

    \b
      opsledger decide contract.sign desk --actor office01 --terms examples/contracts/outsourced-desk.yaml \\
          --set vendor=xinhe --set effective_from=2026-01-01T00:00:00+08:00
      opsledger decide complaint.adjudicate cp-17 --actor judge01 --set liable=true --set severity=minor --set reason="rude"
      opsledger decide evaluation.approve ev-3 --actor lead01
      opsledger decide --file commands.jsonl

    With the log on Kafka the decisions go there; the ledger that they are checked against has to have caught up with the log.
    """
    settings = settings_of(context)
    if bool(file) == bool(command):
        raise UserError("give either COMMAND and ID, or --file commands.jsonl")
    with opened(context) as store, _carrier(store, backfill=backfill) as carry:
        whose = tenant or settings.tenant
        if file:
            with file.open("rb") as lines:
                carried = carry(read_commands(lines, file.name, whose, store.clock))
        else:
            whose = whose or tenant_of(store, None, settings)
            object_ = {"command": command, "id": id_, "actor": actor, **_arguments(values, terms)}
            carried = carry([("", read_command(object_, tenant=whose, now=store.clock.now()))])
    return _tell(carried)


@contextmanager
def _carrier(store: Store, *, backfill: bool) -> Iterator[Carry]:
    """Carries commands out and brings what was decided to the log: Kafka's where the environment names one."""
    kafka = kafka_settings()
    if kafka is None:
        yield lambda commands: carry_out(store, commands, backfill=backfill)
        refresh(store, lambda *_: None)
        return
    from opsledger.infra.caught_up import wait_for  # noqa: PLC0415  Kafka's client takes long to load

    with kafka_outlet(kafka, store.directory, store.clock) as outlet:
        log = outlet.log
        yield lambda commands: carry_out(
            store, commands, backfill=backfill, outlet=outlet, caught_up=lambda batch: wait_for(store, log, batch)
        )


def _arguments(values: tuple[str, ...], terms: Path | None) -> dict[str, object]:
    found: dict[str, object] = {"terms": read_terms_file(terms)} if terms else {}
    for each in values:
        name, equals, text = each.partition("=")
        if not equals:
            raise UserError(f"--set {each}: write NAME=VALUE")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _tell(carried: Carried) -> int:
    for event in carried.events[:20]:
        click.echo(f"{event.type} {event.subject}  {event.event_id}")
    if len(carried.events) > 20:
        click.echo(f"… and {len(carried.events) - 20:,} more")
    for refused in carried.refused:
        click.echo(f"refused: {refused}", err=True)
    if carried.waiting:
        click.echo("the relay that is at work brings them to the log", err=True)
    total = len(carried.events) + carried.repeated + len(carried.refused)
    decided, repeated, refused_count = len(carried.events), carried.repeated, len(carried.refused)
    click.echo(f"commands: {total:,} = decided {decided:,} + done before {repeated:,} + refused {refused_count:,}")
    return EXIT_INCOMPLETE if carried.refused else 0
