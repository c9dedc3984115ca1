"""`envd-cache lsp --check FILE`: starts the server as an editor does, opens a file, tells what comes back."""

from __future__ import annotations

import os
import time

from envd_cache.lsp.client import Client, RefusedError, ServerDiedError
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LEVELS = {1: "error", 2: "warning", 3: "note", 4: "hint"}
# What a server without news is given to send its last findings.
QUIET_SECONDS = 1.0
FEATURES = {
    "completionProvider": "completion",
    "signatureHelpProvider": "signature help",
    "hoverProvider": "hover",
    "definitionProvider": "definition",
    "referencesProvider": "references",
    "renameProvider": "rename",
    "documentSymbolProvider": "symbols",
    "codeActionProvider": "code actions",
    "documentFormattingProvider": "formatting",
    "semanticTokensProvider": "semantic tokens",
    "inlayHintProvider": "inlay hints",
    "codeLensProvider": "code lens",
    "callHierarchyProvider": "call hierarchy",
}


class Smoke(Record):
    """What a try told, as text, and whether the server works."""

    text: str
    works: bool


def smoke(words: Sequence[str], path: str) -> Smoke:
    """Start a server with a command, open a file, and return what came back."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        return Smoke(f"{path}: {error.strerror}\n", works=False)
    except ValueError:
        return Smoke(f"{path}: not UTF-8\n", works=False)
    lines = [f"starting {words[0]}"]
    began = time.monotonic()
    client = Client(words, folder=os.path.dirname(path))
    try:
        with client:
            answer = client.start(os.path.dirname(path), ("utf-8", "utf-16"))
            lines += _server(answer, time.monotonic() - began)
            lines += _file(client, path, text)
            code = client.close()
    except (ServerDiedError, RefusedError, OSError) as error:
        return Smoke("\n".join([*lines, f"it does not work: {error}"]) + "\n", works=False)
    lines.append(f"ended with exit code {code}")
    if client.stray:
        lines.append(f"on standard output, but no message: {client.stray!r}")
    if client.errors:
        lines.append(f"on standard error:\n{client.errors.decode(errors='replace').rstrip()}")
    works = code == 0 and not client.stray
    return Smoke("\n".join([*lines, "the server works" if works else "it does not work"]) + "\n", works=works)


def _server(answer: Any, seconds: float) -> list[str]:
    info = answer.get("serverInfo") or {}
    capabilities = answer["capabilities"]
    features = [name for key, name in FEATURES.items() if capabilities.get(key)]
    return [
        f"{info.get('name')} {info.get('version')} answered after {seconds:.2f} s",
        f"positions are in {capabilities.get('positionEncoding')}",
        f"it offers {', '.join(features)}",
    ]


def _file(client: Client, path: str, text: str) -> list[str]:
    uri = client.open(path, text)
    client.wait(lambda: client.published(uri) is not None)
    number = -1
    while number != len(client.notes):  # until it has no more to say
        number = len(client.notes)
        time.sleep(QUIET_SECONDS)
    lines = [f"opened {path}: {len(text.splitlines())} lines"]
    for finding in client.published(uri) or ():
        start = finding["range"]["start"]
        level = LEVELS[finding["severity"]]
        message = finding["message"].replace("\n", "; ")
        place = f"{start['line'] + 1}:{start['character'] + 1}"
        lines.append(f"  {place}: {level}[{finding['code']}]: {message}")
    document = {"textDocument": {"uri": uri}}
    symbols = client.request("textDocument/documentSymbol", document)
    lenses = client.request("textDocument/codeLens", document)
    lines.append(f"  symbols: {', '.join(one['name'] for one in symbols) or 'none'}")
    lines += [f"  {one['command']['title']}" for one in lenses]
    return lines
