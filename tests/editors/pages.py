"""Reads the set-up pages of `editors/`: a test loads what a user copies."""

from __future__ import annotations

import re
from pathlib import Path

EDITORS = Path(__file__).parents[2] / "editors"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, heading: str = "") -> list[str]:
    """Return the code blocks of a page, of all of it or of one part (`## heading`)."""
    text = (EDITORS / page).read_text(encoding="utf-8")
    if heading:
        parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
        text = dict(zip(parts[1::2], parts[2::2], strict=True))[heading]
    return [found[2] for found in _BLOCK.finditer(text)]
