"""The page of each code, as a file that any editor can open: what is wrong, why, and what to do instead."""

from __future__ import annotations

import os

from envd_cache.codes import CODES
from envd_cache.lint.rules import RULES
from envd_cache.wholefile import write_whole


def page(code: str) -> str:
    """Return the page of a code in Markdown, "" for one that nobody knows."""
    for rule in RULES:
        if rule.code == code:
            return (
                f"# {rule.code} {rule.name}\n\n{rule.why}\n\n**Instead:** {rule.instead}\n\n"
                f"Wrong:\n\n```python\n{rule.bad.strip()}\n```\n\nRight:\n\n```python\n{rule.good.strip()}\n```\n\n"
                f"`# envd-cache: allow({rule.name})` allows it.\n"
            )
    for one in CODES:
        if one.code == code:
            return f"# {one.code} {one.name}\n\n{one.why}\n\n**Instead:** {one.instead}\n"
    return ""


class Pages:
    """Writes pages into a folder when they are first asked for."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def uri(self, code: str) -> str:
        """Return the address of a code's page, "" when there is no folder for it."""
        if code not in self._known:
            self._known[code] = self._written(code) if self._folder else ""
        return self._known[code]

    def _written(self, code: str) -> str:
        from urllib.parse import quote  # noqa: PLC0415 - only for a first finding

        text = page(code)
        if not text:
            return ""
        path = os.path.join(self._folder, f"{code}.md")
        try:
            os.makedirs(self._folder, exist_ok=True)
            write_whole(path, text.encode())
        except OSError:
            return ""
        return f"file://{quote(path)}"
