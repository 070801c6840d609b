"""The programs of Apache Kafka: from KAFKA_HOME when it is set, else fetched once by Maven and kept in the cache."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.infra.kafka.local.disk import on_disk
from opsledger.infra.kafka.local.java import find_java

POM = Path(__file__).with_name("pom.xml")
_OLDEST = 4
_MANIFEST = "manifest.json"
_NEEDED = ("kafka_2.13-", "kafka-clients-", "kafka-tools-")


def libraries(environ: Mapping[str, str] = os.environ) -> Path:
    """A folder with every jar a broker needs. UserError (exit code 4) when it cannot be had, with what to do."""
    home = environ.get("KAFKA_HOME")
    if home:
        return _of_home(Path(home))
    return fetched(_cache(environ) / f"kafka-{version()}", environ)


def version() -> str:
    """The version of Apache Kafka that the pom names."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{POM} names no kafka.version")
    return found[1]


def fetched(folder: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """``folder`` with the jars of the pom in it, made unless it is whole; safe when several processes want it at once."""
    if _whole(folder):
        return folder
    with on_disk(f"keeping Kafka's programs in {folder}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_name(folder.name + ".lock")):
            if not _whole(folder):
                _fetch(folder, environ)
    return folder


def _cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "opsledger"


def _of_home(home: Path) -> Path:
    folder = home / "libs"
    brokers = sorted(folder.glob("kafka_2.1[0-9]-*.jar")) if folder.is_dir() else []
    if not brokers:
        raise UserError(
            f"KAFKA_HOME is '{home}', and there is no libs/kafka_2.13-….jar in it; "
            "let it name the folder of an Apache Kafka, or unset it",
            EXIT_ENVIRONMENT,
        )
    number = re.search(r"-(\d+)\.", brokers[0].name)
    if number and int(number[1]) < _OLDEST:
        raise UserError(f"KAFKA_HOME has {brokers[0].name}; it has to be Apache Kafka {_OLDEST} or newer", EXIT_ENVIRONMENT)
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _whole(folder: Path) -> bool:
    """Every jar of the manifest is there in its full size."""
    try:
        sizes = json.loads((folder / _MANIFEST).read_bytes())
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _fetch(folder: Path, environ: Mapping[str, str]) -> None:
    for left in folder.parent.glob(folder.name + ".new-*"):  # of a process that was killed; nobody else is at it
        shutil.rmtree(left)
    fresh = Path(tempfile.mkdtemp(prefix=folder.name + ".new-", dir=folder.parent))
    try:
        _run_maven(fresh, environ)
        sizes = {jar.name: jar.stat().st_size for jar in sorted(fresh.glob("*.jar"))}
        missing = [start for start in _NEEDED if not any(name.startswith(start) for name in sizes)]
        if missing:
            raise UserError(f"Maven fetched no {' and no '.join(f'{name}*.jar' for name in missing)}", EXIT_ENVIRONMENT)
        (fresh / _MANIFEST).write_text(json.dumps(sizes))
        fresh.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _with_java(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for Maven, which asks for JAVA_HOME where there is no java on the path."""
    if environ.get("JAVA_HOME") or shutil.which("java", path=environ.get("PATH")):
        return dict(environ)
    return {**environ, "JAVA_HOME": str(find_java().program.parents[1])}


def _run_maven(folder: Path, environ: Mapping[str, str]) -> None:
    maven = shutil.which("mvn", path=environ.get("PATH"))
    if not maven:
        raise UserError(
            "a local Kafka is made of Maven artifacts, and there is no mvn on the path: install Maven, "
            "set KAFKA_HOME to the folder of an Apache Kafka 4, or use the compose file (docs/kafka.md)",
            EXIT_ENVIRONMENT,
        )
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    command = [maven, "-B", "-q", "-f", str(POM), *goal]
    done = subprocess.run(command, capture_output=True, text=True, env=_with_java(environ), check=False)  # noqa: S603  our pom
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line] or ["no reason given"]
        raise UserError(f"Maven could not fetch Apache Kafka {version()}: {said[0][:500]}", EXIT_ENVIRONMENT)
