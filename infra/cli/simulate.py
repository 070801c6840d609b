"""``opsledger simulate``: a call centre of any size from a seed, as events to read back in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from opsledger.domain.errors import UserError
from opsledger.infra.progress import progress
from opsledger.ingest.simulator import Options, Simulation, write, write_desk, write_queue_log
from opsledger.ingest.whole_file import whole_file, write_whole

DEFAULTS = Options()
FORMATS = ("jsonl", "table", "queue_log")
ENCODINGS = ("utf-8", "utf-8-sig", "gbk", "gb18030")


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File for the events.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="As what source.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True, help="With --format table.")
@click.option(
    "--commands", type=click.Path(path_type=Path, dir_okay=False), help="File for the decisions, for `decide --file`."
)
@click.option("--start", metavar="2026-01-01", default=DEFAULTS.start.isoformat(), show_default=True, help="First day.")
@click.option("--days", type=int, default=DEFAULTS.days, show_default=True)
@click.option("--calls-per-day", type=int, default=DEFAULTS.calls_per_day, show_default=True, help="Inbound contacts.")
@click.option("--seed", type=int, default=DEFAULTS.seed, show_default=True, help="The same seed gives the same bytes.")
@click.option("--tenant", default=DEFAULTS.tenant, show_default=True)
@click.option("--zone", default=DEFAULTS.zone, show_default=True)
@click.option("--vendor", "vendors", multiple=True, default=DEFAULTS.vendors, show_default=True, help="Up to two companies.")
@click.option("--late", type=float, default=0.0, help="Share of events to deliver late.")
@click.option("--duplicates", type=float, default=0.0, help="Share of events to deliver twice.")
@click.option("--contradictions", type=float, default=0.0, help="Share of calls that contradict themselves.")
@click.option("--quiet", is_flag=True, help="No progress.")
def simulate(out: Path, format_: str, encoding: str, commands: Path | None, start: str, quiet: bool, **asked: object) -> None:
    """Simulate a call centre: arrivals by hour and weekday, patience, agents with shifts, transfers, tickets, complaints.

    \b
      opsledger simulate --days 31 --calls-per-day 1200 --seed 1 --out events.jsonl --commands commands.jsonl
      opsledger ingest events.jsonl && opsledger decide --file commands.jsonl

    The same calls as other systems would tell them: a desk's table (mapping: examples/samples/desk.yaml), a switch's log.

    \b
      opsledger simulate --days 3 --calls-per-day 200 --format table --encoding gbk --out desk.csv
      opsledger simulate --days 3 --calls-per-day 200 --format queue_log --out queue_log
    """
    options = replace(DEFAULTS, start=_day(start), **asked)  # type: ignore[arg-type]  # click has checked the types
    if format_ != "jsonl":
        if commands:
            raise UserError("--commands goes with --format jsonl only; the decisions are the same for all formats")
        with whole_file(out) as file:
            rows = write_desk(options, file, encoding=encoding) if format_ == "table" else write_queue_log(options, file)
        click.echo(f"{out}: {rows:,} {'rows' if format_ == 'table' else 'lines'}", err=True)
        return
    simulation = Simulation(options)
    with whole_file(out) as file, progress("simulate", quiet=quiet) as report:
        counts = write(options, file, lambda done, days: report(done, days, f"{done} days"), simulation)
    click.echo(f"{out}: {counts.lines:,} events, {counts.bytes:,} bytes", err=True)
    if commands:
        lines = [json.dumps(command, ensure_ascii=False) + "\n" for command in simulation.commands()]
        write_whole(commands, "".join(lines).encode())
        click.echo(f"{commands}: {len(lines):,} commands", err=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--start {text} is not a day; write it like 2026-01-01") from error
