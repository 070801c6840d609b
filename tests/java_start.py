"""A Java that starts in half the time: the classes that a broker loads are kept as Java has them in memory."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from opsledger.infra.kafka.local.artifacts import libraries
from opsledger.infra.kafka.local.cluster import Cluster
from opsledger.infra.kafka.local.java import find_java
from tests.kafka_cluster import alone

OPTIONS = "JDK_JAVA_OPTIONS"
BRIEF_LIFE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For brokers that live for minutes: half the processor time until they answer."""


@cache
def quick_start() -> None:
    """Have the brokers that this process starts come up quickly; the first on a machine to ask makes what that needs (10 s)."""
    kept = _kept()
    with alone(kept.with_suffix(".lock")):
        if not kept.exists():
            _make(kept)
    if kept.stat().st_size:
        os.environ[OPTIONS] = f"{BRIEF_LIFE} -XX:SharedArchiveFile={kept}"


def _kept() -> Path:
    """Where the classes of this Java and these programs are kept."""
    said = subprocess.run([find_java().program, "-version"], capture_output=True, text=True, check=True).stderr
    jars = sorted(f"{jar} {jar.stat().st_mtime_ns}" for jar in libraries().glob("*.jar"))
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opsledger"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"classes-{sha256(repr((said, jars)).encode()).hexdigest()[:16]}.jsa"


def _make(kept: Path) -> None:
    """A broker's life, at whose end Java writes what it has loaded; nothing where it cannot (the file is empty then)."""
    with TemporaryDirectory(dir=kept.parent) as folder:
        made, cluster = Path(folder) / "made", Cluster(Path(folder) / "kafka", 1)
        os.environ[OPTIONS] = f"{BRIEF_LIFE} -XX:ArchiveClassesAtExit={made}"
        try:
            cluster.up()
        finally:
            cluster.down()
            os.environ[OPTIONS] = BRIEF_LIFE
        made.touch()
        made.rename(kept)
