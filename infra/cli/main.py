"""The command ``opsledger``: the group, its help page, and how errors reach the user."""

from __future__ import annotations

import sys
import traceback

import click

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INTERRUPTED, UserError
from opsledger.infra.cli.lazy import LazyGroup

HELP = """An event-sourced operations ledger for call centres: every call, ticket, callback and complaint is one
immutable event; reports and vendors' statements are made from the events and can be made again.

\b
A first round:
  opsledger init --tenant acme --zone Asia/Shanghai
  opsledger ingest events.jsonl --tenant acme
  opsledger ingest calls.csv --format table --mapping desk.yaml --tenant acme
  opsledger report run traffic --day 2026-01-05
  opsledger report run service_indicators --month 2026-01 --format html --out january.html
  opsledger statement --contract desk --month 2026-01

\b
Exit codes:
  0    done, and nothing is left to look at
  1    a defect of the program (run again with --debug and report it)
  2    the command or its input is wrong; the message says what, where and what to do
  3    done, with something to look at: dead letters, or a law that does not hold
  4    the surroundings: disk full, no permission, data directory in use, stored data damaged
  130  stopped by Ctrl-C; what was accepted before is stored
"""

COMMANDS = {
    "init": ("opsledger.infra.cli.init:init", "Make a data directory; say whose it is and in which time zone."),
    "ingest": ("opsledger.infra.cli.ingest:ingest", "Read files, or standard input, into the ledger."),
    "master": ("opsledger.infra.cli.master:master", "The tenant's configuration, queues and people: set, show."),
    "report": ("opsledger.infra.cli.report:report", "List, run and compare reports."),
    "metrics": ("opsledger.infra.cli.metrics:metrics", "What each metric means: list, show."),
    "run-due": ("opsledger.infra.cli.schedule:run_due", "Make and send the scheduled reports that are due (for cron)."),
    "quality": (
        "opsledger.infra.cli.quality:quality",
        "Duplicates, orphans, contradictions, late data, clocks, gaps, refusals of a period.",
    ),
    "statement": (
        "opsledger.infra.cli.statement:statement",
        "A vendor's monthly statement, with rule and evidence for each line.",
    ),
    "decide": ("opsledger.infra.cli.decide:decide", "Decide: sign a contract, judge a complaint, approve an evaluation."),
    "history": ("opsledger.infra.cli.history:history", "Every event of one call, ticket, complaint …, in order."),
    "dead-letters": ("opsledger.infra.cli.dead_letters:dead_letters", "Records that were refused: list, show, export, retry."),
    "serve": ("opsledger.infra.cli.serve:serve", "Take events over HTTP."),
    "keys": ("opsledger.infra.cli.keys:keys", "Keys for sending events over HTTP: add, change, rotate, revoke, list, history."),
    "relay": ("opsledger.infra.cli.relay:relay", "Bring decisions to the log."),
    "sink": ("opsledger.infra.cli.sink:sink", "Read the log on Kafka into the ledger."),
    "rebuild": (
        "opsledger.infra.cli.rebuild:rebuild",
        "Make all facts anew from the ledger, compare them, heal what is damaged.",
    ),
    "backup": ("opsledger.infra.cli.backup:backup", "Write a backup of the data directory, while others use it."),
    "restore": ("opsledger.infra.cli.restore:restore", "Restore a backup into a new data directory."),
    "kafka": ("opsledger.infra.cli.kafka:kafka", "A local Kafka; the topics of the log made and checked."),
    "simulate": ("opsledger.infra.cli.simulate:simulate", "A call centre from a seed: events, and decisions as commands."),
    "gateway": ("opsledger.infra.cli.gateway:gateway", "Serve the data directory as ClickHouse over HTTP, on loopback."),
    "ddl": ("opsledger.infra.cli.ddl:ddl", "Print the statements that make all tables."),
    "doctor": (
        "opsledger.infra.cli.doctor:doctor",
        "What is set and reachable; with --deep, whether all that is stored is whole.",
    ),
    "docs": ("opsledger.infra.cli.docs:docs", "Write the pages of docs/ that are made from the declarations."),
    "demo": ("opsledger.infra.cli.demo:demo", "A simulated month through the whole product."),
    "demo-kafka": (
        "opsledger.infra.cli.demo_kafka:demo_kafka",
        "The same month over a Kafka of three brokers; the reports compared.",
    ),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option("--data", metavar="DIR", help="Data directory (default: $OPSLEDGER_DATA, else ./opsledger-data).")
@click.option("--late-after", metavar="HOURS", help="An event is late so long after its period's end (default: 24).")
@click.option("--accept-loss", is_flag=True, help="Go on with a ledger that holds less than its manifest says; on record.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="opsledger", prog_name="opsledger")
@click.pass_context
def cli(context: click.Context, *, data: str | None, late_after: str | None, accept_loss: bool, debug: bool) -> None:
    """The root group; see HELP."""
    context.obj = {"data": data, "late_after": late_after, "accept_loss": accept_loss, "debug": debug}


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave the process with a documented exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    sys.exit(run(arguments))


def run(arguments: list[str]) -> int:
    """Run one command; whatever goes wrong becomes a message on standard error and an exit code."""
    try:
        result = cli.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _say("stopped; what was accepted is stored; run the same command again to complete it", EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except UserError as error:
        return _say(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        return _say(f"{error.filename or 'input/output'}: {error.strerror or error}", EXIT_ENVIRONMENT)
    except Exception as error:  # noqa: BLE001  the last line of defence: no traceback reaches a user unasked
        return _defect(error, debug="--debug" in arguments)
    return result if isinstance(result, int) else 0


def _say(message: str, code: int) -> int:
    click.echo(f"opsledger: {message}", err=True)
    return code


def _defect(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    first = str(error).split("\n", 1)[0][:300]
    return _say(f"a defect of the program: {type(error).__name__}: {first} (run again with --debug for the place)", 1)
