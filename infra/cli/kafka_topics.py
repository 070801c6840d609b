"""``opsledger kafka init | check``: the topics of the log made, and compared with what the log needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import opened
from opsledger.infra.kafka.aborted import stored_aborted
from opsledger.infra.kafka.settings import KafkaSettings, kafka_settings, needed
from opsledger.infra.kafka.topic_check import Deviation
from opsledger.infra.kafka.topic_make import Outcome, check_topics, init_topics

PARTITIONS = click.option(
    "--partitions", type=click.IntRange(1, 1000), metavar="N",
    help="Partitions of a stream's topic (default: as most of them have, else 6); fixed once there are events.",
)  # fmt: skip


@click.command()
@PARTITIONS
@click.option(
    "--mend", is_flag=True, help="Set wrong settings of existing topics right, and add copies where they are too few."
)
def init(partitions: int | None, mend: bool) -> int:
    """Make the topics that are missing and wait until they can be written; those that are there are only checked.

    Nothing is ever thrown away by them, nothing compacted; with three brokers or more each event stands on three.
    """
    outcome = init_topics(needed(kafka_settings()), partitions, mend=mend)
    _show(outcome)
    return _told(outcome)


@click.command()
@PARTITIONS
@click.option(
    "--aborted", is_flag=True, help="Read the whole log, and name events of aborted transactions that the ledger holds."
)
@click.pass_context
def check(context: click.Context, partitions: int | None, *, aborted: bool) -> int:
    """List everything that is not as the log needs it, each with the command that mends it. Changes nothing.

    Exit code 3 when there is something.
    """
    settings = needed(kafka_settings())
    outcome = check_topics(settings, partitions)
    if not outcome.deviations:
        _show(outcome)
    code = _told(outcome)
    return max(code, _aborted(context, settings)) if aborted else code


def _aborted(context: click.Context, settings: KafkaSettings) -> int:
    """Events that a version before stored though their transactions were aborted: they stay, and are named."""
    with opened(context) as store:
        found = list(stored_aborted(store, settings))
    for each in found:
        click.echo(
            f"{each.topic}/{each.partition}@{each.offset}: {each.type} {each.id} of {each.tenant}, {each.subject}", err=True
        )
    if found:
        click.echo("    stay as they are; correct them by further events, or fill a new ledger (another --data)", err=True)
    click.echo(f"{len(found) or 'no'} event(s) of aborted transactions in the ledger")
    return EXIT_INCOMPLETE if found else 0


def _show(outcome: Outcome) -> None:
    for spec in outcome.specs:
        state = outcome.found.topics.get(spec.name)
        if state is None:
            continue
        copies = min((len(part.replicas) for part in state.partitions), default=0)
        done = "made" if spec.name in outcome.made else "mended" if spec.name in outcome.mended else "there"
        click.echo(f"{spec.name:<32} {len(state.partitions):>4} partitions x {copies} copies  {done}")


def _told(outcome: Outcome) -> int:
    away = outcome.found.away
    if away:
        click.echo(f"away: broker {', '.join(str(broker) for broker in away)}", err=True)
    for line in _lines(outcome.deviations):
        click.echo(line, err=True)
    if any(_settable(deviation) for deviation in outcome.deviations):
        click.echo("all settings and copies at once: opsledger kafka init --mend", err=True)
    topics = len(outcome.specs)
    click.echo(f"{topics} topics on {len(outcome.found.brokers)} broker(s): {len(outcome.deviations) or 'no'} deviation(s)")
    return EXIT_INCOMPLETE if outcome.deviations else 0


def _lines(told: Sequence[Deviation]) -> Iterator[str]:
    """What many topics have in common is said once; every command stands there as it has to be typed."""
    by_fault: dict[str, list[Deviation]] = {}
    for deviation in told:
        by_fault.setdefault(deviation.what, []).append(deviation)
    for what, alike in by_fault.items():
        yield f"{', '.join(deviation.topic for deviation in alike)}: {what}"
        for mend in dict.fromkeys(deviation.mend for deviation in alike):
            yield f"    {mend}"


def _settable(deviation: Deviation) -> bool:
    return bool(deviation.setting or deviation.copies)
