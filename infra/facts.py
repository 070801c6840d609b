"""Wires the facts of a data directory: brought up to the ledger, and seen as of now or of a past moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast
from weakref import WeakKeyDictionary

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.dead_letters import DeadLetterFilter, Status
from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.progress import Report
from opsledger.infra.settings import LATE_AFTER, Settings
from opsledger.infra.store import Store
from opsledger.projections.facts import schema
from opsledger.projections.facts.comparison import Comparison
from opsledger.projections.facts.engine import Facts as FactTables
from opsledger.projections.facts.engine import Installs
from opsledger.projections.facts.journal import Journal
from opsledger.projections.facts.past import Past
from opsledger.projections.facts.queries import digest
from opsledger.projections.metrics.measure import Engine
from opsledger.projections.metrics.measure import Facts as View
from opsledger.projections.metrics.query import utc_text

_TENANTS = (
    f"SELECT DISTINCT tenant FROM ({' UNION ALL '.join(f'SELECT tenant FROM `{stream}`' for stream in STREAMS)}) "
    "ORDER BY tenant LIMIT 20"
)
_ZONE = """
SELECT argMax(zone, (effective_from, offset))
FROM tenant
WHERE tenant = {tenant:String} AND effective_from <= {at:DateTime64(6, 'UTC')}
"""


_BESIDE = {"dead_letters": "first_seen", "dead_letter_attempts": "at", "imports": "at"}
"""Tables beside the ledger's that reports read → the column that says since when a row is known."""
_KNOWN: WeakKeyDictionary[Store, FactTables] = WeakKeyDictionary()


def fact_tables(store: Store) -> FactTables:
    """The fact tables: looked for once an open store, and made where they are not there by who keeps them up to date.

    UserError over the network where nobody has made them yet, or a program of another version has.
    """
    if store not in _KNOWN:
        tables = FactTables(store.client, store.clock, alone=not store.remote)
        if store.updates_facts:
            # over the network nobody but this process can make them anew
            tables.ensure(mends=store.remote)
        else:
            _check(store, tables)
        _KNOWN[store] = tables
    return _KNOWN[store]


def forget_fact_tables(store: Store) -> None:
    """Have the fact tables looked for again, and the turn to write them taken: somebody else may have had it meanwhile."""
    _KNOWN.pop(store, None)


def _check(store: Store, tables: FactTables) -> None:
    last = tables.last_update() if store.client.command("EXISTS TABLE facts_journal") else None
    if last is None:
        raise UserError(
            f"{store.place} has no facts yet; they are made by what writes to it (opsledger sink)", EXIT_ENVIRONMENT
        )
    if last.digest != digest():
        raise UserError(
            f"the facts of {store.place} were made by another version of opsledger; use that version here, or start what "
            "writes to it (opsledger sink) with this one, which makes them anew",
            EXIT_ENVIRONMENT,
        )


def rebuild_facts(store: Store, report: Report, installs: Installs = lambda _found: True) -> tuple[Comparison, ...]:
    """Make all facts anew, compare, and put them in place where ``installs`` says so of what differs.

    UserError where another process keeps them: two would write one table.
    """
    if not store.updates_facts:
        raise UserError(
            f"the facts of {store.place} are kept by another process (opsledger sink, or the gateway that holds the data "
            "directory); stop it and run this on the data directory",
            EXIT_ENVIRONMENT,
        )
    if store not in _KNOWN:
        _KNOWN[store] = FactTables(store.client, store.clock, alone=not store.remote)
        _KNOWN[store].ensure(mends=True)
    try:
        return _KNOWN[store].rebuild(report, verify=True, installs=installs)
    finally:
        forget_fact_tables(store)  # what was missing may be missing still


def verify_facts(store: Store, report: Report) -> tuple[Comparison, ...] | None:
    """Compare the facts with what the ledger gives; None where another process writes them meanwhile."""
    tables = FactTables(store.client, store.clock, alone=not store.remote)
    if store.updates_facts and not any(each.refuses for each in store.findings):
        tables.ensure(mends=True)
        forget_fact_tables(store)  # what was missing still is
        return tables.verify(report, brings_up=True)
    return tables.verify(report) if store.client.command("EXISTS TABLE facts_journal") else ()


