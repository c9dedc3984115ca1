"""Asks a docker engine over its socket: one GET request, and the reason when there is no answer.

Addresses are DOCKER_HOST's: `unix:///path`, `tcp://host:port` (with TLS when DOCKER_TLS_VERIFY or
DOCKER_CERT_PATH is set, as docker and Go's client have it), `http://`, `https://`. `ssh://` needs docker's
own program and is not spoken here.
"""

from __future__ import annotations

import os
import socket
import time

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import http.client
    import ssl
    import threading
    from collections.abc import Mapping

DEFAULT_HOST = "unix:///var/run/docker.sock"
# `GET /info` is about 4 KiB; whatever is larger than this is no docker engine.
MAX_BODY = 4 * 1024 * 1024
_PORTS = {False: 2375, True: 2376}
# The port that BuildKit documents for its own TCP address.
_BUILDKIT_PORT = 1234
_UNIX, _TCP = "unix", "tcp"


class Answer(Record):
    """What the engine said: the status, the header `Api-Version` ("" without one), and the body."""

    status: int
    api_version: str
    body: bytes


class Failure(Record):
    """Why there is no answer, in words that follow an address, and one thing to do ("" for the usual)."""

    reason: str
    hint: str = ""


def get(address: str, path: str, environ: Mapping[str, str], timeout: float) -> Answer | Failure:
    """Return what an engine answers to `GET path`. `timeout` is in seconds, for all of it."""
    scheme, rest = split(address)
    try:
        if scheme == _UNIX:
            return _over_unix(rest, path, timeout)
        if scheme in (_TCP, "http", "https"):
            return _over_tcp(rest, scheme, path, environ, timeout)
    except (OSError, ValueError) as error:
        return _why(error, scheme, rest, timeout)
    return Failure(f"`{scheme}://` is not an address that can be asked")


