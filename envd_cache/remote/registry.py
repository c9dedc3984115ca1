"""Asks a registry what it holds under a reference: one or two requests, no layers.

The protocol is that of the OCI distribution specification; the login is docker's: Basic, or a Bearer token
of the service that the registry names. Nothing is asked over plain HTTP but of this machine itself, as
containerd does it (`MatchLocalhost`), and of a registry declared insecure. No proxy is used.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import re
import ssl
import time
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

from envd_cache.catalog.formats import split_reference
from envd_cache.record import Record
from envd_cache.remote.held import LIMIT, MEDIA_TYPES, Absent, Held, held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    # The user and the password for each registry, by its host and port as in a reference.
    Credentials: TypeAlias = Mapping[str, tuple[str, str]]

TIMEOUT = 10.0
# A manifest larger than this is measured by its header alone.
MAX_BODY = 8 * LIMIT

_DOCKER_HUB = "registry-1.docker.io"
# The names under which docker's configuration keeps the login of Docker Hub.
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", _DOCKER_HUB)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_LOCAL = re.compile(r"(localhost|127(?:\.\d{1,3}){3}|\[::1\])(:\d+)?$")


class Answer(Record):
    """One answer: the status, the headers by lower-case name, and the body as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Question(Record):
    """What is asked of which registry, and until when (of the monotonic clock)."""

    host: str
    path: str
    name: str
    login: tuple[str, str] | None
    insecure: bool
    deadline: float


class NoAnswerError(Exception):
    """No answer; the message says why."""


def look(
    ref: str,
    credentials: Credentials | None = None,
    *,
    insecure: bool = False,
    timeout: float = TIMEOUT,
) -> Held | str:
    """Return what a registry holds under a reference; a str says why nobody knows.

    `insecure` takes any certificate, and plain HTTP when there is no TLS (BuildKit's `registry.insecure`).
    `timeout` is in seconds, for all requests together.
    """
    reference = split_reference(ref)
    domain, _, rest = reference.normalised.partition("/")
    path = rest.partition("@")[0] if reference.digest else rest.rpartition(":")[0]
    name = reference.digest or reference.tag or "latest"
    host = _DOCKER_HUB if domain == "docker.io" else domain
    login = (credentials or {}).get("docker.io" if host == _DOCKER_HUB else domain)
    deadline = time.monotonic() + timeout
    try:
        answer = _ask(_Question(host, path, name, login, insecure, deadline))
    except NoAnswerError as error:
        return str(error)
    if answer.status != 200:
        return Absent(_why(404)) if answer.status == 404 else _why(answer.status)
    length = answer.headers.get("content-length", "")
    size = int(length) if length.isdecimal() and len(length) < 16 else len(answer.body)
    if len(answer.body) > MAX_BODY or size > MAX_BODY:
        return Held(answer.headers.get("docker-content-digest", ""), max(size, len(answer.body)), 0, 0, 0)
    digest = f"sha256:{sha256(answer.body).hexdigest()}"
    return held(answer.body, digest)


def credentials_of(config: bytes) -> tuple[dict[str, tuple[str, str]], str]:
    """Return the logins in docker's `config.json`, and what of it cannot be used, "" for nothing.

    A credential helper or store is a program of its own and is not started here.
    """
    try:
        value = json.loads(config)
    except (ValueError, RecursionError):
        return {}, "docker's config.json is no JSON"
    if not isinstance(value, dict):
        return {}, "docker's config.json is no JSON object"
    found: dict[str, tuple[str, str]] = {}
    auths = value.get("auths")
    for key, entry in auths.items() if isinstance(auths, dict) else ():
        if not isinstance(entry, dict):
            continue
        login = _login(entry)
        if login:
            host = "docker.io" if key in _HUB_KEYS else _host_of(str(key))
            found.setdefault(host, login)
    helpers = [name for name in ("credsStore", "credHelpers") if value.get(name)]
    unused = f"docker's config.json uses `{helpers[0]}`, which is not supported here" if helpers else ""
    return found, unused


def _login(entry: dict[str, object]) -> tuple[str, str] | None:
    user, password, joined = entry.get("username"), entry.get("password"), entry.get("auth")
    if isinstance(user, str) and isinstance(password, str) and user:
        return user, password
    if not isinstance(joined, str) or not joined:
        return None
    try:
        user, colon, password = base64.b64decode(joined, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password.rstrip("\0")) if colon else None


