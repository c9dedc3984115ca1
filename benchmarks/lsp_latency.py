"""Measures the language server over stdio, side by side with `ruff server` and `jedi-language-server`.

    python benchmarks/lsp_latency.py [--rounds N] [--lines 100,1000,10000]

All get the same text, which is Starlark and Python alike; ruff is told, as in envd's own repository, that
names it does not know are fine. `edit` is from a change of one character to the
findings of that version (ruff: the answer to a pull, which is what it offers; jedi: its notification).
`complete` is a completion right behind an edit. `start` is from the start of the process to the answer to
`initialize`. Times are milliseconds, the median and the 99th percentile; `rss` is the memory at the end.
Peers that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from envd_cache.lsp.client import Client, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

OURS = [sys.executable, "-P", "-m", "envd_cache", "lsp"]
BLOCK = """
def build_{n}():
    base(image="ubuntu:22.04", dev=True)
    install.python(version="3.11")
    install.python_packages(name=["numpy", "pandas{n}"])
    cache.registry(ref="ghcr.io/acme/app{n}", key=[cache.branch(), "main"], mode="max")
    cache.s3(bucket="acme", region="eu-central-1", name="app{n}", mode="max")
    runtime.environ(env={{"A": "{n}"}})
    config.jupyter()

"""


def text_of(lines: int) -> str:
    """Return a build file of about so many lines."""
    size = BLOCK.count("\n")
    return "".join([BLOCK.format(n=n) for n in range(max(1, lines // size))])


class Peer:
    """One server: how to start it, and how its findings arrive after an edit."""

    def __init__(self, name: str, words: list[str], *, pulls: bool = False, suffix: str = ".py") -> None:
        self.name = name
        self.words = words
        self.pulls = pulls
        self.suffix = suffix


def peers() -> list[Peer]:
    """Return our server and the peers that are installed."""
    folder = Path(sys.executable).parent
    found = [Peer("envd-cache", OURS, suffix=".envd")]
    for name, arguments, pulls in (("ruff", ["server"], True), ("jedi-language-server", [], False)):
        program = folder / name
        path = str(program) if program.exists() else shutil.which(name)
        if path:
            found.append(Peer(name, [path, *arguments], pulls=pulls))
        else:
            print(f"{name} is not installed: pip install {name}")
    return found


def measure(peer: Peer, text: str, rounds: int) -> dict[str, Any]:
    """Return the times of one server on one text."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder).resolve() / f"build{peer.suffix}")
        Path(path).write_text(text)
        (Path(folder) / "ruff.toml").write_text('[lint]\nignore = ["F821"]\n')
        began = time.perf_counter()
        with Client(peer.words, folder=folder) as client:
            client.start(str(Path(path).parent), ("utf-16",))
            start = time.perf_counter() - began
            uri = client.open(path, text)
            document = {"uri": uri, "version": 1}
            if not peer.pulls:
                client.wait(lambda: client.published(uri) is not None, 120)
            complete(client, uri, 0, 0)
            settle(client)
            edits, completions = [], []
            line = text.count("\n") // 2 // BLOCK.count("\n") * BLOCK.count("\n") + 5
            column = text.split("\n")[line].index('"ghcr.io') + 9 if "ghcr" in text.split("\n")[line] else 4
            for number in range(rounds):
                version = number + 2
                document = {"uri": uri, "version": version}
                edits.append(timed(edit, client, peer, document, line, column + number))
                completions.append(timed(complete, client, uri, line, 10))
                time.sleep(0.02)
            memory = rss(client.process.pid)
    return {"start": start, "edit": edits, "complete": completions, "rss": memory}


