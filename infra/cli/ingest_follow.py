"""``opsledger ingest --follow``: files that grow, until Ctrl-C or SIGTERM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.backup.holder import answering
from opsledger.infra.cli.common import opened, settings_of, stopped_by_signals
from opsledger.infra.data_directory import Folder
from opsledger.infra.facts import refresh
from opsledger.infra.following import DUTY_S, FOLDER, POLL_S, Followed, Following, Target
from opsledger.infra.ingesting import Ask, importer_of
from opsledger.infra.kafka.settings import KafkaSettings
from opsledger.infra.store import Store
from opsledger.ingest.importer import Stores


@dataclass(frozen=True, slots=True)
class FollowOptions:
    """How files are followed. ``state`` is the folder of their places; None for one in the data directory."""

    state: Path | None = None
    poll_s: float = POLL_S
    duty_s: float = DUTY_S
    quiet: bool = False


def follow(
    context: click.Context, kafka: KafkaSettings | None, files: tuple[str, ...], ask: Ask, options: FollowOptions
) -> int:
    """Follow files into Kafka, or into the data directory where no Kafka is named; exit code 3 when records are dead."""
    with stopped_by_signals() as stop:
        if kafka is None:
            with opened(context) as store, answering(store):
                return _follow(files, ask, _local(store), options.state or store.path / FOLDER, options, stop)
        from opsledger.infra.kafka.log import open_kafka_log, stores_of  # noqa: PLC0415  its client takes long to load

        home = Folder(settings_of(context).data)
        if options.state is None:
            home.made()
        with open_kafka_log(kafka) as log:
            target = Target(f"kafka {log.survey.cluster_id}/{log.topics.prefix}", stores_of(log))
            return _follow(files, ask, target, options.state or home.root / FOLDER, options, stop)


def _local(store: Store) -> Target:
    importer_of(store)  # refuses a log that can only be read
    stores = Stores(store.log, store.ledger, store.dead_letters, store.imports)
    return Target(f"the ledger {store.path.resolve()}", stores, lambda: _silently(store))


def _silently(store: Store) -> None:
    refresh(store, lambda *_: None)


def _follow(files: tuple[str, ...], ask: Ask, target: Target, folder: Path, options: FollowOptions, stop: Event) -> int:
    tell = (lambda _text: None) if options.quiet else partial(click.echo, err=True)
    following = Following(files, ask, target, folder, SystemClock(), tell)
    try:
        following.run(stop, poll_s=options.poll_s, duty_s=options.duty_s)
    finally:
        following.close()
        for each in following.followed:
            click.echo(told(each))
    return EXIT_INCOMPLETE if any(each.tally.dead for each in following.followed) else 0


def told(each: Followed) -> str:
    """The counts of one file, of this run and of all, as text."""
    now, ever = each.tally, each.total
    lines = [
        f"{each.path}: read {now.read:,} = accepted {now.accepted:,} + duplicate {now.duplicate:,} + dead {now.dead:,}",
        f"  all runs: read {ever.read:,} = accepted {ever.accepted:,} + duplicate {ever.duplicate:,} + dead {ever.dead:,}",
    ]
    if now.dead:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in now.reasons.most_common())
        lines.append(f"  dead letters: {reasons}; see `opsledger dead-letters list`")
    return "\n".join(lines)