def split(address: str) -> tuple[str, str]:
    """Return the scheme of an address and what follows `://`; no scheme is `tcp`, as docker has it."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return _TCP, address
    if scheme == _UNIX and not rest:
        return _UNIX, DEFAULT_HOST.partition("://")[2]
    return scheme.lower(), rest


def shown(address: str) -> str:
    """Return an address for people to read: without a password, and on one line."""
    scheme, mark, rest = address.partition("://")
    if mark and scheme != _UNIX and "@" in rest:
        user, _, host = rest.rpartition("@")
        rest = user.partition(":")[0] + "@" + host
    text = scheme + mark + rest
    return "".join([letter if letter.isprintable() else "?" for letter in text])


def _over_unix(socket_: str, path: str, timeout: float) -> Answer | Failure:
    """Ask over a unix socket. Python's own client takes 10 ms to load, the engine 5 ms to answer.

    With HTTP/1.0 the answer comes in one piece, and ends where the connection does if no length is given.
    """
    until = time.monotonic() + timeout
    head, data = b"", bytearray()
    headers: dict[str, str] = {}
    length = -1
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(socket_)
        # The Host header must not be the path: Go refuses a slash in it.
        request = f"GET {path} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n"
        connection.sendall(request.encode())
        while len(data) <= MAX_BODY and not (head and len(data) >= length >= 0):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
            if not head and b"\r\n\r\n" in data:
                before, _, data = data.partition(b"\r\n\r\n")
                head = bytes(before)
                headers = _headers(head)
                given = headers.get("content-length", "")
                length = int(given) if given.isdecimal() and len(given) < 16 else -1
    if not head and not data:
        raise ConnectionResetError("remote end closed connection without response")
    if (not head and len(data) <= MAX_BODY) or len(data) < length <= MAX_BODY:
        raise ValueError("the answer is cut off")
    if len(data) > MAX_BODY or length > MAX_BODY:
        return _too_large(path)
    return Answer(int(head.split(maxsplit=2)[1]), headers.get("api-version", ""), bytes(data))


def _headers(head: bytes) -> dict[str, str]:
    """Return the headers of an answer, with small letters. Raises ValueError when it is no HTTP."""
    status, *lines = head.decode("latin-1").split("\r\n")
    words = status.split()
    if not status.startswith("HTTP/1.") or len(words) < 2 or not (words[1].isascii() and words[1].isdigit()):
        raise ValueError("no HTTP")
    pairs = [line.partition(":") for line in lines]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _too_large(path: str) -> Failure:
    return Failure(f"its answer to `{path}` is larger than {MAX_BODY} bytes")


def _over_tcp(
    rest: str, scheme: str, path: str, environ: Mapping[str, str], timeout: float
) -> Answer | Failure:
    import http.client  # noqa: PLC0415 - slow to load, and most engines are asked over a unix socket

    made = _tcp(rest, scheme, environ, timeout)
    if isinstance(made, Failure):
        return made
    try:
        return _ask(made, path, timeout)
    except OSError:
        raise
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from error
    finally:
        made.close()


def _tcp(
    rest: str, scheme: str, environ: Mapping[str, str], timeout: float
) -> http.client.HTTPConnection | Failure:
    import http.client  # noqa: PLC0415 - see `_over_tcp`

    secure = scheme == "https" or (scheme == _TCP and wants_tls(environ))
    host, port = _host_and_port(rest.rstrip("/"), _PORTS[secure])
    if not host or port is None:
        return Failure("this is no `host:port`")
    if not secure:
        return http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=_tls(environ))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = f"the certificates in `{_certificates(environ)}` cannot be used: {reason}"
        return Failure(reason, "correct DOCKER_CERT_PATH")


def wants_tls(environ: Mapping[str, str]) -> bool:
    """Say whether the environment asks for TLS on a `tcp://` address."""
    return bool(environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_CERT_PATH"))


def _certificates(environ: Mapping[str, str]) -> str:
    return environ.get("DOCKER_CERT_PATH") or os.path.join(environ.get("HOME", ""), ".docker")


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - see `_over_tcp`

    folder = _certificates(environ)
    context = ssl.create_default_context()
    authority = os.path.join(folder, "ca.pem")
    if os.path.exists(authority):
        # Docker trusts this authority alone.
        context = ssl.create_default_context(cafile=authority)
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if os.path.exists(certificate) or os.path.exists(key):
        context.load_cert_chain(certificate, key)
    if not environ.get("DOCKER_TLS_VERIFY"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _host_and_port(text: str, default: int) -> tuple[str, int | None]:
    host, mark, port = text.rpartition(":")
    if not mark or text.endswith("]"):
        host, port = text, str(default)
    return host.strip("[]"), int(port) if port.isascii() and port.isdigit() and int(port) < 65536 else None


def _ask(connection: http.client.HTTPConnection, path: str, timeout: float) -> Answer | Failure:
    import http.client  # noqa: PLC0415 - see `_over_tcp`
    import threading  # noqa: PLC0415 - see `_over_tcp`

    connection.connect()
    # A timeout of a socket starts anew with every byte; this one holds for the whole answer.
    late = threading.Event()
    watch = threading.Timer(timeout, _cut, (connection.sock, late))
    watch.daemon = True
    watch.start()
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(MAX_BODY + 1)
    except (OSError, http.client.HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
    if late.is_set():
        raise TimeoutError
    if len(body) > MAX_BODY:
        return _too_large(path)
    return Answer(response.status, response.getheader("Api-Version") or "", body)


def _cut(connected: socket.socket, late: threading.Event) -> None:
    late.set()
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:  # it was closed in the meantime
        return


def _why(error: Exception, scheme: str, rest: str, timeout: float) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure(f"no answer within {timeout:g} s")
    if isinstance(error, PermissionError):
        hint = f"join the group that owns `{rest}`" if scheme == _UNIX else ""
        return Failure("permission denied", hint)
    if isinstance(error, FileNotFoundError):
        return Failure("there is no such socket")
    if isinstance(error, ConnectionRefusedError):
        return Failure("nothing listens there")
    if scheme != _UNIX:
        import ssl  # noqa: PLC0415 - see `_over_tcp`

        if isinstance(error, ssl.SSLError):
            reason = (error.reason or str(error)).replace("_", " ").lower()
            return Failure(f"TLS failed: {reason}", "check DOCKER_CERT_PATH")
    if isinstance(error, UnicodeError):
        return Failure("this is no name of a host")
    if isinstance(error, OSError):
        return Failure((error.strerror or str(error) or "the connection broke").lower())
    return Failure("it does not speak HTTP")


def connects(address: str, timeout: float) -> Failure | None:
    """Connect to a unix or TCP address and hang up. None when it can be done, or cannot be known."""
    scheme, rest = split(address)
    try:
        if scheme == _UNIX:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with connection:
                connection.settimeout(timeout)
                connection.connect(rest)
        elif scheme == _TCP:
            host, port = _host_and_port(rest.rstrip("/"), _BUILDKIT_PORT)
            if not host or port is None:
                return Failure("this is no `host:port`")
            socket.create_connection((host, port), timeout).close()
    except (OSError, ValueError) as error:
        return _why(error, scheme, rest, timeout)
    return None