def lost_facts(store: Store) -> str:
    """What commands that need facts will say of fact tables of a directory that are gone or short of parts; '' of none."""
    last = Journal(store.client).last() if store.client.command("EXISTS TABLE facts_journal") else None
    if last is None or last.digest != digest():
        return ""
    if missing := schema.missing_tables(schema.present(store.client)):
        return str(schema.lost({*missing}))
    short = schema.tables_with_parts_set_aside(store.client)
    return str(schema.short(short)) if short else ""


def age_of_facts(store: Store) -> str:
    """When the facts were made, and whether the ledger has more by now, in a line."""
    tables = fact_tables(store)
    last = tables.last_update()
    if last is None:
        return "none yet"
    age = store.clock.now() - last.at
    behind = "; the ledger has more by now" if tables.is_behind() else ""
    return f"of {last.at:%Y-%m-%d %H:%M:%S} UTC, {max(0, round(age.total_seconds())):,} s ago{behind}"


def refresh(store: Store, report: Report) -> str:
    """Bring the facts up to the ledger, where this process keeps them; says in a line what was done."""
    if not store.updates_facts:
        return f"facts: kept by what writes to {store.place} (opsledger sink)"
    update = fact_tables(store).update(report)
    done = [
        f"{how}: {', '.join(streams)}" for how, streams in (("updated", update.live), ("rebuilt", update.rebuilt)) if streams
    ]
    return f"facts: {update.events:,} new events; {'; '.join(done) or 'nothing to do'}"


@contextmanager
def view(
    store: Store, tenant: str, as_known_at: datetime | None = None, *, late_after: timedelta = LATE_AFTER
) -> Iterator[View]:
    """The facts of one tenant, as of now or as they were known at a moment (UTC).

    As of now they are first brought up to the ledger where this process keeps them; elsewhere they are as old as
    ``refreshed_at`` of the view says, and their positions are what the figures are made of.

    As known at a moment, the dead letters and the journal of imports are those of that moment, too.
    """
    tables = fact_tables(store)
    if as_known_at is None:
        if store.updates_facts:
            tables.update()
        last = tables.last_update()
        made = last.at if last else None
        yield _view(store, tenant, store.clock.now(), tables.positions(), made, None, late_after)
        return
    known = tables.update_at(as_known_at)
    if known is None:
        raise UserError(f"nothing was known at {as_known_at.isoformat()}: the first facts were made later")
    home = str(store.client.command("SELECT currentDatabase()"))
    with tables.as_known_at(as_known_at) as past:
        for table, recorded in _BESIDE.items():
            # a view takes no parameters: the moment is our own, checked and in UTC
            until = f"toDateTime64('{utc_text(as_known_at)}', 6, 'UTC')"
            beside = f"SELECT * FROM `{home}`.`{table}` WHERE `{recorded}` <= {until}"
            store.client.command(f"CREATE OR REPLACE VIEW `{past.name}`.`{table}` AS {beside}")
        yield _view(store, tenant, as_known_at, known.positions, known.at, as_known_at, late_after, past)


def _view(
    store: Store,
    tenant: str,
    cutoff: datetime,
    positions: Mapping[tuple[str, int], int],
    refreshed: datetime | None,
    known_at: datetime | None,
    late_after: timedelta,
    past: Past | None = None,
) -> View:
    names = {f"{topic}/{partition}": end for (topic, partition), end in positions.items()}
    engine = cast("Engine", past or store.client)  # its query takes more than the port asks for
    return View(engine, tenant, cutoff, names, refreshed, known_at, _open_letters(store, tenant), late_after)


def _open_letters(store: Store, tenant: str) -> int:
    return store.dead_letters.count(DeadLetterFilter(tenant=tenant, status=Status.OPEN))


def tenant_of(store: Store, asked: str | None, settings: Settings) -> str:
    """The tenant that is meant: asked for, set, or the only one there is. UserError where that does not settle it."""
    if asked or settings.tenant:
        return asked or settings.tenant
    found = [str(row[0]) for row in store.client.query(_TENANTS).result_rows]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(f"the ledger in {store.place} is empty; read something in first: opsledger ingest FILE --tenant NAME")
    raise UserError(f"the ledger holds several tenants; say which with --tenant: {', '.join(found)}")


def zone_of_tenant(store: Store, tenant: str, settings: Settings, asked: str | None = None, at: datetime | None = None) -> str:
    """The zone of a tenant's days: asked for, else configured (``tenant.configured``) by a moment, else set, else UTC."""
    if asked:
        return asked
    rows = store.client.query(_ZONE, parameters={"tenant": tenant, "at": at or store.clock.now()}).result_rows
    return str(rows[0][0]) or settings.zone or "UTC"
