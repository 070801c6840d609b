"""``opsledger ingest``: files or standard input into the ledger, every record counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_INCOMPLETE, EXIT_INTERRUPTED, EXIT_USAGE, UserError
from opsledger.infra.cli.common import TENANT, opened, settings_of
from opsledger.infra.facts import refresh
from opsledger.infra.ingesting import FORMATS, Ask, run_imports
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.previewing import preview
from opsledger.infra.progress import progress
from opsledger.infra.settings import Settings
from opsledger.ingest.importer import ImportResult
from opsledger.ingest.inputs import ENCODINGS, Input
from opsledger.ingest.tally import Tally


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="What the files are.")
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="With --format table: the YAML that says what the columns mean."
)
@click.option("--source", metavar="URI", help="The system that the records come from, e.g. asterisk:pbx1; never a file name.")
@TENANT
@click.option("--zone", metavar="ZONE", help="The switch's zone, e.g. Asia/Shanghai: it dates the agents' shifts.")
@click.option("--vendor", "vendors", multiple=True, metavar="QUEUE=VENDOR", help="Who staffs a queue.")
@click.option("--hotline", "hotlines", multiple=True, metavar="QUEUE=NUMBER", help="The number of a queue.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default="auto", show_default=True, help="Of text files.")
@click.option("--backfill", is_flag=True, help="The records come late on purpose: count them apart from late ones.")
@click.option("--dry-run", is_flag=True, help="Show the first rows as events; store nothing.")
@click.option("--rows", type=click.IntRange(1, 1000), default=5, show_default=True, help="With --dry-run: how many rows.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option(
    "--log",
    "log_",
    type=click.Choice(["local", "kafka"]),
    help="Where to (default: kafka where OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS is set).",
)
@click.option("--follow", "follow_", is_flag=True, help="Go on reading as the files grow, until stopped (Ctrl-C).")
@click.option(
    "--state", type=click.Path(path_type=Path), help="With --follow: folder of places (default: in the data directory)."
)
@click.option(
    "--poll", type=click.FloatRange(0.05, 3600), default=1.0, show_default=True, help="With --follow: look every SECONDS."
)
@click.option(
    "--facts-every",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    help="With --follow: new events are in the local reports after so many seconds.",
)
@click.pass_context
def ingest(context: click.Context, /, files: tuple[str, ...], **options: Any) -> int:
    """Read FILEs into the ledger. "-" is standard input; .gz, .zst and .zip are unpacked.

    Each record ends in the ledger, as a duplicate of what is there, or among the dead letters with its reason and
    place: read = accepted + duplicate + dead. Reading a file again adds nothing.

    With the log on Kafka nothing is looked up: read = acknowledged + dead, no data directory is opened, and what is read
    again is counted once by the sink. Only records that may correct what is stored (connect, genesys, a mapping with
    on_change: correct) need the ledger that the sink fills: OPSLEDGER_CLICKHOUSE_URL, a gateway's, or its data directory.

    \b
      opsledger ingest events.jsonl.gz --tenant acme
      opsledger ingest calls.csv --format table --mapping desk.yaml --tenant acme --dry-run
      zcat queue_log.*.gz | opsledger ingest - --format queue_log --source asterisk:pbx1 --tenant acme --zone Asia/Shanghai
      opsledger ingest contacts.jsonl agents.jsonl --format connect --source connect:main --tenant acme
      opsledger ingest page-*.json --format genesys --source genesys:main --tenant acme
      opsledger ingest /var/log/asterisk/queue_log --follow --format queue_log --source asterisk:pbx1 --tenant acme
    """
    ask = _ask(settings_of(context), options)
    if options["dry_run"]:
        click.echo("\n".join(preview(files[0], ask, options["rows"], SystemClock())))
        return 0
    kafka = None if options["log_"] == "local" else kafka_settings()
    if options["follow_"]:
        from opsledger.infra.cli.ingest_follow import FollowOptions, follow  # noqa: PLC0415  only what follows needs it

        how = FollowOptions(options["state"], options["poll"], options["facts_every"], options["quiet"])
        return follow(context, needed(kafka) if options["log_"] == "kafka" else kafka, files, ask, how)
    if options["log_"] == "kafka" or kafka:
        from opsledger.infra.cli.ingest_kafka import import_to_kafka  # noqa: PLC0415  Kafka's client takes long to load

        return import_to_kafka(context, needed(kafka), files, ask, quiet=options["quiet"])
    return _import(context, files, ask, quiet=options["quiet"])


def _ask(settings: Settings, options: dict[str, Any]) -> Ask:
    return Ask(
        format=options["format_"],
        tenant=options["tenant"] or settings.tenant,
        source=options["source"] or "",
        mapping=options["mapping"],
        zone=options["zone"] or settings.zone,
        encoding=options["encoding"],
        backfill=options["backfill"],
        vendors=_pairs("--vendor", options["vendors"]),
        hotlines=_pairs("--hotline", options["hotlines"]),
    )


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        queue, _, value = each.partition("=")
        if not queue or not value:
            raise UserError(f"{option} {each}: write QUEUE=VALUE, for example {option} sales=xinhe")
        found[queue] = value
    return found


def _import(context: click.Context, files: tuple[str, ...], ask: Ask, *, quiet: bool) -> int:
    worst = 0
    with opened(context) as store:
        with progress("reading", quiet=quiet) as report:

            def shown(source: Input, tally: Tally) -> None:
                report(source.consumed, source.size, f"{source.name}: {tally.read:,} records")

            results = run_imports(store, files, ask, shown)
            for source, result in results:
                click.echo(summary(source.name, result, source.notes))
                worst = max(worst, code_of(result))
        with progress("facts", quiet=quiet) as report:
            click.echo(refresh(store, report))
    return worst


def summary(name: str, result: ImportResult, notes: Sequence[str] = (), *, kafka: bool = False, looked_up: bool = True) -> str:
    """The counts of one import, as text: a line of records, a line of events, then what needs a look.

    ``looked_up``: whether a ledger was asked what is stored; ``kafka``: whether the log is there.
    """
    tally, rate = result.tally, result.records_per_second
    records = f"read {tally.read:,} = accepted {tally.accepted:,} + duplicate {tally.duplicate:,} + dead {tally.dead:,}"
    where = "on Kafka for good" if kafka else "stored"
    events = f"{tally.events:,} {where} ({tally.corrected:,} corrections), {tally.events_duplicate:,} known before"
    if not looked_up:
        records = f"read {tally.read:,} = acknowledged {tally.accepted:,} + dead {tally.dead:,}"
        events = f"{tally.events:,} on Kafka for good; the sink counts what came before"
    lines = [f"{name}: {records}   ({rate:,.0f} records/s)", f"  events: {events}"]
    if tally.dead:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in tally.reasons.most_common())
        lines.append(f"  dead letters: {reasons}; see `opsledger dead-letters list`")
    lines += [f"  note: {note}" for note in notes]
    if result.problem:
        lines.append(f"  broke off: {result.problem}")
        if tally.read:
            lines.append("  what is counted above is stored; run the same command again to complete it")
    if result.interrupted:
        lines.append("  stopped: what is counted above is stored; run the same command again to complete it")
    return "\n".join(lines)


def code_of(result: ImportResult) -> int:
    """The exit code that one import asks for."""
    if result.interrupted:
        return EXIT_INTERRUPTED
    if result.problem:
        return result.problem.exit_code if isinstance(result.problem, UserError) else EXIT_USAGE
    return EXIT_INCOMPLETE if result.tally.dead else 0
