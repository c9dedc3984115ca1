"""Fixtures for the tests of the outputs."""

from __future__ import annotations

import pytest

from tests.emit.workshop import Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))
