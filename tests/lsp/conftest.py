"""A desk for pure features, and the command that starts the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lsp.marked import Desk

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pygls", reason="the language server needs pygls: pip install -e '.[test]'")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
