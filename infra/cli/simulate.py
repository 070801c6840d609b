"""``opsledger simulate``: a call centre of any size from a seed, as events to read back in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
from opsledger.domain.errors import UserError
from opsledger.infra.progress import progress
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation, write

DEFAULTS = Options()


@click.command(short_help="A call centre from a seed: events, and decisions as commands.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File for the events (JSON Lines).")
@click.option(
    "--commands", type=click.Path(path_type=Path, dir_okay=False), help="File for the decisions, for `decide --file`."
)
@click.option("--start", metavar="2026-01-01", default=DEFAULTS.start.isoformat(), show_default=True, help="First day.")
@click.option("--days", type=int, default=DEFAULTS.days, show_default=True)
@click.option("--calls-per-day", type=int, default=DEFAULTS.calls_per_day, show_default=True, help="Inbound contacts.")
@click.option("--seed", type=int, default=DEFAULTS.seed, show_default=True, help="The same seed gives the same bytes.")
@click.option("--tenant", default=DEFAULTS.tenant, show_default=True)
@click.option("--zone", default=DEFAULTS.zone, show_default=True)
@click.option("--late", type=float, default=0.0, help="Share of events to deliver late.")
@click.option("--duplicates", type=float, default=0.0, help="Share of events to deliver twice.")
@click.option("--contradictions", type=float, default=0.0, help="Share of calls that contradict themselves.")
@click.option("--quiet", is_flag=True, help="No progress.")
def simulate(out: Path, commands: Path | None, start: str, quiet: bool, **asked: object) -> None:
    """Simulate a call centre: arrivals by hour and weekday, patience, agents with shifts, transfers, tickets, complaints.

    \b
      opsledger simulate --days 31 --calls-per-day 1200 --seed 1 --out events.jsonl --commands commands.jsonl
      opsledger ingest events.jsonl && opsledger decide --file commands.jsonl
    """
    options = replace(DEFAULTS, start=_day(start), **asked)  # type: ignore[arg-type]  # click has checked the types
    simulation = Simulation(options)
    with out.open("wb") as file, progress("simulate", quiet=quiet) as report:
        counts = write(options, file, lambda done, days: report(done, days, f"{done} days"), simulation)
    click.echo(f"{out}: {counts.lines:,} events, {counts.bytes:,} bytes", err=True)
    if commands:
        with commands.open("w", encoding="utf-8") as file:
            lines = [json.dumps(command, ensure_ascii=False) + "\n" for command in simulation.commands()]
            file.writelines(lines)
        click.echo(f"{commands}: {len(lines):,} commands", err=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--start {text} is not a day; write it like 2026-01-01") from error
