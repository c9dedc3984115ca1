"""Build files with valid declarations, made at random: what a person who read the pages could write."""

from __future__ import annotations

from hypothesis import strategies as st

_WORD = st.from_regex(r"[a-z][a-z0-9]{2,8}", fullmatch=True)
_HOSTS = ("ghcr.io", "registry.example.org", "quay.io", "localhost:5000", "docker.io")
_MODE = st.sampled_from(["min", "max"])
_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "mode": _MODE,
        "ignore_error": st.booleans(),
        "compression": st.sampled_from(["gzip", "zstd", "estargz", "uncompressed"]),
        "force_compression": st.booleans(),
        "image_manifest": st.just(True),
    },
)


def _written(value: object) -> str:
    if isinstance(value, Code):
        return value.text
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


class Code:
    """An expression as it is written."""

    def __init__(self, text: str) -> None:
        self.text = text


_KEYS = st.sampled_from(
    [
        [Code("cache.branch()"), "main"],
        Code("cache.target()"),
        [Code("cache.commit()"), Code("cache.branch()"), "main"],
        Code("cache.slug(cache.target())"),
    ]
)


def _call(function: str, arguments: dict[str, object]) -> str:
    written = [f"{name}={_written(value)}" for name, value in arguments.items()]
    one = f"    {function}({', '.join(written)})"
    return (
        one
        if len(one) < 100
        else f"    {function}(\n" + "".join(f"        {a},\n" for a in written) + "    )"
    )


@st.composite
def _registry(draw: st.DrawFn, name: str) -> str:
    host = draw(st.sampled_from(_HOSTS))
    reference = f"{host}/acme/{name}"
    more = draw(_SETTINGS)
    if draw(st.booleans()):
        return _call("cache.registry", {"ref": reference, "key": draw(_KEYS), **more})
    return _call("cache.registry", {"ref": f"{reference}:cache", **more})


@st.composite
def _local(draw: st.DrawFn, name: str) -> str:
    more = draw(_SETTINGS) | draw(st.fixed_dictionaries({}, optional={"reset": st.booleans()}))
    return _call("cache.local", {"path": f".cache/{name}", **more})


@st.composite
def _gha(draw: st.DrawFn, name: str) -> str:
    more = draw(st.fixed_dictionaries({}, optional={"mode": _MODE, "ignore_error": st.booleans()}))
    return _call("cache.gha", {"scope": name, **more})


@st.composite
def _s3(draw: st.DrawFn, name: str) -> str:
    more = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "prefix": st.sampled_from(["envd/", "team-", "a/b/"]),
                "mode": _MODE,
                "upload_parallelism": st.integers(1, 16),
                "retry_mode": st.just("adaptive"),
                "touch_refresh": st.just("12h"),
            },
        )
    )
    where: dict[str, object] = {"bucket": "acme-cache", "region": "eu-central-1", **more}
    if draw(st.booleans()):
        where |= {"endpoint_url": "https://minio.example.org", "use_path_style": True}
    where |= {"name": name} if draw(st.booleans()) else {"key": [name, "main"]}
    if draw(st.booleans()):
        secret = {
            "access_key_id": Code('cache.secret("KEY_ID")'),
            "secret_access_key": Code('cache.secret("KEY")'),
        }
        written = {key: name if key == "key" else value for key, value in where.items()}
        export = _call("cache.s3", {**written, **secret, "use": "export"})
        imported = {
            key: value for key, value in where.items() if key in ("bucket", "region", "prefix", "name", "key")
        }
        imported |= {key: value for key, value in where.items() if key in ("endpoint_url", "use_path_style")}
        return f"{export}\n{_call('cache.s3', {**imported, 'use': 'import'})}"
    return _call("cache.s3", where)


@st.composite
def _azblob(draw: st.DrawFn, name: str) -> str:
    more = draw(st.fixed_dictionaries({}, optional={"mode": _MODE, "prefix": st.just("envd")}))
    where: dict[str, object] = {
        "account_url": "https://acme.blob.core.windows.net",
        "container": "build-cache",
    }
    return _call("cache.azblob", {**where, "name": name, **more})


@st.composite
def _inline(draw: st.DrawFn, name: str) -> str:
    tag = draw(st.sampled_from([":latest", ":1.2", ""]))
    return _call("cache.inline", {"ref": f"ghcr.io/acme/images-{name}{tag}"})


# A local export beside a registry export must have the same settings, so there is one of the two.
_MANIFEST = (_registry, _local)
_OTHERS = (_gha, _s3, _azblob)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Return a build file with one to three targets, each with caches of its own."""
    names = draw(st.lists(_WORD, min_size=1, max_size=3, unique=True))
    parts = []
    for name in names:
        chosen = [draw(st.sampled_from((*_MANIFEST, _inline)))]
        chosen += draw(st.lists(st.sampled_from(_OTHERS), max_size=2, unique=True))
        calls = [draw(make(f"{name}-{number}")) for number, make in enumerate(chosen)]
        body = [
            '    base(image="ubuntu:22.04", dev=True)',
            '    install.python_packages(name=["numpy"])',
            *calls,
        ]
        parts.append(f"def {name}_target():\n" + "\n".join(body) + "\n")
    return "\n\n".join(parts)
