"""``opsledger report open``: a report in the browser, where every figure leads to the rows behind it."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Any

import click

from opsledger.domain.errors import EXIT_INCOMPLETE
from opsledger.infra.cli.common import LANG, TENANT
from opsledger.infra.cli.report_options import ANY_SPAN, PARAMETERS
from opsledger.infra.cli.report_run import asked
from opsledger.infra.live_report import LiveReport
from opsledger.infra.serving import Server


@click.command("open")
@click.argument("name", metavar="NAME")
@ANY_SPAN
@TENANT
@PARAMETERS
@click.option("--as-known-at", metavar="TIME", help="As it was known at this moment, e.g. 2026-02-03T09:00.")
@LANG
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after so many seconds.")
@click.pass_context
def open_(context: click.Context, /, name: str, **options: Any) -> int:
    """Serve report NAME to the browser of this machine, with links to its other forms and to the rows behind each figure.

    The address holds a secret and is answered on the loopback interface alone. The data directory is in use until this
    command is stopped: Ctrl-C, or --for SECONDS.

    \b
      opsledger report open traffic --month 2026-01
      opsledger report open service_indicators --week 2026-W02 --lang zh --no-browser
    """
    with asked(context, name, options) as (facts, request):
        site = LiveReport(facts, request)
        ok = site.ready()
        server = Server(site)
        try:
            click.echo(f"{name} is open at {server.address}  (Ctrl-C stops it)")
            sys.stdout.flush()
            if not options["no_browser"] and _has_screen():
                webbrowser.open(server.address)
            server.serve(options["seconds"])
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
    return _told(name, ok=ok)


def _told(name: str, *, ok: bool) -> int:
    if not ok:
        click.echo(f"a law of the numbers does not hold in {name}; the page says which", err=True)
    return 0 if ok else EXIT_INCOMPLETE


def _has_screen() -> bool:
    """Whether there is a window system: else a browser in the terminal would take it over."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
