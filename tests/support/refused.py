"""What the tests of the readers share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.csv_forms import WireError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def refused(message: str) -> AbstractContextManager[object]:
    """Expect a refusal with exactly this message."""
    return pytest.raises(WireError, match=f"^{re.escape(message)}$")