def measure_workspace(files: int) -> None:
    """Print how long requests take while so many build files are indexed.

    The first findings of all wait until the parser is loaded, with an index or without: they are told apart.
    """
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given).resolve()
        (folder / ".git").mkdir()
        for number in range(files):
            path = folder / f"team{number % 100}" / f"service{number}" / "build.envd"
            path.parent.mkdir(parents=True)
            path.write_text('load("//caches.envd", "shared")\n' + BLOCK.format(n=number))
        (folder / "caches.envd").write_text("def shared():\n    pass\n")
        with Client(OURS, folder=given) as client:
            began = time.perf_counter()
            client.start(str(folder), ("utf-16",))
            uri = client.open(str(path), path.read_text())
            client.wait(lambda: client.published(uri) is not None)
            first = time.perf_counter() - began
            times = []
            while not indexed(client) and time.perf_counter() - began < 120:
                place = {"line": 5, "character": 11}
                params = {"textDocument": {"uri": uri}, "position": place}
                times.append(timed(client.request, "textDocument/hover", params))
                time.sleep(0.01)
            whole = time.perf_counter() - began
            found = client.request("workspace/symbol", {"query": f"build_{files - 1}"})
            memory = rss(client.process.pid)
        print(
            f"first findings after {first * 1000:.0f} ms; {files:,} files indexed in {whole:.1f} s, "
            f"{len(times)} requests meanwhile: "
            f"p50 and p99 {shown(times)} ms, longest {max(times) * 1000:.1f} ms; "
            f"{len(found)} symbol found; {memory} MiB"
        )


def indexed(client: Client) -> bool:
    """Say whether the server told that it has indexed the workspace."""
    ends = [one for one in client.notes if one[0] == "$/progress" and one[1]["value"].get("kind") == "end"]
    return bool(ends)


def settle(client: Client) -> None:
    """Wait until a server has no more news, at most a while."""
    number = -1
    until = time.monotonic() + 60
    while number != len(client.notes) and time.monotonic() < until:
        number = len(client.notes)
        time.sleep(1.0)


def timed(action: Callable[..., object], *given: object) -> float:
    """Return how long an action took with what it was given, in seconds."""
    began = time.perf_counter()
    action(*given)
    return time.perf_counter() - began


def edit(client: Client, peer: Peer, document: dict[str, Any], line: int, column: int) -> None:
    """Insert one character and wait for the findings of that text."""
    place = {"line": line, "character": column}
    change = {"range": {"start": place, "end": place}, "text": "x"}
    before = len(client.notes)
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    if peer.pulls:
        client.request("textDocument/diagnostic", {"textDocument": {"uri": document["uri"]}})
    else:
        client.wait(lambda: any(one[0].endswith("publishDiagnostics") for one in client.notes[before:]))


def complete(client: Client, uri: str, line: int, column: int) -> None:
    """Ask for what can stand at a place; a server that cannot tell is not asked again."""
    try:
        params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
        client.request("textDocument/completion", params)
    except RefusedError:
        return


def rss(pid: int) -> int:
    """Return the memory of a process and of those that it started, in MiB."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (int(entry.name) == pid or parent(entry) == pid):
            for row in (entry / "status").read_text().splitlines():
                if row.startswith("VmRSS:"):
                    total += int(row.split()[1])
    return total // 1024


def parent(entry: Path) -> int:
    """Return the parent of a process, 0 when it is gone."""
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def shown(times: list[float]) -> str:
    """Return median and 99th percentile in milliseconds."""
    ordered = sorted(times)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{statistics.median(ordered) * 1000:8.2f} {last * 1000:8.2f}"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--lines", default="100,1000,10000")
    parser.add_argument("--files", type=int, default=10_000, help="of the workspace that is indexed")
    given = parser.parse_args()
    print(" lines server                   start edit p50      p99  compl p50      p99   rss")
    for lines in map(int, given.lines.split(",")):
        for peer in peers():
            # jedi-language-server waits a second before it looks at a text.
            rounds = given.rounds if peer.name != "jedi-language-server" else min(given.rounds, 10)
            found = measure(peer, text_of(lines), rounds)
            print(
                f"{lines:6} {peer.name:22} {found['start'] * 1000:7.0f} {shown(found['edit'])}  "
                f"{shown(found['complete'])} {found['rss']:5}",
                flush=True,
            )
    if given.files:
        measure_workspace(given.files)


if __name__ == "__main__":
    main()
