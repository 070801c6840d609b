"""``opsledger master``: the tenant's configuration, its queues and its people, effective-dated, by command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from opsledger.domain.errors import UserError
from opsledger.domain.plain import time_text
from opsledger.infra.cli.common import TENANT, opened, settings_of
from opsledger.infra.facts import tenant_of, zone_of_tenant
from opsledger.infra.ingesting import importer_of
from opsledger.infra.moments import parse_moment
from opsledger.infra.store import Store
from opsledger.ingest.border.judge import Border
from opsledger.ingest.by_hand import SOURCE, chunk_of, line_of, value_of
from opsledger.ingest.importer import ImportSpec
from opsledger.projections.master.in_force import Described, Person, described, people

TYPES = {"tenant": "tenant.configured", "queue": "queue.described"}
SET = click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="A field and its value; documents and numbers as JSON."
)
ACTOR = click.option("--actor", metavar="WHO", help="Who records it.")


@click.group()
def master() -> None:
    """Master data, as events with the time from which they hold. Many at once: `opsledger ingest FILE --format table`
    with a mapping (examples/mappings/master.staff.yaml, master.queues.yaml)."""


@master.command("set", short_help="Describe the tenant or a queue from a time on.")
@click.argument("kind", metavar="tenant|queue", type=click.Choice(sorted(TYPES)))
@click.argument("id_", metavar="[QUEUE]", required=False)
@SET
@click.option("--from", "from_", required=True, metavar="TIME", help="From when on it holds, e.g. 2026-02-01.")
@click.option("--vendor", metavar="VENDOR", help="Of a queue: the outsourcing company that staffs it.")
@ACTOR
@TENANT
@click.pass_context
def set_(context: click.Context, /, kind: str, id_: str | None, values: tuple[str, ...], **options: Any) -> None:
    """Fields that are not named keep the value in force at that time.

    \b
      opsledger master set tenant --from 2026-01-01 --set zone=Asia/Shanghai --set seats=60 --set currency=CNY
      opsledger master set queue sales --from 2026-02-01 --set name=销售 --set targets='{"service_level_20s": "0.9"}'
    """
    if (kind == "queue") != bool(id_):
        raise UserError("name the queue: opsledger master set queue QUEUE …; `master set tenant` takes no name")
    with opened(context) as store:
        tenant = _tenant(store, context, options, values, kind)
        zone = zone_of_tenant(store, tenant, settings_of(context))
        since, subject = parse_moment(options["from_"], zone), id_ or tenant
        given = _values(TYPES[kind], values) | ({"vendor": options["vendor"]} if options["vendor"] and kind == "queue" else {})
        before = next((d for d in described(store.client, tenant, since) if (d.kind, d.id) == (kind, subject)), None)
        data = {**(before.data if before else {}), **given, "effective_from": time_text(since)}
        if before and dict(before.data) == data:
            click.echo(f"{kind} {subject}, from {since:%Y-%m-%d %H:%M}Z: known already")
            return
        line = line_of(
            tenant,
            TYPES[kind],
            subject,
            store.clock.now(),
            data,
            time_text(since),
            str(data.get("vendor") or ""),
            options["actor"] or "",
        )
        _record(store, tenant, line, f"{kind} {subject}", since)


@master.command(short_help="Somebody joins, moves to another team, or leaves.")
@click.argument("what", type=click.Choice(("joined", "moved", "left")))
@click.argument("agent", metavar="AGENT")
@SET
@click.option("--at", required=True, metavar="TIME", help="When, e.g. 2026-01-05 or 2026-01-05T08:00.")
@click.option("--vendor", metavar="VENDOR", help="Whose person it is (default: in-house).")
@ACTOR
@TENANT
@click.pass_context
def staff(context: click.Context, /, what: str, agent: str, values: tuple[str, ...], **options: Any) -> None:
    """\b
    opsledger master staff joined a17 --at 2026-01-05 --set team=早班 --set name=李娜 --set staff_number=1007
    opsledger master staff moved a17 --at 2026-02-01 --set team=夜班
    opsledger master staff left a17 --at 2026-03-31 --set reason="moved away"
    """
    type_ = f"staff.{what}"
    with opened(context) as store:
        tenant = _tenant(store, context, options, values, "staff")
        at = parse_moment(options["at"], zone_of_tenant(store, tenant, settings_of(context)))
        data, vendor = _values(type_, values), options["vendor"] or ""
        line = line_of(tenant, type_, agent, at, data, time_text(at), vendor, options["actor"] or "")
        _record(store, tenant, line, f"{type_} {agent}", at)


@master.command(short_help="What is in force at a moment.")
@click.option("--at", metavar="TIME", help="Default: now.")
@click.option("--format", "format_", type=click.Choice(("table", "json")), default="table", show_default=True)
@TENANT
@click.pass_context
def show(context: click.Context, at: str | None, format_: str, tenant: str | None) -> None:
    """The tenant's configuration, its queues with their targets, and the people, as in force at a moment."""
    settings = settings_of(context)
    with opened(context) as store:
        whose = tenant_of(store, tenant, settings)
        moment = parse_moment(at, zone_of_tenant(store, whose, settings)) if at else store.clock.now()
        things, staff_ = described(store.client, whose, moment), people(store.client, whose, moment)
    if format_ == "json":
        click.echo(json.dumps(_plain(things, staff_), ensure_ascii=False, indent=1))
        return
    for each in things:
        click.echo(f"{each.kind:<7} {each.id}  since {each.since:%Y-%m-%d %H:%M}Z")
        for name, value in each.data.items():
            click.echo(f"    {name:<16} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    click.echo(f"people: {len(staff_):,}")
    for person in staff_:
        click.echo(f"    {person.agent:<10} {person.staff_number:<8} {person.name:<16} {person.team:<16} {person.vendor}")


def _plain(things: list[Described], staff_: list[Person]) -> dict[str, Any]:
    return {
        "described": [{"kind": d.kind, "id": d.id, "since": d.since.isoformat(), **d.data} for d in things],
        "people": [
            {"agent": p.agent, "name": p.name, "staff_number": p.staff_number, "team": p.team, "vendor": p.vendor}
            for p in staff_
        ],
    }


def _tenant(store: Store, context: click.Context, options: Mapping[str, Any], values: tuple[str, ...], kind: str) -> str:
    asked, settings = options["tenant"], settings_of(context)
    if not values and kind != "staff":
        raise UserError("nothing to set; say what: --set NAME=VALUE")
    return str(asked or settings.tenant or tenant_of(store, None, settings))


def _values(type_: str, values: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for each in values:
        name, equals, text = each.partition("=")
        if not equals:
            raise UserError(f"--set {each}: write NAME=VALUE")
        found[name] = value_of(type_, name, text)
    return found


def _record(store: Store, tenant: str, line: bytes, what: str, since: datetime) -> None:
    chunks = list(chunk_of(line, Border(store.clock)))
    result = importer_of(store).run(iter(chunks), ImportSpec(tenant, SOURCE, "command", "", "", backfill=False), None)
    if result.problem:
        raise result.problem
    said = "recorded" if result.tally.accepted else "known already"
    click.echo(f"{what}, from {since:%Y-%m-%d %H:%M}Z: {said}")
