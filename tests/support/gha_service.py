"""A stand-in for GitHub's cache service: version 1 (REST) and version 2 (Twirp with a store of blobs).

It is written from what BuildKit's client (tonistiigi/go-actions-cache) sends, so it proves that a client
and an engine are told the right address, token and scope. It proves nothing about GitHub: its limits, its
branches and its evictions are not here.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.serving import Handler, Server

if TYPE_CHECKING:
    from types import TracebackType

_V1 = "/_apis/artifactcache/"
_V2 = "/twirp/github.actions.results.api.v1.CacheService/"
_BLOBS = "/blobs/"
_WRITABLE = [{"Scope": "refs/heads/main", "Permission": 3}]


class Request(NamedTuple):
    """What somebody asked: the version of the interface (0: a blob), the method's name, and the key."""

    version: int
    method: str
    key: str


class _Entry:
    """A cache entry; `data` is complete when it is `done`."""

    def __init__(self, number: int, key: str, version: str) -> None:
        self.number = number
        self.key = key
        self.version = version
        self.done = False
        self.data = b""
        self.blocks: dict[str, bytes] = {}


def token(seconds: int = 3600) -> str:
    """Return a token as a workflow has one: claims that BuildKit reads, and no signature."""
    now = int(time.time())
    claims = {"ac": json.dumps(_WRITABLE), "nbf": now - 60, "exp": now + seconds}
    return ".".join([_segment({"alg": "none", "typ": "JWT"}), _segment(claims), "c2lnbmF0dXJl"])


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class GhaService:
    """The service, on loopback, until it is left. `url` ends with a slash, as GitHub's do.

    Requests with another token than `token` get 401. `requests` has those with the right one, in order.
    With `failing` set, every request gets that status.
    """

    def __init__(self) -> None:
        self.token = token()
        self.failing: HTTPStatus | None = None
        self.requests: list[Request] = []
        self.refused = 0
        self._entries: list[_Entry] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = Server(_Handler, self)

    @property
    def url(self) -> str:
        """The address, for `url` and `url_v2` alike."""
        return f"http://127.0.0.1:{self._server.port}/"

    @property
    def keys(self) -> list[str]:
        """The keys of the finished entries, the oldest first."""
        return [entry.key for entry in self._entries if entry.done]

    @property
    def versions(self) -> set[int]:
        """Which versions of the interface were used."""
        return {request.version for request in self.requests} - {0}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    # ---- what both versions do ----

    def note(self, version: int, method: str, key: str) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(Request(version, method, key))

    def create(self, key: str, version: str) -> _Entry | None:
        """Return a new entry, or None when the key is taken."""
        with self._lock:
            if any((entry.key, entry.version) == (key, version) for entry in self._entries):
                return None
            entry = _Entry(next(self._numbers), key, version)
            self._entries.append(entry)
            return entry

    def find(self, keys: list[str], version: str) -> _Entry | None:
        """Return the entry of the first key, or the newest one that begins with a key; keys in turn."""
        done = [entry for entry in reversed(self._entries) if entry.done and entry.version == version]
        for key in keys:
            for entry in (*(e for e in done if e.key == key), *(e for e in done if e.key.startswith(key))):
                return entry
        return None

    def numbered(self, number: int) -> _Entry:
        """Return an entry. Raises KeyError when there is none."""
        for entry in self._entries:
            if entry.number == number:
                return entry
        raise KeyError(number)


