"""Runs what is due: finds the missed times, makes the reports, delivers them, and puts each step on record."""

from __future__ import annotations

import hashlib
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from opsledger.domain.calendar import Period, make_period, zone_of
from opsledger.domain.errors import UserError
from opsledger.infra.cli.report_options import request_of
from opsledger.infra.facts import view, zone_of_tenant
from opsledger.infra.mail import Attachment, UnsureError, message_id_of, message_of, send
from opsledger.infra.render_pool import Made
from opsledger.infra.report_index import write_index
from opsledger.infra.report_set import Refused, write_set
from opsledger.infra.schedule_journal import FINAL, Journal
from opsledger.infra.schedule_times import latest
from opsledger.infra.schedules import MailTo, Schedule, Schedules
from opsledger.infra.settings import Settings
from opsledger.infra.store import Store
from opsledger.infra.whole_folder import files_of, whole_folder
from opsledger.ingest.whole_file import write_whole
from opsledger.projections.formats.values import clean
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.model import Request

MAX_MAIL_BYTES = 20 * 1024 * 1024
"""A mail's files together; more belongs in a folder."""
_MAX_SKIPPED = 1_000


@dataclass(frozen=True, slots=True)
class Due:
    """A due time (UTC) of a schedule, with the period that its reports are about."""

    schedule: Schedule
    at: datetime
    period: Period

    @property
    def name(self) -> str:
        """How a run is named in messages and on the command line."""
        return f"{self.schedule.name}@{self.at:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a due run: ``ok`` is False where something wants a look."""

    due: Due
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Office:
    """What runs need: the open store, settings, the journal, the file of schedules, the environment (for the password)."""

    store: Store
    settings: Settings
    journal: Journal
    schedules: Schedules
    environ: Mapping[str, str]

    def zone(self, schedule: Schedule) -> str:
        """The zone by whose clock a schedule runs."""
        return zone_of_tenant(self.store, schedule.tenant, self.settings, schedule.zone or None)


def recover(journal: Journal, now: datetime) -> list[str]:
    """Settle what a process that is gone had begun: what was being sent is unsure, the rest is to be made again."""
    told = []
    for run in journal.left_over():
        name = f"{run.schedule}@{run.due:%Y-%m-%dT%H:%MZ}"
        if run.state == "sending":
            journal.note(run.schedule, run.due, "unsure", now, digest=run.digest, detail="the process ended while sending")
            told.append(f"{name}: it ended while the mail was being sent; {_again(name)}")
        else:
            journal.note(run.schedule, run.due, "failed", now, detail="the process ended while it was being made")
    return told


def due_runs(office: Office, schedule: Schedule, now: datetime) -> list[Due]:
    """What of a schedule is due and not settled, oldest first; older than ``catch_up`` allows is put on record as skipped."""
    zone, since = office.zone(schedule), office.journal.since(schedule.name, now)
    times = latest(schedule.cron, zone, since, now, schedule.catch_up + _MAX_SKIPPED)
    open_ = [at for at in times if (run := office.journal.run(schedule.name, at)) is None or run.state not in FINAL]
    late = set(times[: -schedule.catch_up])
    for at in (at for at in open_ if at in late):
        office.journal.note(schedule.name, at, "skipped", now, detail=f"older than catch_up: {schedule.catch_up}")
    return [Due(schedule, at, period_of(schedule, at, zone)) for at in open_ if at not in late]


def period_of(schedule: Schedule, at: datetime, zone: str) -> Period:
    """What a run at a moment is about: the whole period before it, or the current one as far as it goes."""
    current = make_period(schedule.span, at.astimezone(zone_of(zone)).date(), zone)
    return current if schedule.current else current.previous()


def run_due(office: Office, due: Due) -> Outcome:
    """Make and deliver one due run, and put on record how it went. Raises nothing: what went wrong is in the outcome."""
    journal, schedule, clock = office.journal, due.schedule, office.store.clock
    journal.note(schedule.name, due.at, "started", clock.now())
    try:
        with tempfile.TemporaryDirectory(dir=office.store.directory.temporary) as folder:
            made, refused = _made(office, due, Path(folder))
            digest = _digest(Path(folder))
            told, whole = _delivered(office, due, Path(folder), made, refused, digest)
    except UnsureError as error:
        journal.note(schedule.name, due.at, "unsure", clock.now(), detail=str(error))
        return Outcome(due, False, f"the connection broke while the mail was being sent ({error}); {_again(due.name)}")
    except Exception as error:  # noqa: BLE001  a defect in one schedule's reports must not keep the others from running
        why = str(error) if isinstance(error, UserError | OSError) else f"a defect of the program: {error!r}"
        journal.note(schedule.name, due.at, "failed", clock.now(), detail=why)
        return Outcome(due, False, f"{why}; the next run-due tries again")
    journal.note(schedule.name, due.at, "done", clock.now(), digest=digest, detail=told)
    notes = [f"not made: {each.report}: {each.why}" for each in refused]
    notes += [f"a law of the numbers does not hold in {each.path.name}" for each in made if not each.ok]
    return Outcome(due, whole and not notes, "; ".join([told, *notes]))


