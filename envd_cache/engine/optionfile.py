"""Cache options in a file that fills in variables: credentials stay out of the file and of the command."""

from __future__ import annotations

from envd_cache.catalog.client_flags import OWN_VARIABLE
from envd_cache.catalog.model import Secret
from envd_cache.emit.wire import csv
from envd_cache.engine.place import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.wire import Text, WireEntry


class Variables:
    """The variables of one file: a whole option each, so that a credential with a comma is quoted too.

    Their names are ours alone: a variable that the user's file has as well would lose its default there
    (buildx 0.13.1 and 0.29.1).
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def text(self, entry: WireEntry) -> Text:
        """Return an entry as the file has it: as it is, or as a variable when it holds a credential.

        The entry's secrets are values already; what was declared says which entries had any.
        """
        if not any(isinstance(value, Secret) for _, value in entry.origin.attrs):
            return csv(entry)
        value = text_of(entry)
        for name, known in self.values.items():
            if known == value:
                return (Secret(name),)
        name = f"{OWN_VARIABLE}{len(self.values) + 1}"
        self.values[name] = value
        return (Secret(name),)
