"""Which place is asked for an entry of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.cli.running import Looking
from envd_cache.remote.held import Absent
from envd_cache.remote.look import is_there, look
from tests.emit.workshop import Workshop
from tests.engine.recordings import plan_of
from tests.remote.stand_in import BASIC, PASSWORD, USER, running
from tests.remote.test_local import DIGEST, MANIFEST, layout
from tests.remote.test_registry import CACHE, INDEX

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_registry(workshop: Workshop) -> None:
    with running() as stand_in:
        stand_in.body, stand_in.login = INDEX, "basic"
        (entry,) = plan_of(workshop, f'cache.registry(ref="{stand_in.address}/a:1", use="import")').imports
        assert look(entry, {stand_in.address: (USER, PASSWORD)}) == CACHE
        assert stand_in.asked[-1].authorization == BASIC
        assert is_there(entry, {stand_in.address: (USER, PASSWORD)}) is True
        assert is_there(entry) is None
        stand_in.login, stand_in.status = "", 404
        assert is_there(entry) is False
        stand_in.status = 500
        assert is_there(entry) is None


def test_a_directory(workshop: Workshop, tmp_path: Path) -> None:
    folder = layout(tmp_path / "cache", {"org.opencontainers.image.ref.name": "x"})
    plan = plan_of(workshop, f'cache.local(path="{folder}", tag="x")')
    for entry in (*plan.exports, *plan.imports):
        found = look(entry)
        assert not isinstance(found, str)
        assert found is not None
        assert (found.digest, found.manifest) == (DIGEST, len(MANIFEST))
    other = plan_of(workshop, f'cache.local(path="{folder}")')
    assert isinstance(look(other.imports[0]), Absent)
    assert is_there(other.imports[0]) is False


def test_what_cannot_be_asked(workshop: Workshop) -> None:
    plan = plan_of(workshop, 'cache.s3(bucket="b", region="r")\n    cache.gha()\n    cache.inline()')
    for entry in (*plan.exports, *plan.imports):
        assert look(entry) is None
        assert is_there(entry) is None


def test_a_login_that_is_kept_elsewhere_is_told(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "desktop"}')
    with running() as stand_in:
        stand_in.body, stand_in.login = INDEX, "basic"
        (entry,) = plan_of(workshop, f'cache.registry(ref="{stand_in.address}/a:1", use="import")').imports
        looking = Looking({"DOCKER_CONFIG": str(tmp_path)})
        unused = "docker's config.json uses `credsStore`, which is not supported here"
        assert looking(entry) == f"not logged in (401); {unused}"
        stand_in.login = ""
        assert looking(entry) == CACHE