def _again(name: str) -> str:
    return (
        f"it may have been sent and is not sent again unasked; to send it again: opsledger run-due --again {shlex.quote(name)}"
    )


def _made(office: Office, due: Due, folder: Path) -> tuple[list[Made], list[Refused]]:
    """The reports of a run as files in a folder, with the index."""
    schedule, refused = due.schedule, list[Refused]()

    def asked(code: str, period: Period, lang: Lang) -> Request:
        numbers = {n: float(schedule.parameters[n]) for n in ("threshold", "window") if n in schedule.parameters}
        return request_of(code, {**schedule.parameters, **numbers}, period, lang)

    with view(office.store, schedule.tenant, late_after=office.settings.late_after) as facts:
        made = write_set(
            facts, [due.period], schedule.langs, schedule.formats, folder, lambda *_: None, asked, refused, schedule.reports
        )
    if not made:
        raise UserError("no report could be made: " + "; ".join(f"{each.report}: {each.why}" for each in refused))
    if schedule.mail is not None:
        made = _flat(made, folder)
    write_index(made, folder, f"{schedule.tenant} {due.period.name}", f"{schedule.name} · {due.period.zone}", refused)
    return made, refused


def _flat(made: Sequence[Made], folder: Path) -> list[Made]:
    """The files side by side, as a mail has them: ``traffic_2026-01-05.en.html``."""
    found = []
    for each in made:
        path = folder / f"{each.path.stem}.{each.lang}{each.path.suffix}"
        found.append(replace(each, path=each.path.replace(path)))
    return found


def _digest(folder: Path) -> str:
    """SHA-256 over the names and contents of all files."""
    total = hashlib.sha256()
    for path in files_of(folder):
        total.update(f"{path.relative_to(folder).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _delivered(
    office: Office, due: Due, folder: Path, made: Sequence[Made], refused: Sequence[Refused], digest: str
) -> tuple[str, bool]:
    """Bring the files where they belong; what is to be told, and whether everything arrived."""
    if due.schedule.mail is not None:
        return _mailed(office, due, due.schedule.mail, folder, made, refused, digest)
    target = office.schedules.path.parent / Path(_filled(due.schedule.folder, due, safe=True)).expanduser()
    files = files_of(folder)
    with whole_folder(target) as draft:
        for path in files:
            write_whole(draft / path.relative_to(folder), path.read_bytes())
    return f"{len(files)} files in {os.path.relpath(target) if target.is_relative_to(Path.cwd()) else target}", True


def _mailed(
    office: Office,
    due: Due,
    to: MailTo,
    folder: Path,
    made: Sequence[Made],
    refused: Sequence[Refused],
    digest: str,
) -> tuple[str, bool]:
    settings = office.schedules.mail
    if settings is None:
        raise UserError("the file of schedules names no mail server")
    server = settings.server(office.environ)
    files: list[Attachment] = [(path.name, path.read_bytes()) for path in files_of(folder)]
    size = sum(len(content) for _, content in files)
    if size > MAX_MAIL_BYTES:
        raise UserError(
            f"{size / 2**20:.0f} MiB are too much for a mail ({MAX_MAIL_BYTES // 2**20} MiB); send them to a folder"
        )
    now, text = office.store.clock.now(), _text(due, made, refused)
    id_ = message_id_of(server.sender, due.schedule.name, due.schedule.tenant, due.at.isoformat())
    message = message_of(server.sender, to.recipients, _filled(to.subject, due), text, now, id_, files)
    office.journal.note(due.schedule.name, due.at, "sending", now, digest=digest)
    delivery = send(server, message, to.recipients)
    told = f"{len(files)} files sent to {', '.join(r for r in to.recipients if r not in delivery.refused)}"
    missed = "; ".join(f"{who} was refused ({why})" for who, why in delivery.refused.items())
    return (f"{told}; {missed}, and the others are not sent it twice" if missed else told), not missed


def _text(due: Due, made: Sequence[Made], refused: Sequence[Refused]) -> str:
    """The mail's own text: what is attached, and what to read with care."""
    lines = [f"{due.schedule.tenant} · {due.period.name} · {due.period.zone}", ""]
    for title in dict.fromkeys(each.title for each in made):
        mine = [each for each in made if each.title == title]
        lines.append(f"{title}: {', '.join(each.path.name for each in mine)}")
        lines += [f"  {f.title}: {f.value}" for f in mine[0].figures]
        lines += [f"  ! {warning}" for warning in mine[0].warnings]
    lines += [f"not made · 未生成: {each.report}: {each.why}" for each in refused]
    return "\n".join([*map(clean, lines), "", "index.html leads to all of them. · 各报表入口见 index.html。", ""])


def _filled(pattern: str, due: Due, *, safe: bool = False) -> str:
    schedule = due.schedule
    local = due.at.astimezone(ZoneInfo(due.period.zone))
    values = {
        "name": schedule.name,
        "tenant": schedule.tenant,
        "span": schedule.span.value,
        "period": due.period.name,
        "due": f"{local:%Y-%m-%d_%H%M}",
    }
    return pattern.format(**({k: v.replace("/", "_").replace("\\", "_") for k, v in values.items()} if safe else values))
