"""What the real envd 1.3.6 asks BuildKit for when it has the flags that we compile."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.differential.oracle import envd
from tests.emit.workshop import Workshop
from tests.support.control_api import REFUSED, Recorder
from tests.support.image_registry import image_registry, trust
from tests.support.wire_parsers import llb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.control_api import Asked
    from tests.support.wire_parsers import Entries

BUILD = 'def build():\n    base(image="{image}")\n    run(commands=["true"])\n'

DECLARATIONS = (
    'cache.s3(bucket="b", region="eu-central-1", prefix="a,b/", name="n", mode="max")',
    'cache.s3(bucket="b", region="r", endpoint_url="http://s3:9", use_path_style=True, touch_refresh="1h")',
    'cache.azblob(account_url="https://acme.blob.core.windows.net", container="c", name="n", mode="max")',
    'cache.azblob(account_url="https://a.example.org/x?y=\\"z\\"", container="c", prefix="p q")',
    'cache.registry(ref="localhost:1/a:b", mode="max", compression="zstd", compression_level=3)',
    "cache.inline()",
    'cache.local(path="out,\\"where\\"", use="export")',
)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[[Sequence[str]], Asked]]:
    program = envd()
    if program is None:
        pytest.skip("envd not found: it comes with the test extra")
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "ENVD_ANALYTICS": "false"}
    environ["AWS_EC2_METADATA_DISABLED"] = "true"

    def run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as folder, image_registry() as registry:
        trust(tmp_path, registry)
        (tmp_path / "build.envd").write_text(BUILD.format(image=f"{registry}/image:1"))
        socket = Path(folder) / "socket"
        with Recorder(socket) as recorder:
            context = ["--name", "recorder", "--builder", "unix", "--builder-address", str(socket), "--use"]
            assert run(["context", "create", *context]).returncode == 0

            def ask(flags: Sequence[str]) -> Asked:
                done = run(["build", "--force", "--output", "type=tar,dest=image.tar", *flags])
                assert done.returncode == 1
                assert REFUSED in done.stderr
                assert len(recorder.asked) == 1
                return recorder.asked[0]

            yield ask


def with_mode(entries: Entries) -> Entries:
    """Return entries as envd sends them: each export has a mode."""
    return [(kind, {"mode": "min"} | attrs) for kind, attrs in entries[0]], entries[1]


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_envd_asks_for_what_was_declared(
    declaration: str, asked: Callable[[Sequence[str]], Asked], tmp_path_factory: pytest.TempPathFactory
) -> None:
    workshop = Workshop(tmp_path_factory.mktemp("declared"))
    plan = workshop.plan_of(f"def build():\n    base()\n    {declaration}\n")
    flags, document = (workshop.compile_to(to, [plan]).value for to in ("envd", "llb"))
    assert isinstance(flags, str)
    assert isinstance(document, str)
    found = asked(shlex.split(flags))
    # envd builds through its own gateway, which asks for the imports apart from the exports.
    assert (found.cache[0], found.bridged) == with_mode(llb(document))
    assert found.cache[1] == []
    assert found.exporters == [("tar", {})]
    assert (found.frontend, found.attrs) == ("", {})


def test_the_recorder_takes_what_we_would_not_write(asked: Callable[[Sequence[str]], Asked]) -> None:
    """Keys are lower-cased, the last of two flags counts, an unknown key is sent."""
    export = ["--export-cache=type=s3,bucket=a", "--export-cache=type=s3,Bucket=b,Bogus=1,mode=MAX"]
    found = asked([*export, "--import-cache=localhost:1/x"])
    assert found.cache == ([("s3", {"bucket": "b", "bogus": "1", "mode": "MAX"})], [])
    assert found.bridged == [("registry", {"ref": "localhost:1/x"})]
