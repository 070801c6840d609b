"""A ledger that holds less than its manifest says is not written to, reported of or made anew, until somebody accepts it."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT, EXIT_INCOMPLETE, UserError
from opsledger.infra import manifest_file
from opsledger.infra.facts import fact_tables, view
from opsledger.infra.manifest import OnLoss, accepted_losses
from opsledger.infra.store import Store
from opsledger.projections.ledger.manifest import Damage, Extent, LedgerFinding, Manifest
from opsledger.projections.ledger.manifest_keeper import ManifestKeeper
from tests.damage import DAMAGES, PARTS, ROWS, deleted, ledger_with_facts, opened, parts, without_manifest
from tests.e2e.conftest import Cli
from tests.ledger_samples import calls, tables
from tests.new_ledger import new_ledger

CALL = "call", 0
ALL = PARTS * ROWS
HOLES = {"first": (0, 0), "middle": (1, ROWS), "last": (2, 2 * ROWS)}
"""Which part is damaged -> its number, and the first offset that is missing then."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledger_with_facts(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", symlinks=True))


def said(data: Path) -> Manifest:
    found = manifest_file.load(data / manifest_file.FILE)
    assert found is not None
    return found[0]


def save(data: Path, manifest: Manifest) -> None:
    manifest_file.save(data / manifest_file.FILE, manifest)


def findings(data: Path) -> list[LedgerFinding]:
    with opened(data, OnLoss.TELL) as store:
        return list(store.findings)


def refusal(data: Path) -> str:
    with pytest.raises(UserError) as refused:
        opened(data).close()
    assert refused.value.exit_code == EXIT_ENVIRONMENT
    return str(refused.value)


def queued(store: Store) -> int:
    with view(store, "t1") as facts:
        return int(facts.engine.query("SELECT count() FROM calls FINAL", {}).result_rows[0][0])


def test_it_says_what_was_stored_and_is_this_users_alone(data: Path) -> None:
    file = data / manifest_file.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert said(data) == Manifest({CALL: Extent(ALL, ALL - 1, ALL)})
    before = file.read_bytes()
    with opened(data) as store:
        assert not store.findings
        assert file.read_bytes() == before, "an opening that finds all as it is said writes nothing"
        store.log.append(tables(calls(5, first=ALL)))
        assert said(data).places[CALL] == Extent(ALL + 5, ALL + 4, ALL + 5), "it is noted before the answer"


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_missing_is_named_and_nothing_goes_over_it(data: Path, damage: str, hole: str) -> None:
    number, first = HOLES[hole]
    DAMAGES[damage](parts(data)[number])
    text = refusal(data)
    assert f"stream 'call', partition 0: the manifest says {ALL} rows up to offset {ALL - 1}" in text
    assert f"{ROWS} are missing, from offset {first} on" in text
    assert "opsledger restore" in text
    assert "--accept-loss" in text
    missing = next(each for each in findings(data) if each.damage is Damage.MISSING)
    assert (missing.lost, missing.first_lost) == (ROWS, first)
    aside = [each for each in findings(data) if each.damage is Damage.ASIDE]
    assert bool(aside) == (damage != "deleted")
    assert all(each.refuses for each in aside)


def test_notes_that_are_torn_or_of_another_manifest_are_passed_over(data: Path) -> None:
    file, late = data / manifest_file.FILE, data / "manifest.late"
    with opened(data) as store:
        store.log.append(tables(calls(5, first=ALL)))
        synced, noted = file.read_bytes(), late.read_bytes()
        assert stat.S_IMODE(late.stat().st_mode) == 0o600
        assert said(data).places[CALL].rows == ALL + 5
    for torn in (b"", b"[" * 100_000, noted[:-30], noted + b"}", noted.replace(b'"rows"', b'"raws"')):
        file.write_bytes(synced)
        late.write_bytes(torn)
        assert said(data).places[CALL].rows == ALL, torn
    file.write_bytes(synced)
    late.write_bytes(noted)
    save(data, Manifest({CALL: Extent(ALL, ALL - 1, ALL)}))
    assert said(data).places[CALL].rows == ALL, "it is of the one before"


def test_commands_say_it_without_a_traceback_and_doctor_goes_on(data: Path, tmp_path: Path) -> None:
    deleted(parts(data)[-1])
    cli, sent = Cli(data), tmp_path / "more.jsonl"
    sent.write_bytes(b"\n".join(calls(3)))
    report = "report", "run", "traffic", "--day", "2026-01-05"
    for words in (report, ("ingest", sent, "--tenant", "t1"), ("rebuild",), ("quality", "--month", "2026-01"), ("gateway",)):
        told = cli(*words)
        assert (told.code, told.out) == (EXIT_ENVIRONMENT, ""), words
        assert "is not whole" in told.err
        assert "defect" not in told.err
    doctor = cli("doctor")
    assert doctor.code == EXIT_INCOMPLETE
    assert f"{ROWS} are missing, from offset {2 * ROWS} on" in doctor.out
    accepted = Cli(data)("--accept-loss", *report)
    assert accepted.code == 0, accepted.err
    assert "accepted, on record" in accepted.err
    after = cli("doctor")
    assert after.code == 0
    assert "the ledger holds what it says" in after.out
    assert "loss accepted" in after.out


def test_no_offset_is_given_twice_after_a_loss(data: Path) -> None:
    deleted(parts(data)[-1])
    with opened(data, OnLoss.ACCEPT) as store:
        assert [span.first for span in store.log.append(tables(calls(7, first=900)))] == [ALL]
        assert queued(store) == ALL + 7, "what came after is in the reports; facts of what was lost stay until a rebuild"
        (line,) = accepted_losses(store.client)
        assert line.startswith("2026-03-01 12:00:00 UTC, ")
        assert f"{ROWS} are missing, from offset {2 * ROWS} on" in line
    assert not findings(data)
    assert said(data).places[CALL] == Extent(ALL - ROWS + 7, ALL + 6, ALL + 7)