class _Handler(Handler):
    server: Server

    @property
    def service(self) -> GhaService:
        behind: GhaService = self.server.behind
        return behind

    def answer(self) -> None:
        """Answer one of the two versions, or a blob's address."""
        body = self.body()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        # Addresses of blobs are signed: whoever has one may use it.
        if parts.path.startswith(_BLOBS):
            self._blob(parts.path.removeprefix(_BLOBS), query, body)
        elif self.service.failing is not None:
            self._fail(self.service.failing)
        elif self.headers.get("Authorization") != f"Bearer {self.service.token}":
            self.service.refused += 1
            self._fail(HTTPStatus.UNAUTHORIZED)
        elif parts.path.startswith(_V1):
            self._first(parts.path.removeprefix(_V1), query, body)
        elif parts.path.startswith(_V2):
            self._second(parts.path.removeprefix(_V2), json.loads(body))
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def _first(self, path: str, query: dict[str, str], body: bytes) -> None:
        service, called = self.service, f"{self.command} {path.partition('/')[0]}"
        if called == "GET cache":
            keys = query["keys"].split(",")
            service.note(1, called, keys[0])
            found = service.find(keys, query["version"])
            if found is None:
                self._send(HTTPStatus.NO_CONTENT)
            else:
                location = f"{service.url}{_BLOBS[1:]}{found.number}"
                self._json({"cacheKey": found.key, "scope": "refs/heads/main", "archiveLocation": location})
        elif called == "POST caches" and path == "caches":
            asked = json.loads(body)
            service.note(1, called, asked["key"])
            made = service.create(asked["key"], asked["version"])
            if made is None:
                self._json({"message": "Cache already exists."}, HTTPStatus.CONFLICT)
            else:
                self._json({"cacheId": made.number}, HTTPStatus.CREATED)
        elif called in ("PATCH caches", "POST caches"):
            entry = service.numbered(int(path.partition("/")[2]))
            service.note(1, f"{called}/ID", entry.key)
            if self.command == "PATCH":
                place = re.match(r"bytes (\d+)-", self.headers["Content-Range"])
                assert place is not None
                entry.blocks[f"{int(place[1]):020}"] = body
            else:
                entry.data = b"".join(entry.blocks[start] for start in sorted(entry.blocks))
                entry.done = json.loads(body)["size"] == len(entry.data)
            self._send(
                HTTPStatus.NO_CONTENT if self.command == "PATCH" or entry.done else HTTPStatus.BAD_REQUEST
            )
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def _second(self, method: str, asked: dict[str, object]) -> None:
        service, key, version = self.service, str(asked["key"]), str(asked["version"])
        service.note(2, method, key)
        if method == "CreateCacheEntry":
            made = service.create(key, version)
            location = f"{service.url}{_BLOBS[1:]}{made.number}" if made else ""
            self._json({"ok": made is not None, "signed_upload_url": location})
        elif method == "FinalizeCacheEntryUpload":
            entry = next(e for e in service._entries if (e.key, e.version) == (key, version))
            entry.done = int(str(asked["size_bytes"])) == len(entry.data)
            self._json({"ok": entry.done, "entry_id": str(entry.number)})
        elif method == "GetCacheEntryDownloadURL":
            more = asked.get("restore_keys") or []
            assert isinstance(more, list)
            found = service.find([key, *more], version)
            location = f"{service.url}{_BLOBS[1:]}{found.number}" if found else ""
            matched = found.key if found else ""
            self._json({"ok": found is not None, "signed_download_url": location, "matched_key": matched})
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def _blob(self, name: str, query: dict[str, str], body: bytes) -> None:
        """Store and give blobs as Azure does: whole ones, and blocks that a list puts together."""
        entry = self.service.numbered(int(name))
        self.service.note(0, f"{self.command} {query.get('comp', 'blob')}", entry.key)
        if self.command in ("GET", "HEAD"):
            self._range(entry.data)
            return
        if query.get("comp") == "block":
            entry.blocks[query["blockid"]] = body
        elif query.get("comp") == "blocklist":
            names = re.findall(r"<(?:Latest|Uncommitted)>([^<]*)<", body.decode())
            entry.data = b"".join(entry.blocks[block] for block in names)
        else:
            entry.data = body
        self._send(HTTPStatus.CREATED)

    def _range(self, data: bytes) -> None:
        asked = self.headers.get("x-ms-range") or self.headers.get("Range")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
        if wanted is None:
            self._send(HTTPStatus.OK, data)
            return
        start, end = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        place = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
        self._send(HTTPStatus.PARTIAL_CONTENT, data[start : end + 1], place)

    def _fail(self, status: HTTPStatus) -> None:
        """Send an error in the words of both versions."""
        self._json({"message": status.phrase, "code": status.name.lower(), "msg": status.phrase}, status)

    def _json(self, value: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        # Azure's library wants to know the request, its moment and the blob's mark.
        more = {"x-ms-request-id": "1", "x-ms-version": "2024-11-04", "ETag": '"1"'}
        more |= {"Last-Modified": self.date_time_string(), "x-ms-blob-type": "BlockBlob"}
        for name, value in (more | (headers or {})).items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != HTTPStatus.NO_CONTENT:
            self.wfile.write(body)
