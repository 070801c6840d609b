"""``opsledger docs``: the pages that are generated from the declarations."""

from __future__ import annotations

from pathlib import Path

import click

from opsledger.infra.events_doc import render_events_md
from opsledger.infra.profiles_doc import render_profiles_page
from opsledger.infra.whole_folder import whole_folder
from opsledger.ingest.whole_file import write_whole
from opsledger.projections.metrics.document import render_metrics_md
from opsledger.projections.reports.document import render_reports_md

PAGES = {
    "events.md": render_events_md,
    "metrics.md": render_metrics_md,
    "profiles.md": render_profiles_page,
    "reports.md": render_reports_md,
}
"""File → what renders it; a test holds the files in docs/ equal to these."""


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs"), show_default=True)
def docs(out: Path) -> None:
    """Write the generated pages into a folder."""
    with whole_folder(out) as folder:
        for name, render in PAGES.items():
            write_whole(folder / name, render().encode())
    for name in PAGES:
        click.echo(f"wrote {out / name}")
