"""``opsledger rebuild``: all facts made anew from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import opened
from opsledger.infra.deep.decisions import ledger_lacks
from opsledger.infra.facts import rebuild_facts
from opsledger.infra.progress import progress
from opsledger.projections.facts.comparison import Comparison, difference


@click.command()
@click.option("--accept", is_flag=True, help="Put the facts made anew in place, though readable ones differ from them.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def rebuild(context: click.Context, *, accept: bool, quiet: bool) -> int:
    """Make every fact table anew beside the old one, compare the two, put all new ones in place at once.

    Facts that are missing, cannot be read, or were made by another version are healed so. Where facts can be read and differ
    from those made anew, either they were changed or the ledger was: what differs is shown, nothing is changed, and the exit
    code is 3. Find out which (opsledger doctor --deep), then --accept what the ledger gives. So, too, where the ledger lacks
    decisions that it had.
    """
    with opened(context) as store:
        lacking = ledger_lacks(store)

        def installs(found: Sequence[Comparison]) -> bool:
            whole = not lacking or all(each.equal for each in found)
            return accept or (whole and all(each.heals for each in found))

        with progress("rebuild", quiet=quiet) as report:
            compared = rebuild_facts(store, report, installs)
    for line in _lines(compared):
        click.echo(line)
    for each in lacking:
        click.echo(f"! {each}", err=True)
    return _end(in_place=installs(compared) and (accept or not lacking))


def _end(*, in_place: bool) -> int:
    if in_place:
        return 0
    click.echo(
        "nothing was changed: the facts differ from what the ledger gives, or the ledger lacks decisions or has other ones. "
        "Which was changed? opsledger doctor --deep names what else does not agree; a changed ledger is restored from a "
        "backup, changed facts are put right by: opsledger rebuild --accept",
        err=True,
    )
    return EXIT_INCOMPLETE


def _lines(compared: Iterable[Comparison]) -> Iterator[str]:
    for each in compared:
        before = f" ({each.rows_before:,} rows before)" if not each.equal and each.rows_before is not None else ""
        yield f"{each.fact:<14} {each.rows_after:>12,} rows  {each.state}{before}"
        yield from (f"    {line}" for line in difference(each))
