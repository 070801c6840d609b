"""``opsledger sink``: from the log on Kafka into the ledger."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.backup.holder import answering
from opsledger.infra.cli.common import opened
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.progress import Report, progress
from opsledger.infra.sink.counts import lines, total
from opsledger.infra.sink.metrics import serving
from opsledger.infra.sink.run import Sink, SinkOptions
from opsledger.infra.sink.status import Status
from opsledger.infra.store import Store
from opsledger.ingest.log.trouble import be_quiet

LASTING_S = 3.0
"""What is over by then is not worth a line."""


@click.command()
@click.option("--until-end", is_flag=True, help="Stop when all that is in the log now is stored, and the facts are made.")
@click.option("--name", metavar="NAME", help="This sink's name in the group, kept over restarts (default: host and ledger).")
@click.option("--metrics-port", type=click.IntRange(0, 65_535), help="Serve /metrics and /healthz on this loopback port.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def sink(context: click.Context, *, until_end: bool, name: str | None, metrics_port: int | None, quiet: bool) -> int:
    """Store what is on the log (OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS) in the ledger, each record once, until stopped (Ctrl-C).

    Of each message it is counted what became of it: read = accepted + duplicate + dead. A sink that was killed goes on where
    the ledger ends. Several share the work when the ledger is on a server (OPSLEDGER_CLICKHOUSE_URL), each with its own
    --name.
    """
    be_quiet()
    kafka = needed(kafka_settings())
    with ExitStack() as stack:
        store = stack.enter_context(opened(context, writes=True))
        stack.enter_context(answering(store))
        report = stack.enter_context(progress("sink", quiet=quiet))
        options = SinkOptions(name or _name(store), until_end=until_end)
        shown, troubles = _shown(report, until_end=until_end), Troubles(lambda line: click.echo(line, err=True))

        def show(status: Status) -> None:
            shown(status)
            troubles.tell(status)

        running = Sink(store, kafka, options, show)
        stack.enter_context(_stopped_by_signals(running))
        if metrics_port is not None:
            port = stack.enter_context(serving(running.status, metrics_port))
            click.echo(f"metrics: http://127.0.0.1:{port}/metrics", err=True)
        status = running.run()
    if running.left:
        click.echo(f"sink: left before all was done: {running.left}; the next start goes on where the ledger ends", err=True)
    click.echo("\n".join(told(status)))
    return EXIT_INCOMPLETE if total(status.counts).dead else 0


def told(status: Status) -> list[str]:
    """The counts of a run as text, where the facts stand, and what does not move."""
    waits = [f"troubled: {each.why}" for _, each in sorted(status.stuck.items())]
    return [*lines(status.counts), f"facts: {status.facts}, {status.facts_events:,} new events", *waits]


class Troubles:
    """Tells what is wrong once it has lasted, and once when it is over; also where no progress is shown."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._told: dict[str, str] = {}

    def tell(self, status: Status) -> None:
        """To be called now and then."""
        wrong = {each.doing: each for each in status.problems}
        for doing in [doing for doing in self._told if doing not in wrong]:
            del self._told[doing]
            self._say(f"sink: no longer troubled: {doing}")
        for doing, each in wrong.items():
            if doing not in self._told and time.monotonic() - each.since >= LASTING_S:
                self._told[doing] = each.error
                self._say(f"sink: troubled: {doing}: {each.error}")


def _shown(report: Report, *, until_end: bool) -> Callable[[Status], None]:
    def show(status: Status) -> None:
        lag, read = status.lag(), total(dict(status.counts)).read
        note = f"{read:,} read, {lag:,} behind, {status.rate():,.0f}/s, facts {status.facts}"
        if status.problem:
            note += f"; {status.problem.doing}: {status.problem.error}"
        report(read, read + lag if until_end and status.assigned else None, note)

    return show


def _name(store: Store) -> str:
    return socket.gethostname() if store.remote else f"{socket.gethostname()}-{store.path.resolve()}"


@contextmanager
def _stopped_by_signals(running: Sink) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run after what was fetched is stored."""
    before = {number: signal.signal(number, lambda *_: running.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
