"""Checks of single values, by name: what BuildKit or a client would refuse late, or take wrong in silence.

Each returns None or a `Refused` whose message continues "`parameter` …". Sources: BuildKit v0.32.2 and
distribution/reference v0.6; the pitfalls behind each check were measured.
"""

from __future__ import annotations

from envd_cache.catalog.reference import (
    ALNUM,
    DIGEST_LENGTHS,
    DIGITS,
    HEX,
    LONGEST_NAME,
    TAG,
    WORD,
    is_domain,
    is_image_id,
    is_path,
    is_tag,
    split_reference,
)
from envd_cache.problem import names_credential
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ("FORMATS", "Refused", "split_reference")

_DIGEST_RULE = "`sha256:` and 64 hexadecimal digits"
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
    """Why a value is refused. `item` leads to the element of a list that is wrong.

    `redact` holds the credentials in it; the whole value is never shown then either.
    """

    message: str
    hint: str = ""
    code: str = "EC106"
    item: tuple[int | str, ...] = ()
    redact: tuple[str, ...] = ()


def _reference(value: object) -> Refused | None:
    text = str(value)
    if login := _login(text):
        hint = "log in with `docker login`; a reference has no password"
        return Refused("holds a credential", hint, "EC111", redact=(login,))
    message, better, rule = _wrong_reference(text)
    if not message:
        return None
    # Only what this check takes itself is suggested.
    good = better and "$" not in better and not _login(better) and not _wrong_reference(better)[0]
    return Refused(message, f"write `{better}`" if good else rule, "EC108")


def _login(text: str) -> str:
    """Return the password of a reference such as `user:password@host/name`, or ""."""
    scheme, _, rest = text.strip().partition("://")
    text = rest if rest and ALNUM.issuperset(scheme) else text.strip()
    left, at, right = text.partition("@")
    user, colon, password = left.partition(":")
    algorithm, _, digits = right.partition(":")
    port = password.partition("/")
    if not (at and right and colon and password) or "/" in user or user.startswith("["):
        return ""
    if port[1] and DIGITS.issuperset(port[0]):
        return ""
    # A port has five digits at most, the short id of an image has twelve.
    digest = ALNUM.issuperset(algorithm) and len(digits) > 5 and HEX.issuperset(digits.lower())
    if digest or algorithm.lower() in DIGEST_LENGTHS or (len(right) > 11 and HEX.issuperset(right.lower())):
        return ""
    return text.rpartition("@")[0].partition(":")[2]


def _wrong_reference(text: str) -> tuple[str, str, str]:
    """Return what is wrong with a reference, what was perhaps meant, and the rule; "" when it is right."""
    if not text:
        return "is empty", "", "name an image, such as `ghcr.io/acme/app:cache`"
    if text != text.strip():
        hint = "remove the white space" if text.strip() else "name an image"
        return "starts or ends with white space", text.strip(), hint
    if "$" in text:
        return "holds a `$`, which nobody expands", "", _variable_hint(text)
    if "://" in text:
        rest = text.partition("://")[2].rstrip("/")
        return "is a URL, not an image reference", rest, "write the host and the name, without the scheme"
    parts = split_reference(text)
    if "@" in text and _digest(parts.digest):
        name, _, digest = text.partition("@")
        return "has a wrong digest", f"{name}@{digest.lower()}", f"write {_DIGEST_RULE}"
    name, _, tag = text.partition("@")[0].rpartition(":")
    if name and "/" in tag and "/" in name and not parts.tag:
        hint = "`key=cache.branch()` makes a valid tag of any name, or use `cache.slug`"
        return f"has a `/` in its tag: `{tag}`", "", hint
    before = f"{parts.domain}/" if parts.domain else ""
    after = text[len(before) + len(parts.path) :]
    if parts.domain and not set(".:").intersection(parts.domain):
        before = before.lower()
    lowered = f"{before}{parts.path.lower()}{after}"
    no_capitals = "write the name in lower-case letters"
    if parts.domain and not is_domain(parts.domain):
        if parts.domain.lower() != parts.domain and not set(".:").intersection(parts.domain):
            return "is no image reference: the name must be lower case", lowered, no_capitals
        hint = "write a registry as `host` or `host:port`, the port in digits; a tag takes no `/`"
        return f"is no image reference: `{parts.domain}` is no registry", "", hint
    if parts.path != parts.path.lower():
        return "is no image reference: the name must be lower case", lowered, no_capitals
    if not is_path(parts.path):
        message = f"is no image reference: `{parts.path}` is no name of an image"
        whole = "/".join(filter(None, parts.path.split("/")))
        hint = "write lower-case letters and digits, with one `.`, `_`, `-` or `/` between them"
        return message, f"{before}{whole}{after}" if whole else "", hint
    if len(parts.path) > LONGEST_NAME:
        message = f"is no image reference: the name has more than {LONGEST_NAME} characters"
        return message, "", "write a shorter name"
    if is_image_id(text):
        hint = "write the image's name, such as `ghcr.io/acme/app:cache`"
        return "is the id of an image, not its name", "", hint
    colon = text.partition("@")[0].removeprefix(f"{parts.domain}/").removeprefix(parts.path)
    if colon and not is_tag(parts.tag):
        hint = "`cache.slug` makes a valid tag of any text"
        return (
            f"has an invalid tag: `{parts.tag}`",
            "",
            hint if parts.tag else "write a tag behind the `:`, or leave the `:` out",
        )
    return "", "", ""


