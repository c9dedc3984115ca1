"""The page of the rules is up to date, and its links lead somewhere."""

from __future__ import annotations

import re

from envd_cache.lint.rules import RULES
from tools import generate_rules

HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)}


def test_the_page_is_up_to_date() -> None:
    written = generate_rules.PAGE.read_text(encoding="utf-8")
    assert written == generate_rules.page(), f"run `{generate_rules.COMMAND}`"


def test_every_rule_is_on_the_page() -> None:
    assert {generate_rules.anchor(rule) for rule in RULES} <= anchors(generate_rules.page())


def test_links_lead_somewhere() -> None:
    pages = {
        "": generate_rules.page(),
        "codes.md": generate_rules.PAGE.with_name("codes.md").read_text(encoding="utf-8"),
    }
    links = re.findall(r"\]\(([^)#]*)#([^)]+)\)", generate_rules.page())
    assert len(links) > len(RULES)
    for page, anchor in links:
        assert anchor in anchors(pages[page]), f"{page}#{anchor}"
