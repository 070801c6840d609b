"""``opsledger kafka publish``: a local ledger copied to Kafka, so that the log of record is there from now on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import click

from opsledger.infra.cli.common import opened
from opsledger.infra.kafka.log import open_kafka_log
from opsledger.infra.kafka.publishing import places_of, sources_of
from opsledger.infra.kafka.settings import kafka_settings, needed
from opsledger.infra.progress import Report, progress
from opsledger.ingest.log.publish import Published, Shown, Source, publish


@click.command("publish")
@click.option("--tenant", metavar="NAME", default="", help="Only this tenant's records (default: all).")
@click.option("--append", is_flag=True, help="The topics may hold records that are not of this ledger.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def publish_(context: click.Context, tenant: str, append: bool, quiet: bool) -> int:
    """Copy the events of the data directory to the log's topics: the same bytes, keys and order, and when each was recorded.

    Dead letters, attempts and imports go too. It may be broken off and run again: what is there already is left out. In the
    end each topic is read and compared with the ledger. From then on the log of record is on Kafka: let a sink fill a ledger
    of its own (another --data), and import into Kafka.

    \b
      opsledger kafka init && opsledger kafka publish
    """
    settings = needed(kafka_settings())
    with opened(context) as store, open_kafka_log(settings) as log, progress("publishing", quiet=quiet) as report:
        sources = sources_of(store, log, tenant)
        shown = _of_all(sources, report)
        rows = 0
        for each in publish(log, sources, places_of(store, log, tenant), append=append, shown=shown):
            rows += each.rows
            if each.rows or each.others:
                click.echo(line_of(each))
    click.echo(f"{rows:,} records are on Kafka, each compared")
    return 0


def _of_all(sources: Mapping[str, Source], report: Report) -> Shown:
    """How far one topic is, told as how far the whole is."""
    before = dict(zip(sources, accumulate((source.total for source in sources.values()), initial=0), strict=False))
    total = sum(source.total for source in sources.values())
    return lambda topic, done, _: report(before[topic] + done, total, topic)


def line_of(published: Published) -> str:
    """What became of one topic, as text."""
    counts = f"{published.rows:,} = {published.sent:,} sent + {published.found:,} there before"
    others = f", {published.others:,} others" if published.others else ""
    return f"{published.topic:<28} {counts}{others}   digest {published.digest:016x}"
