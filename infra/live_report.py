"""The pages of a report that is open in a browser: itself, its other forms, and the rows behind each of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from urllib.parse import parse_qs, quote, urlsplit

from opsledger.domain.errors import UserError
from opsledger.infra.render import MEDIA, SUFFIXES, WIDTH_OF_A_FILE, as_bytes, render_result
from opsledger.infra.serving import Answer
from opsledger.projections.formats.font import with_letters
from opsledger.projections.formats.html import Live, to_html
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.reports.cells import parse_ref
from opsledger.projections.reports.model import Request, Result
from opsledger.projections.reports.request import CELL_REPORT
from opsledger.projections.reports.run import run_report

_FILES = ("xlsx", "pdf", "csv", "json")
_PATHS = {("", ""), ("cell", ""), *((name, form) for name in ("report", "cell") for form in _FILES)}
_OTHER: Mapping[Lang, tuple[Lang, str]] = {"en": ("zh", "中文"), "zh": ("en", "English")}
_BACK = Label("← Back to the report", "← 返回报表")
_WRONG = Label("This cannot be shown", "无法显示")
_KEPT = 12
"""Results that are kept: a report's page, its files and its charts are made from one."""
_PAGE = """<!doctype html>
<html lang="{tongue}"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; font-src data:; style-src 'unsafe-inline'">
<style>body{{font:15px/1.5 system-ui,"Noto Sans CJK SC",opsledger,sans-serif;max-width:46rem;margin:4rem auto;padding:0 1rem}}
p{{overflow-wrap:anywhere}}</style></head><body><h1>{title}</h1><p>{text}</p><p><a href="./">{back}</a></p></body></html>
"""


class LiveReport:
    """A site of one report; see ``serving.Server``. It runs reports, so it is called by the thread that owns the store."""

    def __init__(self, facts: Facts, request: Request) -> None:
        self._facts = facts
        self._request = request
        self._known: dict[tuple[str | None, Lang], Result] = {}

    def ready(self) -> bool:
        """Run the report now; whether the laws of the numbers hold in it. UserError for a request that it cannot honour: told
        at once, not in the browser."""
        return self._result(replace(self._request, charts=True)).ok

    def __call__(self, path: str) -> Answer:
        """The answer to a path: a page or a file; what cannot be shown is told on a page, never by a traceback."""
        parts = urlsplit(path)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        lang = self._lang(asked)
        try:
            return self._answer(parts.path, asked, lang)
        except UserError as error:
            return _told(400, str(error), lang)
        except Exception as error:  # noqa: BLE001  one bad request must not end the server; the page says what it was
            first = str(error).split("\n", 1)[0][:300]
            return _told(500, f"a defect of the program: {type(error).__name__}: {first}", lang)

    def _lang(self, asked: Mapping[str, str]) -> Lang:
        wanted = asked.get("lang")
        return "zh" if wanted == "zh" else "en" if wanted == "en" else self._request.lang

    def _answer(self, path: str, asked: Mapping[str, str], lang: Lang) -> Answer:
        name, _, form = path.partition(".")
        if (name, form) not in _PATHS:
            return _told(404, "there is no such page", lang)
        ref = asked.get("ref")
        if name == "cell" and not ref:
            return _told(400, "the address lacks the reference of a figure: cell?ref=…", lang)
        request = replace(self._request if ref is None or name != "cell" else self._cell(ref), lang=lang, charts=True)
        result = self._result(request)
        return _file(result, form) if form else _page(result, ref if name == "cell" else None, lang)

    def _cell(self, ref: str) -> Request:
        """The rows behind a figure of this very view: another tenant's, or another moment's, are not shown."""
        found = parse_ref(ref)
        if found.tenant != self._facts.tenant or found.known_at != self._facts.as_known_at:
            raise UserError("this figure is not one of the report that is open; run the command that its own page shows")
        return Request(CELL_REPORT, found.request.period, cell=ref)

    def _result(self, request: Request) -> Result:
        key = (request.cell, request.lang)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = run_report(self._facts, request)
        return self._known[key]


def _page(result: Result, ref: str | None, lang: Lang) -> Answer:
    other, name = _OTHER[lang]
    at = f"ref={quote(ref)}&" if ref else ""
    links = [(_BACK.text(lang), f"./?lang={lang}")] if ref else []
    links += [(name, f"{'cell' if ref else './'}?{at}lang={other}")]
    links += [(form.upper(), f"{'cell' if ref else 'report'}.{form}?{at}lang={lang}") for form in _FILES]
    return Answer(200, MEDIA["html"], to_html(result, live=Live(links)).encode())


def _file(result: Result, form: str) -> Answer:
    body = as_bytes(render_result(result, form, WIDTH_OF_A_FILE, bom=form == "csv"))
    name = f"{result.report}_{result.period.name}_{result.lang}{SUFFIXES[form]}"
    return Answer(200, MEDIA[form], body, {"Content-Disposition": f'attachment; filename="{name}"'})


def _told(status: int, text: str, lang: Lang) -> Answer:
    tongue = "zh-CN" if lang == "zh" else "en"
    page = _PAGE.format(tongue=tongue, title=_WRONG.text(lang), text=escape(text), back=_BACK.text(lang))
    return Answer(status, MEDIA["html"], with_letters(page).encode("utf-8", "replace"))