def _host_of(key: str) -> str:
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _ask(question: _Question) -> Answer:
    """Return the registry's answer for a manifest, after a login when it wants one."""
    host, insecure, deadline = question.host, question.insecure, question.deadline
    target = f"/v2/{question.path}/manifests/{question.name}"
    here = bool(_LOCAL.match(host))
    accept = {"Accept": ", ".join(MEDIA_TYPES)}
    first: NoAnswerError | None = None
    for scheme in ("http", "https") if here else ("https", "http") if insecure else ("https",):
        address = f"{scheme}://{host}{target}"
        try:
            answer = _request(address, accept, deadline, insecure)
        except NoAnswerError as error:
            first = first or error
            continue
        if answer.status == 400 and scheme == "http" and here:
            # A server of TLS answers so to plain HTTP.
            first = first or NoAnswerError(_why(400))
            continue
        if answer.status == 401 and (header := _authorization(answer, question, scheme)):
            return _request(address, {**accept, "Authorization": header}, deadline, insecure)
        return answer
    raise first or NoAnswerError("no answer")


def _authorization(answer: Answer, question: _Question, scheme: str) -> str:
    """Return the header that a challenge asks for, "" when there is none to give."""
    kind, _, rest = answer.headers.get("www-authenticate", "").partition(" ")
    basic = ""
    if question.login:
        basic = "Basic " + base64.b64encode(":".join(question.login).encode()).decode()
    if kind.lower() == "basic":
        return basic
    if kind.lower() != "bearer":
        return ""
    wanted = dict(_CHALLENGE.findall(rest))
    realm = wanted.get("realm", "")
    try:
        parts = urlsplit(realm)
    except ValueError:
        raise NoAnswerError("the registry names no login service") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and scheme == "http"):
        # A login never goes over plain HTTP because a registry asks for it.
        raise NoAnswerError("the registry names a login service without TLS")
    query = {"scope": wanted.get("scope") or f"repository:{question.path}:pull"}
    if wanted.get("service"):
        query["service"] = wanted["service"]
    address = f"{realm}{'&' if parts.query else '?'}{urlencode(query)}"
    headers = {"Authorization": basic} if basic else {}
    given = _request(address, headers, question.deadline, question.insecure)
    if given.status != 200:
        raise NoAnswerError(f"the registry's login service answered: {_why(given.status)}")
    try:
        value = json.loads(given.body)
    except (ValueError, RecursionError):
        value = None
    token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise NoAnswerError("the registry's login service gave no token")
    return f"Bearer {token}"


def _request(address: str, headers: Mapping[str, str], deadline: float, insecure: bool) -> Answer:
    """Return one answer; no redirect is followed."""
    connection: http.client.HTTPConnection | None = None
    try:
        parts, left = urlsplit(address), _left(deadline)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            if insecure:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(parts.netloc, timeout=left, context=context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=left)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"User-Agent": "envd-cache", **headers})
        answer = connection.getresponse()
        body = bytearray()
        while len(body) <= MAX_BODY:
            if connection.sock is not None:
                connection.sock.settimeout(_left(deadline))
            _left(deadline)
            piece = answer.read1(65536)
            if not piece:
                break
            body += piece
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, bytes(body)
        )
    except TimeoutError:
        raise NoAnswerError("no answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(f"its certificate is not trusted: {error.verify_message}") from None
    except ssl.SSLError:
        raise NoAnswerError("no TLS there") from None
    except OSError as error:
        raise NoAnswerError((error.strerror or str(error) or "no answer").lower()) from None
    except (http.client.HTTPException, ValueError, UnicodeError) as error:
        raise NoAnswerError(f"no sensible answer: {type(error).__name__}") from None
    finally:
        if connection is not None:
            connection.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


_REASONS = {
    401: "not logged in (401)",
    403: "not allowed (403)",
    404: "not found (404)",
    429: "too many requests (429)",
}
# What another login might change; Docker Hub answers 404 of what only some may see.
FOR_LOGIN = (_REASONS[401], _REASONS[403])


def _why(status: int) -> str:
    return _REASONS.get(status) or f"the registry answered {status}"
