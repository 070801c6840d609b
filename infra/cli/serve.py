"""``opsledger serve``: events over HTTP into the log."""

from __future__ import annotations

from importlib.metadata import version

import click

from opsledger.domain.clock import SystemClock
from opsledger.domain.dead_letters import Outcome
from opsledger.infra.cli.common import on_loss, settings_of
from opsledger.infra.data_directory import Folder
from opsledger.infra.kafka.settings import kafka_settings
from opsledger.infra.serve.admission import Admission
from opsledger.infra.serve.app import App
from opsledger.infra.serve.connection import Bounds
from opsledger.infra.serve.keys import FILE, Keys
from opsledger.infra.serve.metrics import Metrics
from opsledger.infra.serve.refusals import Refusals
from opsledger.infra.serve.server import DEFAULT_PORT, GRACE_S, LOOPBACK, Server, is_loopback
from opsledger.infra.serve.target import target
from opsledger.ingest.http.committer import Committer
from opsledger.ingest.http.limits import Limits
from opsledger.ingest.http.storing import Storing
from opsledger.ingest.log.trouble import be_quiet


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True, help="0: any free port.")
@click.pass_context
def serve(context: click.Context, host: str, port: int) -> None:
    """Take CloudEvents over HTTP into the log until stopped (Ctrl-C, SIGTERM): what was taken is answered first.

    The log is Kafka where OPSLEDGER_KAFKA_BOOTSTRAP_SERVERS is set, else the data directory, which is then in use. An answer
    means that the log has the event for good. Senders need a key: opsledger keys add. What can be sent: /docs.

    \b
      opsledger keys add --tenant acme --source asterisk:pbx1
      opsledger serve &
      curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/cloudevents+json" -d @event.json \\
           http://127.0.0.1:8125/events
    """
    be_quiet()
    root, clock, limits, bounds = settings_of(context).data.expanduser(), SystemClock(), Limits(), Bounds()
    Folder(root).made()
    keys, refusals, metrics = Keys(root / FILE, clock), Refusals(root, clock), Metrics()
    with target(root, kafka_settings(), clock, on_loss(context)) as into:
        committer = Committer(Storing(into.stores, clock, into.homes).store, limits)
        metrics.watch(committer)
        app = App(Admission(keys.who, limits, metrics, refusals.write), committer, version("opsledger"))
        server = Server(app, committer, limits, bounds, (host, port))
        server.connections_by(app.admit, bounds, lambda status: metrics.answered(status, 0))
        server.heed_signals()
        _greet(server, keys, into.shown)
        try:
            server.turn()
        finally:
            committer.close(GRACE_S)
            refusals.close()
    counts = {outcome: metrics.count(outcome) for outcome in Outcome}
    parts = " + ".join(f"{outcome} {count:,}" for outcome, count in counts.items())
    click.echo(f"stopped; read {sum(counts.values()):,} = {parts}")


def _greet(server: Server, keys: Keys, into: str) -> None:
    nobody = not any(keys.is_good(key) for key in keys.all())
    click.echo(f"serving {server.url}/events into {into}; what can be sent: {server.url}/docs")
    if not is_loopback(server.host):
        click.echo(
            f"warning: {server.host} can be reached from other machines, and without TLS keys can be read on the way; "
            "listen on 127.0.0.1 and put a proxy with TLS before it",
            err=True,
        )
    if nobody:
        click.echo("nobody can send yet: opsledger keys add --tenant NAME --source URI", err=True)
