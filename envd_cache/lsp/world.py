"""What the process gives to the server."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.facts import Facts


class World(Record):
    """What the server knows of where it runs.

    Facts, the time limit of a target in seconds, PATH, the running Python, a folder for the pages of rules
    and one where a check keeps its results ("" for none), and the version of the program.
    """

    facts: Facts
    time_limit: float
    path: str = ""
    python: str = ""
    pages: str = ""
    version: str = ""
    store: str = ""
