"""YAML that is meant to harm, by each command that reads some: refused with its line, at once, whatever is in it."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_USAGE, UserError
from opsledger.ingest.terms_yaml import parse_terms
from tests.e2e.conftest import ROOT, Cli
from tests.new_ledger import new_ledger

FOLDERS = ("domain", "ingest", "projections", "dashboards", "infra")
READER = "ingest/mapping/document.py"
LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{n}: &{n} [*{chr(ord(n) - 1)}, *{chr(ord(n) - 1)}]\n" for n in "bcdefghijklmnopqrstuvwxyz"
)
HARM = {
    "laughs": (LAUGHS, ":1: anchors (&) and aliases (*)"),
    "merged": ("x: &x {a: 1}\ny: {<<: *x}\n", ":1: anchors (&) and aliases (*)"),
    "recursion": ("x: &x [*x]\n", ":1: anchors (&) and aliases (*)"),
    "deep": ("x: " + "[" * 100_000, "nested more than 24 levels deep"),
    "deep maps": ("".join(f"{' ' * n}a:\n" for n in range(400)), "nested more than 24 levels deep"),
    "many": ("x:\n" + "- 1\n" * 60_000, "more than 20000 entries"),
    "large": ("#" * 300_000, "at most 256 KiB"),
    "long": ("x: " + "9" * 200_000 + "\n", ":1: a text of 200,000 characters; at most 8,192"),
    "long key": ("? " + "k" * 9_000 + "\n: 1\n", ":1: a text of 9,000 characters; at most 8,192"),
    "program": ("x: !!python/object/apply:os.system ['touch touched']\n", ":1: tags"),
    "twice": ("terms: 1\nterms: 2\n", ":2: 'terms' stands twice; the first is in line 1"),
    "two": ("a: 1\n---\nb: 2\n", ":2: a"),
    "binary": ("x: !!binary aGVsbG8=\n", ":1: tags"),
}
SIGN = ("decide", "contract.sign", "desk", "--actor", "a", "--tenant", "t", "--set", "vendor=v")
SIGN += ("--set", "effective_from=2026-01-01T00:00:00Z", "--terms")
READERS = {
    "terms": SIGN,
    "schedule": ("report", "schedule"),
    "mapping": ("ingest", ROOT / "examples" / "samples" / "desk.csv", "--format", "table", "--tenant", "t", "--mapping"),
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(new_ledger(tmp_path_factory.mktemp("yaml") / "data"))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("harm", HARM)
def test_it_is_refused_with_its_line(cli: Cli, tmp_path: Path, reader: str, harm: str) -> None:
    text, message = HARM[harm]
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    said = cli(*READERS[reader], file)
    assert said.code == EXIT_USAGE, said.err
    assert message in said.err
    assert "bad.yaml" in said.err
    assert "defect" not in said.err
    assert len(said.err) < 500
    assert not Path("touched").exists()


_BOUND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (512 * 1024 * 1024,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from pathlib import Path
from opsledger.domain.errors import UserError
%s
"""
_GUARDED = """
from opsledger.ingest.mapping.document import read_document
try:
    read_document(Path(sys.argv[1]))
except UserError as error:
    print("refused", error)
"""
_UNGUARDED = """
import yaml
print(len(repr(yaml.safe_load(Path(sys.argv[1]).read_text()))))
"""


def _bounded(program: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _BOUND % program, str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("harm", ["laughs", "deep", "many", "long"])
def test_it_costs_little(tmp_path: Path, harm: str) -> None:
    """512 MiB and 20 s of a processor are plenty for the guarded reader."""
    file = tmp_path / "bad.yaml"
    file.write_text(HARM[harm][0])
    began = time.monotonic()
    done = _bounded(_GUARDED, file)
    assert done.stdout.startswith("refused"), (done.stderr, time.monotonic() - began)


def test_the_same_text_does_harm_where_nothing_guards(tmp_path: Path) -> None:
    """Negative control: the library's own safe loader, within the same bounds."""
    file = tmp_path / "bad.yaml"
    file.write_text(HARM["laughs"][0])
    assert _bounded(_UNGUARDED, file).returncode != 0


TERMS = (ROOT / "examples" / "contracts" / "outsourced-desk.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "amount", ["1e999999999", "1e-999999999", "-1e999999999", "1e400000", "0e-999999999", "Infinity", "nan", "1e41"]
)
def test_no_amount_of_terms_is_more_than_can_be_reckoned_with(amount: str) -> None:
    with pytest.raises(UserError, match=r"desk\.yaml:14: rules\[0\]\.amount: a number with at most 4 decimal places is needed"):
        parse_terms(TERMS.replace("amount: 7000", f"amount: {amount}").encode(), "desk.yaml")
    assert parse_terms(TERMS.replace("amount: 7000", "amount: 7e3").encode(), "desk.yaml")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("amount", ["1e999999999", "1e-999999999", "9" * 5_000])
def test_no_amount_of_a_command_is_either(cli: Cli, amount: str) -> None:
    """Negative control: the same command with a plain amount is judged by what is known."""
    award = ("decide", "award.grant", "w1", "--actor", "a", "--tenant", "t", "--set", "reason=r")
    said = cli(*award, "--set", f'amount="{amount}"')
    assert (said.code, "defect" in said.err, len(said.err) < 500) == (EXIT_USAGE, False, True), said.err
    assert "amount" in said.err


def _yaml_readers(root: Path) -> set[str]:
    """The modules that have to do with YAML's library, or with another one for it."""
    found = set()
    for folder in FOLDERS:
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if {name.partition(".")[0] for name in names} & {"yaml", "ruamel", "oyaml", "strictyaml"}:
                    found.add(path.relative_to(root).as_posix())
    return found


def _loaders(path: Path) -> set[str]:
    """What a module calls of the library."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    return {f.attr for f in calls if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "yaml"}


def test_one_module_reads_yaml_and_only_its_events(tmp_path: Path) -> None:
    assert _yaml_readers(ROOT) == {READER}
    assert _loaders(ROOT / READER) == {"parse"}
    (tmp_path / "infra").mkdir()
    planted = tmp_path / "infra" / "own.py"
    planted.write_text("def f(text):\n    import yaml\n    return yaml.safe_load(text)\n")
    assert _yaml_readers(tmp_path) == {"infra/own.py"}
    assert _loaders(planted) == {"safe_load"}
