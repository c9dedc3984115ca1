"""A real engine with our stand-in of GitHub's cache service."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import build_stamped, run
from tests.support.gha_service import GhaService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import MakeEnvironment, Prune


@pytest.fixture
def service() -> Iterator[GhaService]:
    with GhaService() as running:
        yield running


def test_a_cache_comes_back(
    service: GhaService, environment: MakeEnvironment, prune: Prune, base_image: str, tmp_path: Path
) -> None:
    entry = f"type=gha,url={service.url},token={service.token},scope=s"
    environ = environment("new")
    exported = build_stamped(["--cache-to", f"{entry},mode=max"], environ, base_image, tmp_path)
    assert service.versions == {1}
    assert any("index-s-" in key for key in service.keys)
    prune("new")
    assert build_stamped(["--cache-from", entry], environ, base_image, tmp_path) == exported
    prune("new")
    other = entry.replace("scope=s", "scope=other")
    assert build_stamped(["--cache-from", other], environ, base_image, tmp_path) != exported
    assert service.refused == 0


def test_version_2(
    service: GhaService, next_engine: str, environment: MakeEnvironment, base_image: str, tmp_path: Path
) -> None:
    environ = environment("new", suite="forky") | {"DOCKER_HOST": next_engine}
    entry = f"type=gha,url_v2={service.url},version=2,token={service.token},scope=s"
    exported = build_stamped(["--cache-to", entry], environ, base_image, tmp_path)
    assert service.versions == {2}
    run(["docker", "buildx", "prune", "--all", "--force"], environ)
    assert build_stamped(["--cache-from", entry], environ, base_image, tmp_path) == exported


def test_buildx_takes_the_address_and_the_token_from_its_environment(
    service: GhaService, environment: MakeEnvironment, base_image: str, tmp_path: Path
) -> None:
    environ = environment("new")
    environ |= {"ACTIONS_CACHE_URL": service.url, "ACTIONS_RUNTIME_TOKEN": service.token}
    build_stamped(["--cache-to", "type=gha,scope=s"], environ, base_image, tmp_path)
    assert service.keys


@pytest.mark.parametrize("failing", [None, HTTPStatus.SERVICE_UNAVAILABLE])
def test_an_export_that_is_refused_fails_the_build(
    failing: HTTPStatus | None,
    service: GhaService,
    environment: MakeEnvironment,
    base_image: str,
    tmp_path: Path,
) -> None:
    entry = f"type=gha,url={service.url},token={service.token},timeout=2s"
    service.failing = failing
    if failing is None:
        service.token = "another"
    with pytest.raises(AssertionError, match="Unauthorized" if failing is None else "Service Unavailable"):
        build_stamped(["--cache-to", entry], environment("new"), base_image, tmp_path)
    assert service.keys == []
