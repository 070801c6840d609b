"""The index page of a set of reports: a table a group, a row a report, in both languages; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from opsledger.infra.render_pool import Figure, Made
from opsledger.infra.report_set import Refused
from opsledger.ingest.whole_file import write_whole
from opsledger.projections.formats.font import with_letters
from opsledger.projections.formats.values import clean

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>
body{{font:15px/1.5 system-ui,"Noto Sans CJK SC","Noto Sans SC",opsledger,sans-serif;max-width:80rem;margin:1.5rem auto;
padding:0 1rem;color:#1c2733;background:#fff}}
h1{{font-size:1.5rem;margin:0 0 .2rem}} h2{{font-size:1.1rem;margin:1.6rem 0 .3rem}}
table{{border-collapse:collapse;width:100%;table-layout:fixed}}
td,th{{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d9e0e7}}
th{{font-weight:600;color:#5a6875}} th:nth-child(1){{width:21%}} th:nth-child(2){{width:7.5rem}} th:nth-child(4){{width:15%}}
a{{color:#0b5cad}} .p{{color:#5a6875}} ul{{margin:0;padding-left:1.1rem}}
.f{{display:inline-block;margin:0 1rem .15rem 0}} .f b{{font-variant-numeric:tabular-nums}}
.y{{color:#0b6b3a}} .n{{color:#a3341f}} .w{{color:#7a4b00}} .x{{color:#a3341f;font-weight:600}}
</style></head><body><h1>{title}</h1><p class="p">{about}</p>
{broken}{groups}{refused}
</body></html>
"""
_TITLES = ("Report · 报表", "Period · 期间", "Headline figures · 主要指标", "Files · 文件")
_HEAD = f"<thead><tr>{''.join(f'<th>{title}</th>' for title in _TITLES)}</tr></thead>"
_BROKEN = '<p class="x">{n} files break a law of the numbers; do not rely on them. · 有 {n} 个文件不满足数字定律,不可信。</p>'


def write_index(made: Sequence[Made], folder: Path, title: str, about: str, refused: Sequence[Refused] = ()) -> Path:
    """Write ``index.html`` that leads to all files of a set; returns its path."""
    broken = sum(not each.ok for each in made)
    path = folder / "index.html"
    page = _PAGE.format(
        title=escape(clean(title)),
        about=escape(clean(about)),
        broken=_BROKEN.format(n=broken) if broken else "",
        groups="\n".join(_group(name, files, folder) for name, files in _groups(made).items()),
        refused=_refused(refused),
    )
    write_whole(path, with_letters(page).encode())
    return path


def _groups(made: Sequence[Made]) -> dict[str, list[list[Made]]]:
    """Title of a group in both languages → the files of each of its reports and periods."""
    reports: dict[tuple[str, str], list[Made]] = {}
    for each in made:
        reports.setdefault((each.period, each.path.stem), []).append(each)
    found: dict[str, list[list[Made]]] = {}
    for files in reports.values():
        found.setdefault(_both([each.group for each in files]), []).append(files)
    return found


def _both(texts: Sequence[str]) -> str:
    return " · ".join(dict.fromkeys(escape(clean(text[:1].upper() + text[1:])) for text in texts if text))


def _group(title: str, reports: Sequence[Sequence[Made]], folder: Path) -> str:
    rows = "\n".join(_row(files, folder) for files in reports)
    return f"<h2>{title or 'Further · 其他'}</h2>\n<table>{_HEAD}<tbody>\n{rows}\n</tbody></table>"


def _row(files: Sequence[Made], folder: Path) -> str:
    langs = {each.lang: each for each in files}
    figures = "".join(_figures(each.figures) for each in list(langs.values())[:1])
    warnings = "".join(f"<li>{escape(clean(text))}</li>" for each in langs.values() for text in each.warnings)
    told = f'{figures}<ul class="w">{warnings}</ul>' if warnings else figures
    links = "<br>".join(f"{'中文' if lang == 'zh' else 'English'}: {_links(files, lang, folder)}" for lang in langs)
    cells = (_both([each.title for each in files]), escape(clean(files[0].period)), told, links)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _figures(figures: Sequence[Figure]) -> str:
    return "".join(f'<span class="f">{escape(clean(f.title))} <b>{escape(f.value)}</b>{_mark(f.met)}</span>' for f in figures)


def _mark(met: bool | None) -> str:
    """Told by a sign, not by colour alone."""
    if met is None:
        return ""
    return (
        ' <span class="y" title="target met · 达标">✓</span>'
        if met
        else ' <span class="n" title="target missed · 未达标">✗</span>'
    )


def _links(files: Sequence[Made], lang: str, folder: Path) -> str:
    wanted = [each for each in files if each.lang == lang]
    return " ".join(f'<a href="{escape(each.path.relative_to(folder).as_posix())}">{each.format}</a>' for each in wanted)


def _refused(refused: Sequence[Refused]) -> str:
    if not refused:
        return ""
    items = "".join(f"<li>{escape(clean(f'{each.report}: {each.why}'))}</li>" for each in refused)
    return f"<h2>Not made · 未生成</h2><ul>{items}</ul>"