def _variable_hint(text: str) -> str:
    """Say how to read the environment variable that a `$` in a text was meant to be."""
    rest = text.partition("$")[2].removeprefix("{")
    name = rest[: next((at for at, letter in enumerate(rest) if letter not in WORD), len(rest))]
    if not name or name[0] in DIGITS:
        return 'write `cache.env("NAME")` to read an environment variable'
    return f'write `cache.env("{name}")` to read the environment variable'


def _digest(value: object) -> Refused | None:
    algorithm, _, digits = str(value).partition(":")
    length = DIGEST_LENGTHS.get(algorithm)
    if length is None or not HEX.issuperset(digits) or len(digits) != length:
        text = str(value).strip().lower()
        better = text if ":" in text else f"sha256:{text}"
        good = better != value and not _digest(better)
        hint = f"write `{better}`" if good else "copy the whole digest; the name of a cache is no digest"
        return Refused(f"must be a digest: {_DIGEST_RULE}", hint)
    return None


def _path(value: object) -> Refused | None:
    text = str(value)
    if not text:
        return Refused("is empty", "name a directory", "EC110")
    for character in text:
        if character < " " or character > "~":
            hint = "name a directory without it: the export would fail at its end, the import be skipped"
            return Refused(f"holds {_named(character)}; BuildKit takes printable ASCII only", hint, "EC110")
    if text.startswith("~"):
        return Refused("starts with `~`, which nobody expands", 'write `cache.env("HOME") + "/…"`', "EC110")
    if "$" in text:
        return Refused("holds a `$`, which nobody expands", _variable_hint(text), "EC110")
    if text != text.strip():
        hint = f"write `{text.strip()}`" if text.strip() else "name a directory"
        return Refused("starts or ends with a space", hint, "EC110")
    return None


def _named(character: str) -> str:
    return "a control character" if character < " " or character == "\x7f" else f"`{character}`"


def _url(value: object) -> Refused | None:
    text = str(value)
    if secrets := _secrets_of_url(text):
        hint = "the daemon reads one from elsewhere; remove it"
        return Refused("holds a credential", hint, "EC111", redact=secrets)
    if text != text.strip():
        return Refused("starts or ends with white space", "remove the white space")
    scheme, found, rest = text.partition("://")
    host = rest.partition("/")[0]
    if not found or scheme not in ("http", "https"):
        rest = rest if found else text
        hint = "write the whole address, such as `https://example.org`"
        if rest and rest.isprintable() and " " not in rest:
            if found and scheme.lower() in ("http", "https"):
                hint = f"write `{scheme.lower()}://{rest}`"
            elif set(".:").intersection(rest.partition("/")[0]):
                hint = f"write `https://{rest}` or `http://{rest}`"
        return Refused("must be a URL that starts with `https://` or `http://`", hint)
    if " " in text:
        hint = "remove it" if " " in host else "remove it, or write `%20` in its place"
        return Refused("holds a space", hint)
    if not text.isprintable():
        return Refused("holds a control character", "remove it")
    if not host:
        return Refused("has no host", f"write the host behind `{scheme}://`")
    return None


