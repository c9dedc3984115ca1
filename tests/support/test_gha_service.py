"""The stand-in itself, asked as BuildKit asks; `tests/engine/test_gha_service.py` has real engines."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gha_service import GhaService, token

if TYPE_CHECKING:
    from collections.abc import Iterator

V1 = "_apis/artifactcache/"
V2 = "twirp/github.actions.results.api.v1.CacheService/"


@pytest.fixture
def service() -> Iterator[GhaService]:
    with GhaService() as running:
        yield running


def ask(
    service: GhaService, method: str, path: str, body: object = b"", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Return the status and the answer: a value of JSON, or bytes from a blob's address."""
    address = path if path.startswith("http:") else service.url + path
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = {"Authorization": f"Bearer {service.token}"} | (headers or {})
    request = urllib.request.Request(address, data or None, more, method=method)
    with urllib.request.urlopen(request) as answer:
        found = answer.read()
        return answer.status, json.loads(found) if found and "/blobs/" not in address else found


def put_v1(service: GhaService, key: str, data: bytes) -> None:
    number = ask(service, "POST", f"{V1}caches", {"key": key, "version": "v"})[1]["cacheId"]
    for start in (3, 0):
        part = data[start : start + 3] if start == 0 else data[start:]
        place = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/*"}
        assert ask(service, "PATCH", f"{V1}caches/{number}", part, place)[0] == 204
    assert ask(service, "POST", f"{V1}caches/{number}", {"size": len(data)})[0] == 204


def test_version_1(service: GhaService) -> None:
    put_v1(service, "index#1", b"abcdef")
    put_v1(service, "index#2", b"ghijkl")
    found = ask(service, "GET", f"{V1}cache?keys=index%23&version=v")[1]
    assert found["cacheKey"] == "index#2"
    assert ask(service, "GET", found["archiveLocation"])[1] == b"ghijkl"
    assert ask(service, "GET", found["archiveLocation"], headers={"Range": "bytes=1-2"}) == (206, b"hi")
    exact = ask(service, "GET", f"{V1}cache?keys=no,index%231&version=v")[1]
    assert exact["cacheKey"] == "index#1"
    assert ask(service, "GET", f"{V1}cache?keys=index&version=other")[0] == 204
    assert service.keys == ["index#1", "index#2"]
    assert service.versions == {1}
    with pytest.raises(urllib.error.HTTPError, match="409"):
        put_v1(service, "index#1", b"again")


def test_an_entry_that_is_not_complete_is_not_found(service: GhaService) -> None:
    number = ask(service, "POST", f"{V1}caches", {"key": "k", "version": "v"})[1]["cacheId"]
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(service, "POST", f"{V1}caches/{number}", {"size": 1})
    assert ask(service, "GET", f"{V1}cache?keys=k&version=v")[0] == 204


def test_version_2(service: GhaService) -> None:
    entry = {"key": "k", "version": "v"}
    made = ask(service, "POST", f"{V2}CreateCacheEntry", entry)[1]
    place = made["signed_upload_url"]
    ask(service, "PUT", f"{place}?comp=block&blockid=Mg%3D%3D", b"def")
    ask(service, "PUT", f"{place}?comp=block&blockid=MQ%3D%3D", b"abc")
    blocks = b"<BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>"
    ask(service, "PUT", f"{place}?comp=blocklist", blocks)
    assert ask(service, "POST", f"{V2}FinalizeCacheEntryUpload", {**entry, "size_bytes": "6"})[1]["ok"]
    found = ask(
        service, "POST", f"{V2}GetCacheEntryDownloadURL", {**entry, "key": "x", "restore_keys": ["k"]}
    )[1]
    assert (found["ok"], found["matched_key"]) == (True, "k")
    assert ask(service, "GET", found["signed_download_url"])[1] == b"abcdef"
    assert not ask(service, "POST", f"{V2}GetCacheEntryDownloadURL", {**entry, "version": "w"})[1]["ok"]
    assert not ask(service, "POST", f"{V2}CreateCacheEntry", entry)[1]["ok"]
    assert service.versions == {2}


def test_another_token_is_refused(service: GhaService) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(service, "GET", f"{V1}cache?keys=k&version=v", headers={"Authorization": "Bearer x"})
    assert (service.refused, service.requests) == (1, [])


def test_the_token_says_what_it_may() -> None:
    claims = token(seconds=60).split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert json.loads(found["ac"]) == [{"Scope": "refs/heads/main", "Permission": 3}]
    assert found["exp"] - found["nbf"] == 120
