"""``opsledger demo``: a simulated month through the whole product, with the commands that a user would type."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click

from opsledger.domain.calendar import Grain, Period, parse_period
from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError
from opsledger.infra.cli.statement import statement_in
from opsledger.infra.facts import view
from opsledger.infra.progress import progress
from opsledger.infra.render import SUFFIXES, as_bytes
from opsledger.infra.render_pool import Made
from opsledger.infra.report_index import write_index
from opsledger.infra.report_set import write_set
from opsledger.infra.statements import run_statement, sheet_of
from opsledger.infra.store import Store, open_store
from opsledger.ingest.whole_file import opened_folder, real_way, write_whole
from opsledger.projections.formats.statement import heading
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Lang

TENANT, ZONE, MONTH, CONTRACT = "demo", "Asia/Shanghai", "2026-01", "xinhe-2026"
LANGS: tuple[Lang, ...] = ("en", "zh")
FORMATS = ("html", "xlsx", "pdf", "csv", "json")
"""Of the month; a day and a week are shown as pages and as CSV."""
SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "samples"
MARK = ".opsledger-demo"
"""Stands in a folder that a demo made, so that the next demo may empty it; no other folder is ever emptied."""


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(".demo"), show_default=True)
@click.option("--calls-per-day", type=click.IntRange(20, 20_000), default=1200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def demo(out: Path, calls_per_day: int, seed: int) -> int:
    """Simulate January 2026 of a call centre, read it in, decide, report, settle; ends by naming the files that it made."""
    empty(out)
    data, events, commands = out / "data", out / "events.jsonl", out / "commands.jsonl"
    size = f"--days 31 --calls-per-day {calls_per_day} --seed {seed}"
    steps = [
        f"simulate {size} --out {events} --commands {commands} --quiet",
        f"--data {data} init --tenant {TENANT} --zone {ZONE}",
        f"--data {data} ingest {events} --tenant {TENANT} --backfill --quiet",
        f"--data {data} decide --file {commands} --tenant {TENANT} --backfill",
        f"--data {data} report run bulletin --month {MONTH} --tenant {TENANT}",
        f"--data {data} quality --week 2026-W02 --tenant {TENANT}",
        f"--data {data} statement --contract {CONTRACT} --month {MONTH} --tenant {TENANT}",
    ]
    for each in [*steps, *_samples(data)]:
        step(each)
    with open_store(data, clock=SystemClock()) as store:
        made, index = _files(store, out)
    return _tell(made, index, out)


def _samples(data: Path) -> list[str]:
    """The other two adapters, on the samples that are shipped beside the program."""
    if not SAMPLES.exists():
        return []
    folder = Path(os.path.relpath(SAMPLES))
    table = f"ingest {folder / 'desk.csv'} --format table --mapping {folder / 'desk.yaml'} --tenant sample-desk"
    switch = f"ingest {folder / 'queue_log'} --format queue_log --source asterisk:sample --zone {ZONE} --tenant sample-switch"
    return [f"--data {data} {table} --dry-run --rows 1", f"--data {data} {table} --quiet", f"--data {data} {switch} --quiet"]


def empty(out: Path) -> None:
    """Make the folder, or empty it where a demo had made it. UserError for any other that is not empty."""
    if out.is_symlink():
        raise UserError(f"{out} is a link, and nothing is written through links; name the folder itself")
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).exists():
            raise UserError(f"{out} is not empty and was not made by a demo; name another folder with --out")
        shutil.rmtree(out)
    with opened_folder(real_way(out.absolute(), out)):
        write_whole(out / MARK, b"")


def step(line: str) -> None:
    """Run a command as a user would type it, after showing it. UserError where it fails."""
    from opsledger.infra.cli.main import run  # noqa: PLC0415  the group knows the demo, so the demo asks for it late

    click.secho(f"\n$ opsledger {line}", bold=True)
    code = run(line.split(" "))
    if code not in (0, EXIT_INCOMPLETE):
        raise UserError(f"the demo stops: `opsledger {line}` ended with exit code {code}")


def _files(store: Store, out: Path) -> tuple[list[Made], Path]:
    short = [parse_period(Grain.DAY, "2026-01-05", ZONE), parse_period(Grain.WEEK, "2026-W02", ZONE)]
    month = parse_period(Grain.MONTH, MONTH, ZONE)
    click.secho("\nevery report for a day, a week and the month, in English and 中文:", bold=True)
    with progress("reports") as shown, view(store, TENANT) as facts:
        made = write_set(facts, [month], LANGS, FORMATS, out / "reports", shown)
        made += write_set(facts, short, LANGS, ("html", "csv"), out / "reports", shown)
        made += _statement(store, facts, out / "statement", month)
    about = "A simulated call centre, January 2026: reports for a day, a week and the month, and a vendor's statement."
    return made, write_index(made, out, "opsledger demo", about)


def _statement(store: Store, facts: Facts, folder: Path, month: Period) -> list[Made]:
    sheet = sheet_of(run_statement(facts, CONTRACT, month.name), facts)
    made = []
    for lang in LANGS:
        for format_ in FORMATS:
            path = folder / lang / f"{CONTRACT}_{month.name}{SUFFIXES[format_]}"
            written, ok = statement_in(facts, CONTRACT, month.name, format_, lang, 200, screen=False)
            write_whole(path, as_bytes(written))
            made.append(Made(path, heading(sheet, lang), month.name, lang, format_, ok=ok))
    return made


def _tell(made: list[Made], index: Path, out: Path) -> int:
    click.secho(f"\nmade {len(made)} files:", bold=True)
    for folder in dict.fromkeys(each.path.parent for each in made):
        files = [each for each in made if each.path.parent == folder]
        formats = ", ".join(dict.fromkeys(each.format for each in files))
        click.echo(f"  {folder}: {len(files)} files ({formats})")
    click.echo(f"\nopen {index} in a browser; the ledger is in {out / 'data'}; a figure leads to its calls in")
    click.echo(f"  opsledger --data {out / 'data'} report open traffic --day 2026-01-05 --tenant {TENANT}")
    broken = [each for each in made if not each.ok]
    for each in broken:
        click.echo(f"a law of the numbers does not hold in {each.path}", err=True)
    return EXIT_INCOMPLETE if broken else 0