def _secrets_of_url(text: str) -> tuple[str, ...]:
    """Return the password and the credentials in the query of a URL, even of a wrong one."""
    rest = text.partition("://")[2] or text
    found, query = [""], rest.replace("#", "?").replace(";", "&").replace("?", "&")
    at = query.find("&") + 1
    while at:
        end = query.find("&", at) + 1
        key, _, secret = query[at : end - 1 if end else None].partition("=")
        if secret and _names_signature(key.strip()):
            # More too: what looks like a separator may be a part of it.
            more = rest[at + len(key) + 1 :]
            found += [secret, more.partition("&")[0], more]
        at = end
    authority = rest.replace("?", "/").replace("#", "/").partition("/")[0]
    login, _, host = authority.rpartition("@")
    # A password with a `/` in it ends what looks like the host.
    _, colon, port = ("", "", "") if host.startswith("[") else host.partition(":")
    if login.partition(":")[2] or ("@" in rest and colon and not DIGITS.issuperset(port)):
        found += [part.partition(":")[2] for part in (login, rest.rpartition("@")[0])]
    return tuple(filter(None, found))


def _names_signature(key: str) -> bool:
    return key.lower() == "sig" or names_credential(key)


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
            return Refused("is longer than Go's longest duration, 292 years", "write at most `2562047h`")
        if not rest:
            return None
    return Refused("must be a duration such as `10m` or `1h30m`", _duration_hint(text))


def _duration_hint(text: str) -> str:
    plain = "".join(text.lower().split()).lstrip("-")
    number = plain[: len(plain) - len(plain.lstrip("0123456789"))]
    word = plain[len(number) :]
    if number and not word:
        return f"write a unit too: `{number}s`, `{number}m` or `{number}h`"
    known = ("seconds", "s"), ("secs", "s"), ("minutes", "m"), ("mins", "m"), ("hours", "h"), ("hrs", "h")
    units = {name[:cut]: unit for name, unit in known for cut in (len(name) - 1, len(name))}
    if number and len(number) < 6 and word in ("d", "day", "days"):
        plain = f"{int(number) * 24}h"
    elif word in units:
        plain = number + units[word]
    good = plain != text and not _duration(plain)
    return f"write `{plain}`" if good else "write hours, minutes and seconds as `h`, `m` and `s`"


def _names(value: object) -> Refused | None:
    names = str(value).split(";")
    better = ";".join(name.strip() for name in names if name.strip())
    hint = f"write `{better}`" if better else "write a name, or leave the argument out"
    if not str(value):
        return Refused("is empty", hint)
    if not all(names):
        return Refused("holds an empty name", hint)
    if any(name != name.strip() for name in names):
        return Refused("holds a name that starts or ends with white space", hint)
    return None


def _nonempty(value: object) -> Refused | None:
    return None if str(value) else Refused("is empty", "write a text, or leave the argument out")


def _repository(value: object) -> Refused | None:
    owner, slash, name = str(value).partition("/")
    if not (owner and slash and name) or "/" in name or not (TAG.issuperset(owner) and TAG.issuperset(name)):
        last = str(value).partition("://")[2].partition("/")[2].removesuffix("/").removesuffix(".git")
        good = last and not _repository(last)
        hint = f"write `{last}`" if good else "write the owner, a `/` and the name, such as `acme/app`"
        return Refused("must be `owner/repository`", hint)
    return None


def _variable(value: object) -> Refused | None:
    text = str(value)
    if not text or not WORD.issuperset(text) or text[0].isdigit():
        hint = "write letters, digits and `_` only, and no digit first"
        if text.startswith("$") and not _variable(text.strip("${}")):
            hint = "write the name alone, without a `$`"
        return Refused("must be the name of an environment variable", hint)
    return None


def _key(value: object) -> Refused | None:
    keys = value if isinstance(value, list) else [value]
    if not keys:
        return Refused("is an empty list", "leave the argument out, or name a key")
    for index, key in enumerate(keys):
        if not key:
            item = (index,) if isinstance(value, list) else ()
            hint = "leave the empty text out" if item else "name a key, or leave the argument out"
            return Refused("holds an empty text" if item else "is empty", hint, item=item)
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
