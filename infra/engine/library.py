"""The engine's library, loaded so that the working directory has no say in it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "loading"
_NAME = "chdb"


def load() -> Any:
    """chDB. Importing it opens an engine for a moment, which nobody can give options: it reads a ``config.xml`` of the working
    directory, else one of the home folder, and does what that says. So a folder with ours is the working directory then.
    """
    if _NAME not in sys.modules:
        before = Path.cwd()
        os.chdir(FOLDER)
        try:
            return import_module(_NAME)
        finally:
            os.chdir(before)
    return import_module(_NAME)
