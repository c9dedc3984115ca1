"""What a registry holds: the login, the answers, and everything that is no answer."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from envd_cache.remote import registry
from envd_cache.remote.held import CACHE_CONFIG, LIMIT, MEDIA_TYPES, Held
from tests.remote.stand_in import BASIC, PASSWORD, TOKEN, USER, StandIn, running

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPES[0],
        "manifests": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:1", "size": 100},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:2", "size": 20},
            {"mediaType": CACHE_CONFIG, "digest": "sha256:3", "size": 7},
        ],
    }
).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"
CACHE = Held(DIGEST, len(INDEX), 7, 2, 120)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running() as facts:
        facts.body = INDEX
        yield facts


def look(stand_in: StandIn, name: str = "a/b:1", **named: object) -> Held | str:
    return registry.look(f"{stand_in.address}/{name}", **named)  # type: ignore[arg-type]


def logins(stand_in: StandIn) -> dict[str, tuple[str, str]]:
    return {stand_in.address: (USER, PASSWORD), "other.example.org": ("eve", "x")}


# ---- answers ----


def test_a_cache(stand_in: StandIn) -> None:
    assert look(stand_in) == CACHE
    assert CACHE.is_cache
    assert CACHE.total == len(INDEX) + 127
    (asked,) = stand_in.asked
    assert (asked.path, asked.authorization) == ("/v2/a/b/manifests/1", "")
    assert asked.accept == ", ".join(MEDIA_TYPES)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", "/v2/a/manifests/latest"),
        ("a/b/c:x-1", "/v2/a/b/c/manifests/x-1"),
        ("a:1@sha256:ab", "/v2/a/manifests/sha256:ab"),
    ],
)
def test_the_name_that_is_asked_for(stand_in: StandIn, name: str, path: str) -> None:
    look(stand_in, name)
    assert stand_in.asked[0].path == path


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "not found (404)"),
        (403, "not allowed (403)"),
        (401, "not logged in (401)"),
        (429, "too many requests (429)"),
        (503, "the registry answered 503"),
        (301, "the registry answered 301"),
    ],
)
def test_a_refusal(stand_in: StandIn, status: int, says: str) -> None:
    stand_in.status, stand_in.headers = status, {"Location": "http://203.0.113.1/"}
    assert look(stand_in) == says
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the manifest is no JSON"),
        (b"<html>", "the manifest is no JSON"),
        (b"\xff\xfe", "the manifest is no JSON"),
        (b"[" * 100_000, "the manifest is no JSON"),
        (b"[]", "the manifest is no JSON object"),
        (b"{}", "the manifest names nothing"),
        (b'{"layers": 1, "config": []}', "the manifest names nothing"),
    ],
)
def test_nonsense(stand_in: StandIn, body: bytes, says: str) -> None:
    stand_in.body = body
    assert look(stand_in) == says


def test_odd_parts_count_for_nothing(stand_in: StandIn) -> None:
    stand_in.body = json.dumps(
        {"manifests": [1, {"size": "9"}, {"size": True}, {"size": -1}, {"size": 4}]}
    ).encode()
    found = look(stand_in)
    assert isinstance(found, Held)
    assert (found.layers, found.layer_bytes, found.is_cache) == (1, 4, False)


def test_a_manifest_larger_than_anything_is_measured_by_its_header(stand_in: StandIn) -> None:
    stand_in.body = b"{" + b" " * registry.MAX_BODY
    found = look(stand_in)
    assert isinstance(found, Held)
    assert found.manifest == len(stand_in.body) > LIMIT


# ---- login ----


def test_basic(stand_in: StandIn) -> None:
    stand_in.login = "basic"
    assert look(stand_in, credentials=logins(stand_in)) == CACHE
    assert [asked.authorization for asked in stand_in.asked] == ["", BASIC]


@pytest.mark.parametrize("key", ["token", "access_token"])
def test_bearer_with_and_without_a_login(stand_in: StandIn, key: str) -> None:
    stand_in.login, stand_in.token = "bearer", {key: TOKEN}
    assert look(stand_in) == CACHE
    assert look(stand_in, credentials=logins(stand_in)) == CACHE
    assert [asked.authorization for asked in stand_in.asked] == [
        *("", "", f"Bearer {TOKEN}"),
        *("", BASIC, f"Bearer {TOKEN}"),
    ]
    assert stand_in.asked[1].path == "/token?scope=repository%3Aa%2Fb%3Apull&service=s"


def test_a_login_that_is_not_known(stand_in: StandIn) -> None:
    stand_in.login = "basic"
    assert look(stand_in) == "not logged in (401)"
    assert look(stand_in, credentials={"other.example.org": ("eve", "x")}) == "not logged in (401)"
    assert {asked.authorization for asked in stand_in.asked} == {""}


def test_a_login_that_is_wrong(stand_in: StandIn) -> None:
    stand_in.login = "basic"
    assert look(stand_in, credentials={stand_in.address: ("ada", "wrong")}) == "not logged in (401)"
    assert len(stand_in.asked) == 2


@pytest.mark.parametrize(
    ("token", "status", "says"),
    [
        ({}, 200, "the registry's login service gave no token"),
        ([], 200, "the registry's login service gave no token"),
        ({"token": "a\r\nX-Evil: 1"}, 200, "the registry's login service gave no token"),
        ({"token": 5}, 200, "the registry's login service gave no token"),
        ({}, 403, "the registry's login service answered: not allowed (403)"),
    ],
)
def test_a_login_service_that_does_not_help(stand_in: StandIn, token: object, status: int, says: str) -> None:
    stand_in.login, stand_in.token, stand_in.token_status = "bearer", token, status
    assert look(stand_in, credentials=logins(stand_in)) == says


def test_a_login_service_that_is_no_address(stand_in: StandIn) -> None:
    stand_in.login, stand_in.realm = "bearer", "http://[::1/token"
    assert look(stand_in) == "the registry names no login service"


def test_a_password_does_not_leave_tls(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    # A registry with TLS that names a service without it.
    asked: list[tuple[str, str]] = []

    def answer(address: str, headers: dict[str, str], *_rest: object) -> registry.Answer:
        asked.append((address, headers.get("Authorization", "")))
        challenge = {"www-authenticate": f'Bearer realm="http://{stand_in.address}/token"'}
        return registry.Answer(401, challenge, b"")

    monkeypatch.setattr(registry, "_request", answer)
    says = registry.look("r.example.org/a", {"r.example.org": (USER, PASSWORD)})
    assert says == "the registry names a login service without TLS"
    assert asked == [("https://r.example.org/v2/a/manifests/latest", "")]


@pytest.mark.parametrize(
    ("ref", "address"),
    [
        ("alpine", "https://registry-1.docker.io/v2/library/alpine/manifests/latest"),
        ("index.docker.io/alpine:3", "https://registry-1.docker.io/v2/library/alpine/manifests/3"),
        ("a/b:1", "https://registry-1.docker.io/v2/a/b/manifests/1"),
        ("docker.io/a/b", "https://registry-1.docker.io/v2/a/b/manifests/latest"),
        ("ghcr.io/a", "https://ghcr.io/v2/a/manifests/latest"),
        ("localhost:5000/a", "http://localhost:5000/v2/a/manifests/latest"),
        ("127.evil.example.org/a", "https://127.evil.example.org/v2/a/manifests/latest"),
    ],
)
def test_where_a_reference_leads(monkeypatch: pytest.MonkeyPatch, ref: str, address: str) -> None:
    asked: list[str] = []

    def answer(address: str, *_rest: object) -> registry.Answer:
        asked.append(address)
        return registry.Answer(200, {}, INDEX)

    monkeypatch.setattr(registry, "_request", answer)
    assert registry.look(ref) == CACHE
    assert asked == [address]


# ---- no answer ----


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert registry.look(f"127.0.0.1:{taken.getsockname()[1]}/a") == "connection refused"


def test_an_answer_that_never_comes(stand_in: StandIn) -> None:
    stand_in.silent.set()
    assert look(stand_in, timeout=0.2) == "no answer in time"


@pytest.mark.parametrize(
    "said", [b"", b"hello\n", b"HTTP/1.1 two hundred\r\n\r\n", b"HTTP/1.1 200 OK\r\nbroken"]
)
def test_a_server_of_something_else(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(2):
                connection, _address = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        found = registry.look(f"127.0.0.1:{server.getsockname()[1]}/a", timeout=5)
        with socket.create_connection(server.getsockname()):
            pass
        thread.join()
    assert isinstance(found, str)
    assert found


@pytest.mark.parametrize(
    "ref", ["127.0.0.1:99999/a", "127.0.0.1:x/a", "127.0.0.1/a b", "[::1/a", "127.0.0.1:1\r\n/a"]
)
def test_a_reference_that_is_none(ref: str) -> None:
    assert isinstance(registry.look(ref, timeout=0.5), str)


# ---- docker's configuration ----


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_logins_of_docker() -> None:
    config = {
        "auths": {
            "https://index.docker.io/v1/": {"auth": encoded("ada:p:q")},
            "ghcr.io": {"username": "bob", "password": "x"},
            "https://r.example.org:5000/v2/": {"auth": encoded("eve:y\0\0")},
            "empty.example.org": {},
            "broken.example.org": {"auth": "***"},
            "half.example.org": {"auth": encoded("nobody")},
            "odd.example.org": 5,
        }
    }
    found, unused = registry.credentials_of(json.dumps(config).encode())
    assert found == {
        "docker.io": ("ada", "p:q"),
        "ghcr.io": ("bob", "x"),
        "r.example.org:5000": ("eve", "y"),
    }
    assert unused == ""


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            b'{"credsStore": "secretservice"}',
            "docker's config.json uses `credsStore`, which is not supported here",
        ),
        (
            b'{"credHelpers": {"a": "b"}}',
            "docker's config.json uses `credHelpers`, which is not supported here",
        ),
        (b"{", "docker's config.json is no JSON"),
        (b"[]", "docker's config.json is no JSON object"),
        (b'{"auths": []}', ""),
        (b"{}", ""),
    ],
)
def test_a_configuration_without_logins(config: bytes, says: str) -> None:
    assert registry.credentials_of(config) == ({}, says)
