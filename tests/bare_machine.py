"""A machine with nothing but Python, as far as a process can be shown one: no fonts, and no programs on the path."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont

from opsledger.projections.formats import font

_LATIN = frozenset(map(chr, range(0x20, 0x7F)))


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


def with_latin(folder: Path) -> dict[str, str]:
    """The environment of a browser on a machine whose one font has Latin letters alone: with none it shows nothing."""
    fonts = folder / "latin"
    fonts.mkdir(parents=True, exist_ok=True)
    with TTFont(BytesIO(font._cut(_LATIN))) as latin:
        for number in (1, 4, 6, 16):
            latin["name"].setName("Latin", number, 3, 1, 0x409)
        latin.save(fonts / "latin.otf")
    return bare(folder, fonts) | {"PATH": os.environ["PATH"]}
