"""A machine with nothing but Python, as far as a process can be shown one: no fonts, and no programs on the path."""

from __future__ import annotations

import os
from pathlib import Path

LATIN = Path("/usr/share/fonts/truetype")
"""Where Debian keeps the fonts that Java and Chromium bring: none of them has Chinese characters."""


def bare(folder: Path, *fonts: Path) -> dict[str, str]:
    """The environment of a process there, with the fonts in these folders only; ``folder`` is for what it needs on disk."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    listed = "".join(f"<dir>{each}</dir>" for each in fonts)
    config = folder / "fonts.conf"
    config.write_text(f'<?xml version="1.0"?><fontconfig>{listed}<cachedir>{folder / "fonts"}</cachedir></fontconfig>')
    kept = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "KAFKA_HOME", "FONTCONFIG_PATH")}
    return kept | {
        "PATH": str(folder / "bin"),
        "FONTCONFIG_FILE": str(config),
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
