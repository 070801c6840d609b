"""Runs a child where the disk is small or read-only: on a file system of its own where the system lets us, else by limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NO_MOUNTS = (
    "needs a file system of its own: run the tests as root, or allow user namespaces (Debian: apt-get install util-linux)"
)


def own_mounts() -> list[str]:
    """The words before a command that give it file systems of its own; empty where that is not allowed."""
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            if (
                subprocess.run([*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode
                == 0
            ):
                return words
        except FileNotFoundError:
            return []
    return []


def run(words: list[str], script: str, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run a shell script, with ``$PYTHON``; (exit code, lines of JSON on standard output, standard error)."""
    done = subprocess.run(
        [*words, "sh", "-ec", script, "sh", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")], done.stderr
