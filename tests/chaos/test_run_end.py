"""`make test` that is asked to end: make asks pytest, and with pytest ends all that the run has started (run_watch)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]
STANDS_FOR_PYTEST = """#!{python}
import os, time
from pathlib import Path
Path("new").write_text(str(os.getpid()))
Path("new").rename("pid")
time.sleep(600)
"""


def started(folder: Path, makefile: str) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """``make test`` with no terminal, whose end would end what it runs; and what stands for pytest there."""
    (folder / "bin").mkdir()
    (folder / "bin" / "pytest").write_text(STANDS_FOR_PYTEST.format(python=sys.executable))
    (folder / "bin" / "pytest").chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml", "stamp"):
        (folder / name).touch()
    (folder / "Makefile").write_text(makefile)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "test", f"BIN={folder / 'bin'}", "STAMP=stamp"]
    run = subprocess.Popen(command, cwd=folder, env=environ, start_new_session=True, stdout=subprocess.DEVNULL)
    while not (folder / "pid").exists():
        assert run.poll() is None
        time.sleep(0.05)
    return run, psutil.Process(int((folder / "pid").read_text()))


@pytest.mark.parametrize("by_a_shell", [False, True])
def test_make_asks_pytest_itself_to_end(tmp_path: Path, *, by_a_shell: bool) -> None:
    """With a shell between the two, which is the control, make's request ends that alone."""
    text = (ROOT / "Makefile").read_text()
    assert text.count("env PYTHONDONTWRITEBYTECODE=") == text.count("env TZ=") == 1
    if by_a_shell:
        text = text.replace("env PYTHONDONTWRITEBYTECODE=", "PYTHONDONTWRITEBYTECODE=").replace("env TZ=", "TZ=")
    run, pytest_ = started(tmp_path, text)
    try:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
        assert bool(psutil.wait_procs([pytest_], 3 if by_a_shell else 60)[1]) == by_a_shell
    finally:
        if pytest_.is_running():
            pytest_.kill()
