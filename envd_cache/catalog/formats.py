"""Checks of single values, by name: what BuildKit or a client would refuse late, or take wrong in silence.

Each returns None or a `Refused` whose message continues "`parameter` …". Sources: BuildKit v0.32.2 and
distribution/reference v0.6; the pitfalls behind each check were measured.
"""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOWER_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ALNUM = _LOWER_DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD = _ALNUM | {"_"}
_TAG = _WORD | {".", "-"}
_HEX = frozenset("0123456789abcdef")
_DIGITS = frozenset("0123456789")
_IPV6 = frozenset(":0123456789abcdefABCDEF")
_LONGEST_NAME = 255
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DURATION_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


class Refused(Record):
    """Why a value is refused. `item` leads to the element of a list that is wrong."""

    message: str
    hint: str = ""
    code: str = "EC106"
    item: tuple[int | str, ...] = ()


class Reference(Record):
    """The parts of an image reference as they were written; "" where there is none."""

    domain: str
    path: str
    tag: str
    digest: str

    @property
    def normalised(self) -> str:
        """The place that is meant: `r` is `docker.io/library/r:latest`."""
        domain = "docker.io" if self.domain in ("", "index.docker.io") else self.domain
        path = self.path if domain != "docker.io" or "/" in self.path else f"library/{self.path}"
        name = f"{domain}/{path}"
        return f"{name}@{self.digest}" if self.digest else f"{name}:{self.tag or 'latest'}"


def split_reference(text: str) -> Reference:
    """Split an image reference as distribution/reference does; the parts are not checked."""
    rest, _, digest = text.partition("@")
    head, slash, tail = rest.partition("/")
    is_domain = bool(slash) and ("." in head or ":" in head or head == "localhost" or head.lower() != head)
    domain, path = (head, tail) if is_domain else ("", rest)
    name, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        name, tag = path, ""
    return Reference(domain, name, tag, digest)


def _reference(value: object) -> Refused | None:
    text = str(value)

    def refused(message: str, hint: str = "") -> Refused:
        return Refused(message, hint, code="EC108")

    if not text:
        return refused("is empty", "name an image, such as `ghcr.io/acme/app:cache`")
    if text != text.strip():
        return refused("starts or ends with a space", "no tool trims it")
    if "://" in text:
        hint = f"write it without the scheme: `{text.partition('://')[2]}`"
        return refused("is a URL, not an image reference", hint)
    parts = split_reference(text)
    if "@" in text and (problem := _digest(parts.digest)):
        return refused(f"has a wrong digest: it {problem.message}")
    name, _, tag = text.partition("@")[0].rpartition(":")
    if name and "/" in tag and "/" in name and not parts.tag:
        message = f"has a `/` in its tag: `{tag}`"
        return refused(message, "`key=cache.branch()` makes a valid tag of any name, or use `cache.slug`")
    if parts.domain and not _is_domain(parts.domain):
        if parts.domain.lower() != parts.domain and not set(".:").intersection(parts.domain):
            return refused("is no image reference: the name must be lower case", f"`{text.lower()}`")
        return refused(f"is no image reference: `{parts.domain}` is no registry")
    if parts.path != parts.path.lower():
        lowered = text.replace(parts.path, parts.path.lower(), 1)
        return refused("is no image reference: the name must be lower case", f"write `{lowered}`")
    if not _is_path(parts.path):
        return refused(f"is no image reference: `{parts.path}` is no name of an image")
    if len(parts.path) > _LONGEST_NAME:
        return refused(f"is no image reference: the name has more than {_LONGEST_NAME} characters")
    if len(text) == _DIGEST_LENGTHS["sha256"] and _HEX.issuperset(text):
        return refused(
            "is the id of an image, not its name", "no tool takes 64 hexadecimal digits for a name"
        )
    colon = text.partition("@")[0].removeprefix(f"{parts.domain}/").removeprefix(parts.path)
    if colon and not _is_tag(parts.tag):
        return refused(f"has an invalid tag: `{parts.tag}`", "`cache.slug` makes a valid tag of any text")
    return None


