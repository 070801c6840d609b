"""``opsledger report run --all``: every report of a day, week or month into a folder, with an index page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from opsledger.domain.calendar import Grain, Period
from opsledger.domain.errors import EXIT_INCOMPLETE, UserError, nearest
from opsledger.infra.cli.common import opened, settings_of
from opsledger.infra.cli.report_options import Options, period_of, request_of, text_of
from opsledger.infra.facts import tenant_of, view, zone_of_tenant
from opsledger.infra.moments import parse_moment
from opsledger.infra.progress import progress
from opsledger.infra.render import FORMATS
from opsledger.infra.render_pool import Made
from opsledger.infra.report_index import write_index
from opsledger.infra.report_set import Refused, write_set
from opsledger.infra.settings import LANGS, lang_of
from opsledger.infra.whole_folder import LAST, whole_folder
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Request

DEFAULT_FORMATS = "html"


def run_all(context: click.Context, options: Options) -> int:
    """Make the set of a period; exit code 3 where a law does not hold in one of its files."""
    formats, folder = _formats(options), _folder(options)
    if options["from_cell"]:
        raise UserError("--from-cell names one figure; leave --all out")
    settings = settings_of(context)
    langs: tuple[Lang, ...] = (lang_of(str(options["lang"])),) if options["lang"] else LANGS
    refused: list[Refused] = []
    with opened(context) as store, progress("reports", quiet=bool(options["quiet"])) as shown:
        tenant, known = tenant_of(store, text_of(options, "tenant"), settings), text_of(options, "as_known_at")
        zone = zone_of_tenant(store, tenant, settings, text_of(options, "zone"))
        at = parse_moment(known, zone) if known else None
        _period(options, zone)  # what is wrong is said before the facts are looked at
        with view(store, tenant, at, late_after=settings.late_after) as facts:
            period = _period(options, zone_of_tenant(store, tenant, settings, text_of(options, "zone"), at))

            def asked(code: str, period: Period, lang: Lang) -> Request:
                return request_of(code, options, period, lang)

            about = f"{tenant} · {period.name} · {period.zone}{f' · as known at · 回溯至 {known}' if known else ''}"
            with whole_folder(folder) as draft:
                made = write_set(facts, [period], langs, formats, draft, shown, asked, refused)
                _check(made, refused)
                write_index(made, draft, f"{tenant} {period.name}", about, refused)
    return _tell([replace(each, path=folder / each.path.relative_to(draft)) for each in made], folder / LAST)


def _period(options: Options, zone: str) -> Period:
    period = period_of(options, zone)
    if period.grain is Grain.SPAN:
        raise UserError("the set is made for a --day, a --week or a --month")
    return period


def _formats(options: Options) -> list[str]:
    found = [text.strip() for text in (text_of(options, "format_") or DEFAULT_FORMATS).split(",")]
    for text in found:
        if text not in FORMATS:
            raise UserError(f"there is no format '{text}'{nearest(text, FORMATS)}")
    return list(dict.fromkeys(found))


def _folder(options: Options) -> Path:
    folder = options["out"]
    if not isinstance(folder, Path):
        raise UserError("say where to: report run --all … --out FOLDER")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file; --all writes a folder")
    return folder


def _check(made: list[Made], refused: list[Refused]) -> None:
    for report in refused:
        click.echo(f"not made: {report.report}: {report.why}", err=True)
    if not made:
        raise UserError("no report of this period could honour what was asked; see above")


def _tell(made: list[Made], index: Path) -> int:
    broken = [each for each in made if not each.ok]
    for each in broken:
        click.echo(f"a law of the numbers does not hold in {each.path}", err=True)
    click.echo(f"{len(made)} files; open {index}")
    return EXIT_INCOMPLETE if broken else 0