def test_control_without_the_manifest_offsets_are_given_twice(data: Path) -> None:
    deleted(parts(data)[-1])
    with opened(data, OnLoss.ACCEPT) as store:
        store.log._manifest = ManifestKeeper(store.client)
        assert [span.first for span in store.log.append(tables(calls(7, first=900)))] == [2 * ROWS]
        assert queued(store) == ALL, "and nobody sees them"


def test_a_loss_that_was_accepted_is_not_named_again_and_a_further_one_is(data: Path) -> None:
    first, _, last = parts(data)
    deleted(last)
    opened(data, OnLoss.ACCEPT).close()
    opened(data).close()
    deleted(first)
    assert f"{ROWS} are missing, from offset 0 on" in refusal(data)


def test_a_part_that_was_set_aside_and_is_not_missed_is_said_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = parts(data)[0]
    shutil.copytree(kept, kept.parent / "detached" / f"broken-on-start_{kept.name}")
    opened(data).close()
    assert "is set aside and not read; no row of the ledger is missing for it" in capsys.readouterr().err
    opened(data).close()
    assert not capsys.readouterr().err


def grown(data: Path, rows: int) -> Manifest:
    before = said(data)
    return Manifest({CALL: before.places[CALL].grown(rows, ALL + rows - 1)}, before.aside)


def edited(data: Path) -> None:
    file = data / manifest_file.FILE
    told = json.loads(file.read_text())
    told["manifest"]["places"]["call"]["0"]["rows"] -= ROWS
    file.write_text(json.dumps(told))


def nonsense(data: Path) -> None:
    body = {"places": [], "aside": 3, "turn": "x"}
    told = {"form": manifest_file.FORM, "manifest": body, "check": manifest_file._check(body)}
    (data / "manifest.json").write_text(json.dumps(told))


def later(data: Path) -> None:
    file = data / manifest_file.FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"form": 2}))


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda data: (data / "manifest.json").write_bytes(b'{"form": 1, "man'), "is damaged"),
    "empty": (lambda data: (data / "manifest.json").write_bytes(b""), "is damaged"),
    "other": (lambda data: (data / "manifest.json").write_text('["form"]'), "is damaged"),
    "of nonsense": (nonsense, "is damaged"),
    "of too many brackets": (lambda data: (data / "manifest.json").write_text("[" * 100_000), "is damaged"),
    "edited": (edited, "was edited or is damaged"),
    "later": (later, "is of form 2, which another version"),
    "gone": (lambda data: (data / "manifest.json").unlink(), "is gone"),
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_a_manifest_that_cannot_be_taken_is_named_and_made_anew_when_accepted(data: Path, how: str) -> None:
    before, (spoil, named) = said(data), UNREADABLE[how]
    spoil(data)
    assert f"the manifest {named}" in refusal(data)
    assert [each.damage for each in findings(data)] == [Damage.UNREADABLE]
    opened(data, OnLoss.ACCEPT).close()
    assert said(data) == before
    opened(data).close()


def test_a_newer_manifest_refuses_and_an_older_one_follows_without_a_word(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = said(data)
    save(data, grown(data, 3))
    assert f"3 are missing, from offset {ALL} on" in refusal(data)
    save(data, Manifest({CALL: Extent(ROWS, ROWS - 1, ROWS)}))
    assert [(each.damage, each.refuses) for each in findings(data)] == [(Damage.BEHIND, False)]
    opened(data).close()
    assert said(data) == before
    assert not capsys.readouterr().err


def test_a_last_offset_that_is_not_there_is_found_though_the_rows_are_as_many(data: Path) -> None:
    save(data, Manifest({CALL: Extent(ALL, ALL + 9, ALL + 10)}))
    assert f"up to offset {ALL + 9}" in refusal(data)


def test_an_older_ledger_gets_its_manifest_aloud(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = said(data)
    without_manifest(data)
    capsys.readouterr()
    opened(data).close()
    assert capsys.readouterr().err.count("\n") == 1
    assert said(data) == before
    opened(data).close()
    assert not capsys.readouterr().err


def test_an_older_ledger_that_ends_before_its_facts_is_refused(data: Path) -> None:
    without_manifest(data)
    deleted(parts(data)[-1])
    assert f"the facts were made of events up to offset {ALL - 1}; the ledger ends at offset {2 * ROWS - 1}" in refusal(data)
    with opened(data, OnLoss.ACCEPT) as store:
        assert [span.first for span in store.log.append(tables(calls(1, first=900)))] == [ALL]


@pytest.mark.parametrize("damage", ["detached", "checksums emptied"])
def test_an_older_ledger_with_a_part_aside_is_refused(data: Path, damage: str) -> None:
    without_manifest(data)
    DAMAGES[damage](parts(data)[0])
    assert "is set aside and not read; its rows may be missing" in refusal(data)


def test_a_table_that_is_gone_is_missed(data: Path) -> None:
    with opened(data) as store:
        store.client.command("DROP TABLE call")
    assert f"the ledger holds no rows: {ALL} are missing, from offset 0 on" in refusal(data)


def test_a_new_ledger_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened(tmp_path / "data").close()
    opened(tmp_path / "data").close()
    assert not capsys.readouterr().err
    assert said(tmp_path / "data") == Manifest()


def test_facts_of_a_whole_ledger_are_never_ahead(tmp_path: Path) -> None:
    with opened(new_ledger(tmp_path / "data")) as store:
        store.log.append(tables(calls(9)))
        fact_tables(store).update()
    assert not findings(tmp_path / "data")