def _is_domain(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "0"
    if host.startswith("[") and host.endswith("]"):
        return _DIGITS.issuperset(port) and port != "" and len(host) > 2 and _IPV6.issuperset(host[1:-1])
    labels = host.split(".")
    inner = _ALNUM | {"-"}
    return (
        port != ""
        and _DIGITS.issuperset(port)
        and all(
            label and inner.issuperset(label) and label[0] != "-" and label[-1] != "-" for label in labels
        )
    )


def _is_path(text: str) -> bool:
    for component in text.split("/"):
        if not component or not (_LOWER_DIGITS | set("._-")).issuperset(component):
            return False
        if component[0] not in _LOWER_DIGITS or component[-1] not in _LOWER_DIGITS:
            return False
        runs = "".join(" " if character in _LOWER_DIGITS else character for character in component).split()
        if any(run not in (".", "_", "__") and run.strip("-") for run in runs):
            return False
    return True


def _is_tag(text: str) -> bool:
    return 0 < len(text) <= 128 and text[0] in _WORD and _TAG.issuperset(text)


def _digest(value: object) -> Refused | None:
    algorithm, _, digits = str(value).partition(":")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None or not _HEX.issuperset(digits) or len(digits) != length:
        return Refused("must be a digest: `sha256:` and 64 hexadecimal digits")
    return None


def _path(value: object) -> Refused | None:
    text = str(value)
    if not text:
        return Refused("is empty", "name a directory", "EC110")
    for character in text:
        if character < " " or character > "~":
            hint = "the export would fail at its end, the import would be skipped"
            return Refused(f"holds {_named(character)}; BuildKit takes printable ASCII only", hint, "EC110")
    if text.startswith("~"):
        return Refused("starts with `~`, which nobody expands", 'write `cache.env("HOME") + "/…"`', "EC110")
    if "$" in text:
        hint = 'write `cache.env("NAME")` to read an environment variable'
        return Refused("holds a `$`, which nobody expands", hint, "EC110")
    if text != text.strip():
        return Refused("starts or ends with a space", "", "EC110")
    return None


def _named(character: str) -> str:
    return "a control character" if character < " " or character == "\x7f" else f"`{character}`"


def _url(value: object) -> Refused | None:
    text = str(value)
    scheme, found, rest = text.partition("://")
    host = rest.partition("/")[0]
    if not found or scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        return Refused("must be a URL that starts with `https://` or `http://`")
    if ":" in host.rpartition("@")[0]:
        return Refused("holds a credential", "the daemon reads one from elsewhere; remove it", "EC111")
    return None


def _duration(value: object) -> Refused | None:
    """Accept what Go's time.ParseDuration accepts, but no negative time."""
    text = str(value)
    rest, total = text.removeprefix("+"), 0.0
    if rest == "0":
        return None
    while rest:
        number = len(rest) - len(rest.lstrip("0123456789."))
        digits, rest = rest[:number], rest[number:]
        unit = rest[: len(rest) - len(rest.lstrip("nuµμmsh"))]
        unit = next((known for known in ("ns", "us", "µs", "μs", "ms") if rest.startswith(known)), rest[:1])
        if not digits.replace(".", "", 1).isdigit() or unit not in _DURATION_UNITS:
            break
        rest = rest[len(unit) :]
        total += float(digits) * _DURATION_UNITS[unit]
        if total >= 2**63:
            return Refused("is longer than Go's longest duration, 292 years")
        if not rest:
            return None
    hint = "write hours: `24h`" if text.endswith("d") else ""
    return Refused("must be a duration such as `10m` or `1h30m`", hint)


def _names(value: object) -> Refused | None:
    names = str(value).split(";")
    if not all(names):
        return Refused("holds an empty name", "names are separated by one `;`")
    if any(name != name.strip() for name in names):
        return Refused("holds a name that starts or ends with a space", "no tool trims it")
    return None


def _nonempty(value: object) -> Refused | None:
    return None if str(value) else Refused("is empty")


def _repository(value: object) -> Refused | None:
    owner, slash, name = str(value).partition("/")
    if (
        not (owner and slash and name)
        or "/" in name
        or not (_TAG.issuperset(owner) and _TAG.issuperset(name))
    ):
        return Refused("must be `owner/repository`")
    return None


def _variable(value: object) -> Refused | None:
    text = str(value)
    if not text or not _WORD.issuperset(text) or text[0].isdigit():
        return Refused("must be the name of an environment variable")
    return None


def _key(value: object) -> Refused | None:
    keys = value if isinstance(value, list) else [value]
    if not keys:
        return Refused("is an empty list", "leave the argument out, or name a key")
    for index, key in enumerate(keys):
        if not key:
            item = (index,) if isinstance(value, list) else ()
            return Refused("holds an empty text" if item else "is empty", item=item)
    return None


FORMATS: Mapping[str, Callable[[object], Refused | None]] = {
    "digest": _digest,
    "duration": _duration,
    "key": _key,
    "names": _names,
    "nonempty": _nonempty,
    "path": _path,
    "reference": _reference,
    "repository": _repository,
    "url": _url,
    "variable": _variable,
}
