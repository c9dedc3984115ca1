"""The grammar of image references: what one is made of, and whether it is one.

Source: distribution/reference v0.6. What is wrong with a reference, `formats` says.
"""

from __future__ import annotations

from envd_cache.record import Record

LOWER_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
ALNUM = LOWER_DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WORD = ALNUM | {"_"}
TAG = WORD | {".", "-"}
HEX = frozenset("0123456789abcdef")
DIGITS = frozenset("0123456789")
IPV6 = frozenset(":0123456789abcdefABCDEF")
LONGEST_NAME = 255
# How many references are remembered: one is looked at from many sides, and base images come again.
MOST_KNOWN = 1000
DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Reference(Record):
    """The parts of an image reference as they were written; "" where there is none.

    `normalised` is the place that is meant: `r` is `docker.io/library/r:latest`.
    """

    domain: str
    path: str
    tag: str
    digest: str
    normalised: str


_known: dict[str, Reference] = {}


def split_reference(text: str) -> Reference:
    """Split an image reference as distribution/reference does; the parts are not checked."""
    found = _known.get(text)
    if found is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        found = _known[text] = _split(text)
    return found


def _split(text: str) -> Reference:
    rest, _, digest = text.partition("@")
    head, slash, tail = rest.partition("/")
    has_domain = bool(slash) and ("." in head or ":" in head or head == "localhost" or head.lower() != head)
    domain, path = (head, tail) if has_domain else ("", rest)
    name, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        name, tag = path, ""
    return Reference(domain, name, tag, digest, _normalised(domain, name, tag, digest))


def _normalised(domain: str, path: str, tag: str, digest: str) -> str:
    if domain in ("", "index.docker.io"):
        domain = "docker.io"
    if domain == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return f"{domain}/{path}@{digest}" if digest else f"{domain}/{path}:{tag or 'latest'}"


def is_image_id(text: str) -> bool:
    """Say whether a text is the id of an image, which has the form of a name."""
    return len(text) == DIGEST_LENGTHS["sha256"] and HEX.issuperset(text)


def is_digest(text: str) -> bool:
    """Say whether a text can stand behind the `@`: `algorithm:hexadecimal digits`."""
    algorithm, _, encoded = text.partition(":")
    return len(encoded) == DIGEST_LENGTHS.get(algorithm) and HEX.issuperset(encoded)


def is_domain(text: str) -> bool:
    """Say whether a text can stand before the first `/`: `host` or `host:port`."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "0"
    if host.startswith("[") and host.endswith("]"):
        return DIGITS.issuperset(port) and port != "" and len(host) > 2 and IPV6.issuperset(host[1:-1])
    labels = host.split(".")
    inner = ALNUM | {"-"}
    return (
        port != ""
        and DIGITS.issuperset(port)
        and all(
            label and inner.issuperset(label) and label[0] != "-" and label[-1] != "-" for label in labels
        )
    )


def is_path(text: str) -> bool:
    """Say whether a text can be the name of an image, of whatever length."""
    for component in text.split("/"):
        if LOWER_DIGITS.issuperset(component) and component:
            continue
        if not component or not (LOWER_DIGITS | set("._-")).issuperset(component):
            return False
        if component[0] not in LOWER_DIGITS or component[-1] not in LOWER_DIGITS:
            return False
        runs = "".join(" " if character in LOWER_DIGITS else character for character in component).split()
        if any(run not in (".", "_", "__") and run.strip("-") for run in runs):
            return False
    return True


def is_tag(text: str) -> bool:
    """Say whether a text can stand behind the `:`."""
    return 0 < len(text) <= 128 and text[0] in WORD and TAG.issuperset(text)


def is_reference(text: str) -> bool:
    """Say whether a text is a reference without a digest that nothing is wrong with."""
    parts = split_reference(text)
    written = parts.path
    if parts.domain:
        written = f"{parts.domain}/{written}"
    if parts.tag:
        written = f"{written}:{parts.tag}"
    return (
        written == text
        and (not parts.domain or is_domain(parts.domain))
        and is_path(parts.path)
        and len(parts.path) <= LONGEST_NAME
        and (not parts.tag or is_tag(parts.tag))
        and not is_image_id(text)
    )
