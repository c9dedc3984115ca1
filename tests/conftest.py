"""Options and fixtures that all tests share."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support import debian

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the golden files anew instead of comparing")


def pytest_configure() -> None:
    # A script that starts the tests in the background has them ignore Ctrl-C, and every program that they
    # start inherits that: those that are to end at a Ctrl-C never would.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def update_goldens(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--update"))


@pytest.fixture(scope="session")
def docker_buildx() -> Path:
    path = debian.docker_buildx()
    if path is None:
        pytest.skip(debian.HOW)
    return path
