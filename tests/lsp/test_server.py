"""The real server process, spoken to as an editor does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envd_cache.lsp.client import Client, RefusedError, uri_of
from tests.lsp.launch import SERVER
from tests.support.processes import children_of, is_running, until

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "def build():\n    base()\n"
WRONG = f'{HEAD}    cache.gha(scope="a", mode="MAX")\n'
LIB = 'def shared():\n    cache.gha(scope="a", mode="MAX")\n'
LOADING = f'load("lib.envd", "shared")\n\n\n{HEAD}    shared()\n'


class Editor:
    """A client with one workspace folder."""

    def __init__(self, folder: Path, encodings: tuple[str, ...] = ()) -> None:
        (folder / ".git").mkdir(exist_ok=True)
        self.folder = folder
        environ = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache-home")}
        self.client = Client(SERVER, folder=str(folder), environ=environ)
        self.answer = self.client.start(str(folder), encodings)
        self.versions: dict[str, int] = {}

    def open(self, text: str, name: str = "build.envd") -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(text)
        uri = self.client.open(str(path), text)
        self.versions[uri] = 1
        return uri

    def write(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]}
        )

    def ask(self, method: str, uri: str, **more: object) -> Any:
        return self.client.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, **more})

    def codes(self, uri: str) -> list[str]:
        return [one["code"] for one in self.client.published(uri, self.versions.get(uri)) or ()]

    def until(self, uri: str, codes: list[str]) -> list[Any]:
        """Wait until the findings of a file have exactly these codes; return them."""
        self.client.wait(lambda: self.client.published(uri) is not None and self.codes(uri) == codes)
        return self.client.published(uri) or []


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    (tmp_path / "work").mkdir()
    made = Editor(tmp_path / "work")
    try:
        yield made
    finally:
        code = made.client.close()
    assert code == 0
    assert made.client.stray == b""
    assert made.client.errors == b""


def span(finding: Any) -> tuple[int, int, int, int]:
    start, end = finding["range"]["start"], finding["range"]["end"]
    return start["line"], start["character"], end["line"], end["character"]


def place(text: str, word: str) -> dict[str, int]:
    at = text.index(word)
    line = text.count("\n", 0, at)
    return {"line": line, "character": at - (text.rfind("\n", 0, at) + 1)}


def test_it_says_what_it_can(editor: Editor) -> None:
    capabilities = editor.answer["capabilities"]
    assert capabilities["textDocumentSync"]["change"] == 2
    assert capabilities["positionEncoding"] == "utf-16"
    for feature in (
        *("completion", "hover", "signatureHelp", "definition", "references", "rename", "documentSymbol"),
        *("workspaceSymbol", "codeAction", "documentFormatting", "documentRangeFormatting", "semanticTokens"),
        *("inlayHint", "codeLens", "documentLink", "foldingRange", "selectionRange", "callHierarchy"),
    ):
        assert capabilities.get(f"{feature}Provider"), feature


def test_a_finding_has_a_code_a_page_and_a_fix(editor: Editor) -> None:
    uri = editor.open(WRONG)
    (finding,) = editor.until(uri, ["EC106"])
    assert finding["severity"] == 1
    assert finding["source"] == "envd-cache"
    assert finding["message"].startswith('`mode` must be "min" or "max"')
    assert span(finding) == (2, 30, 2, 35)
    page = Path(finding["codeDescription"]["href"].removeprefix("file://"))
    assert page.read_text().startswith("# EC106 ")
    context = {"diagnostics": [finding]}
    editor.client.wait(lambda: bool(editor.ask("codeAction", uri, range=finding["range"], context=context)))
    actions = editor.ask("codeAction", uri, range=finding["range"], context=context)
    fix = next(one for one in actions if one["kind"] == "quickfix")
    assert fix["diagnostics"][0]["code"] == "EC106"
    assert fix["isPreferred"] is True
    (edit,) = fix["edit"]["changes"][uri]
    assert edit == {"range": finding["range"], "newText": '"max"'}


@pytest.mark.parametrize("name", ['" + cache.env("NOBODY_SETS_IT")', 'unknown-fact"', 'unknown"'])
def test_a_fact_that_nobody_knows_here_hides_nothing_else(editor: Editor, name: str) -> None:
    uri = editor.open(f'{HEAD}    cache.registry(ref="ghcr.io/acme/{name})\n    cache.gha(mode="max")\n')
    finding = editor.until(uri, ["EC324"] if "known-f" in name or "env" in name else ["EC313", "EC324"])[-1]
    assert span(finding)[0] == 3


def test_an_edit_is_answered_by_the_findings_of_its_version(editor: Editor) -> None:
    uri = editor.open(WRONG)
    editor.until(uri, ["EC106"])
    editor.write(uri, WRONG.replace("MAX", "max"))
    editor.until(uri, [])
    editor.write(uri, WRONG.replace("scope", "skope"))
    editor.until(uri, ["EC102", "EC106"])


def test_findings_are_those_of_a_check(editor: Editor) -> None:
    one, other = (
        'cache.registry(ref="ghcr.io/acme/app")',
        'cache.registry(ref="ghcr.io/acme/app", mode="max")',
    )
    uri = editor.open(f"{HEAD}    {one}\n    {other}\n")
    editor.client.wait(lambda: bool(editor.codes(uri)))
    values = {"paths": ["build.envd"], "fact": [], "format": "json", "no_cache": True}
    program = f"from envd_cache.cli.check import check; import sys; sys.exit(check({values}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=editor.folder, capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)["diagnostics"]
    assert sorted(editor.codes(uri)) == sorted(one["code"] for one in told)


def test_a_broken_line_costs_only_itself(editor: Editor) -> None:
    text = f'{HEAD}    cache.registry(ref="x",\n    cache.gha(scope="a", mode="MAX")\n'
    uri = editor.open(text)
    editor.client.wait(lambda: {"EC005", "EC106"} <= set(editor.codes(uri)))


def test_a_loaded_files_findings_are_shown_in_it(editor: Editor) -> None:
    (editor.folder / "lib.envd").write_text(LIB)
    editor.open(LOADING)
    library = uri_of(str(editor.folder / "lib.envd"))
    editor.client.wait(lambda: bool(editor.client.published(library)))
    (finding,) = editor.client.published(library) or []
    assert finding["code"] == "EC106"
    related = [one["location"]["uri"] for one in finding["relatedInformation"]]
    assert related == [uri_of(str(editor.folder / "build.envd"))]


def test_an_edit_of_a_loaded_file_reaches_those_that_load_it(editor: Editor) -> None:
    (editor.folder / "lib.envd").write_text(LIB.replace("MAX", "max"))
    uri = editor.open(LOADING)
    library = editor.open(LIB.replace("MAX", "max"), "lib.envd")
    editor.until(uri, [])
    editor.write(library, "def other():\n    pass\n")
    editor.client.wait(lambda: editor.codes(uri) == ["EC015"])
    editor.write(library, LIB)
    editor.client.wait(lambda: editor.codes(uri) == [] and editor.codes(library) == ["EC106"])


def test_completion_hover_and_signature_in_an_unfinished_call(editor: Editor) -> None:
    text = f'{HEAD}    cache.s3(bucket="b", '
    uri = editor.open(text)
    end = {"line": 2, "character": len(text.split("\n")[2])}
    found = editor.ask("completion", uri, position=end)["items"]
    assert {"region=", "mode="} <= {item["label"] for item in found}
    assert "bucket=" not in {item["label"] for item in found}
    region = next(item for item in found if item["label"] == "region=")
    assert region["textEdit"]["newText"] == 'region="${1}"'
    assert region["insertTextFormat"] == 2
    signature = editor.ask("signatureHelp", uri, position=end)["signatures"][0]
    assert signature["label"].startswith("cache.s3(bucket: string, *, region: string")
    shown = editor.ask("hover", uri, position=place(text, "s3"))
    assert "Amazon S3" in shown["contents"]["value"]


def test_after_an_evaluation_hover_hints_and_lenses_tell_what_is_built(editor: Editor) -> None:
    text = f'{HEAD}    cache.registry(ref="ghcr.io/acme/app", key="a/b")\n'
    uri = editor.open(text)
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    editor.client.wait(lambda: bool(editor.ask("inlayHint", uri, range=everything)))
    (hint,) = editor.ask("inlayHint", uri, range=everything)
    assert hint["label"] == "→ ghcr.io/acme/app:a-b"
    assert hint["position"] == {"line": 2, "character": len(text.split("\n")[2])}
    (lens,) = editor.ask("codeLens", uri)
    assert lens["command"]["title"] == "//:build: exports 1, imports 1"
    shown = editor.ask("hover", uri, position=place(text, "registry"))
    assert "export type=registry,ref=ghcr.io/acme/app:a-b" in shown["contents"]["value"]


def test_names_across_files(editor: Editor) -> None:
    (editor.folder / "lib.envd").write_text(LIB)
    uri = editor.open(LOADING)
    library = uri_of(str(editor.folder / "lib.envd"))
    at = place(LOADING, "shared()")
    (definition,) = editor.ask("definition", uri, position=at)
    assert (definition["uri"], definition["range"]["start"]) == (library, {"line": 0, "character": 4})
    found = editor.ask("references", uri, position=at, context={"includeDeclaration": True})
    assert sorted({one["uri"] for one in found}) == sorted({uri, library})
    changes = editor.ask("rename", uri, position=at, newName="common")["changes"]
    assert {key: len(edits) for key, edits in changes.items()} == {uri: 2, library: 1}
    with pytest.raises(RefusedError, match="word of the language"):
        editor.ask("rename", uri, position=at, newName="for")
    (item,) = editor.ask("prepareCallHierarchy", uri, position=at)
    (call,) = editor.client.request("callHierarchy/incomingCalls", {"item": item})
    assert call["from"]["name"] == "build"


def test_formatting_of_a_file_and_of_a_part(editor: Editor) -> None:
    text = 'def build():\n    base( image = "a" )\n    cache.gha( scope = "a" )\n'
    uri = editor.open(text)
    options = {"tabSize": 4, "insertSpaces": True}
    (edit,) = editor.ask("formatting", uri, options=options)
    assert edit["newText"] == '    base(image="a")\n    cache.gha(scope="a")\n'
    part = {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 0}}
    (edit,) = editor.ask("rangeFormatting", uri, options=options, range=part)
    assert (edit["range"]["start"]["line"], edit["newText"]) == (2, '    cache.gha(scope="a")\n')
    editor.write(uri, "def build(:\n")
    assert editor.ask("formatting", uri, options=options) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = f'{HEAD}    X = "é😀"; cache.gha(scope="a", mode="MAX")\n'
    (tmp_path / "work").mkdir()
    editor = Editor(tmp_path / "work", (encoding,))
    with editor.client:
        assert editor.answer["capabilities"]["positionEncoding"] == encoding
        uri = editor.open(text)
        before = text.split("\n")[2].partition('"MAX"')[0]
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        column = len(before.encode(encoding if width == 1 else f"{encoding}-le")) // width
        (finding,) = editor.until(uri, ["EC106"])
        assert span(finding) == (2, column, 2, column + 5)
        inside = {"line": 2, "character": column + 1}
        change = {"range": {"start": inside, "end": {"line": 2, "character": column + 4}}, "text": "max"}
        document = {"uri": uri, "version": 2}
        editor.versions[uri] = 2
        editor.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        editor.until(uri, [])
        items = editor.ask("completion", uri, position={"line": 2, "character": column + 2})["items"]
        assert [item["label"] for item in items] == ["min", "max"]
        assert items[0]["textEdit"]["range"]["start"] == inside


def test_a_client_without_encodings_gets_utf_16(editor: Editor) -> None:
    assert editor.answer["capabilities"]["positionEncoding"] == "utf-16"


@pytest.mark.parametrize(
    "hostile",
    [
        "X = [0] * 1000000000\n",
        "X = 1 << 100000000 << 100000000\n",
        "def f():\n    for a in range(10000000000):\n        pass\n\nf()\n",
        f"X = {'[' * 5000}{']' * 5000}\n",
        'X = "a" * 100000000000\n',
    ],
)
def test_a_hostile_file_blocks_nobody(editor: Editor, hostile: str) -> None:
    uri = editor.open(hostile + WRONG, "build.envd")
    good = editor.open(WRONG, "good/build.envd")
    editor.until(good, ["EC106"])
    for _ in range(5):
        editor.write(uri, hostile + WRONG)
        assert editor.ask("hover", good, position=place(WRONG, "gha"))
    editor.write(uri, WRONG)
    editor.until(uri, ["EC106"])


def test_nothing_outside_the_root_is_read(editor: Editor) -> None:
    outside = editor.folder.parent / "outside.envd"
    outside.write_text("SECRET = 1\n\n\ndef stolen():\n    pass\n")
    (editor.folder / "link.envd").symlink_to(outside)
    text = f'load("../outside.envd", "stolen")\nload("link.envd", b="stolen")\n\n\n{HEAD}    stolen()\n'
    uri = editor.open(text)
    editor.until(uri, ["EC012", "EC012", "EC301"])
    at = place(text, "stolen()")
    assert {one["uri"] for one in editor.ask("definition", uri, position=at)} == {uri}
    assert editor.ask("documentLink", uri) == []
    assert editor.client.request("workspace/symbol", {"query": "stolen"}) == []


def test_nothing_of_the_workspace_is_run(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    program = f"#!/bin/sh\ntouch {tmp_path}/ran\n"
    for name in ("ruff", "envd", "git"):
        (folder / name).write_text(program)
        (folder / name).chmod(0o755)
    for name in ("lark", "typeguard", "starlark", "json", "envd_cache"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    editor = Editor(folder)
    with editor.client:
        uri = editor.open(WRONG)
        editor.until(uri, ["EC106"])
        editor.ask("formatting", uri, options={"tabSize": 4, "insertSpaces": True})
    assert not (tmp_path / "ran").exists()


def test_a_credential_is_not_repeated(editor: Editor) -> None:
    uri = editor.open(f'{HEAD}    cache.gha(token="ghs-not-a-real-token-7")\n')
    (finding,) = editor.until(uri, ["EC111"])
    assert "not-a-real" not in json.dumps(finding)


def test_a_closed_file_has_no_findings(editor: Editor) -> None:
    uri = editor.open(WRONG)
    editor.until(uri, ["EC106"])
    editor.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    editor.client.wait(lambda: editor.client.published(uri) == [])


def test_a_text_that_is_no_file(editor: Editor) -> None:
    item = {"uri": "untitled:Untitled-1", "languageId": "starlark", "version": 1, "text": WRONG}
    editor.client.notify("textDocument/didOpen", {"textDocument": item})
    editor.client.wait(lambda: bool(editor.client.published("untitled:Untitled-1")))
    assert editor.ask("hover", "untitled:Untitled-1", position=place(WRONG, "gha"))


def test_requests_about_files_that_are_not_open_have_no_answer(editor: Editor) -> None:
    uri = uri_of(str(editor.folder / "nothing.envd"))
    assert editor.ask("hover", uri, position={"line": 0, "character": 0}) is None
    assert editor.ask("completion", uri, position={"line": 0, "character": 0}) is None


def test_files_that_others_write_are_noticed(editor: Editor) -> None:
    uri = editor.open(LOADING)
    editor.until(uri, ["EC001"])
    library = editor.folder / "lib.envd"
    library.write_text(LIB)
    change = {"uri": uri_of(str(library)), "type": 1}
    editor.client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    editor.client.wait(lambda: bool(editor.client.published(uri_of(str(library)))))
    editor.until(uri, [])
    found = editor.client.request("workspace/symbol", {"query": "shared"})
    assert [one["containerName"] for one in found] == ["//lib.envd"]


def test_a_configuration_holds_here_too(editor: Editor) -> None:
    (editor.folder / "envd-cache.toml").write_text('[rules]\nunused-load = "error"\nnonsense = "off"\n')
    (editor.folder / "lib.envd").write_text(LIB.replace("MAX", "max"))
    uri = editor.open(f'load("lib.envd", "shared")\n\n\n{HEAD}')
    (finding,) = editor.until(uri, ["EC301"])
    assert finding["severity"] == 1
    config = uri_of(str(editor.folder / "envd-cache.toml"))
    editor.client.wait(lambda: bool(editor.client.published(config)))
    (wrong,) = editor.client.published(config) or []
    assert (wrong["code"], span(wrong)[0]) == ("EC020", 2)


def test_a_large_file_does_not_block_others(editor: Editor) -> None:
    block = 'def f{n}():\n    base()\n    cache.gha(scope="a{n}", mode="max")\n\n\n'
    editor.open("".join([block.format(n=n) for n in range(1500)]), "large/build.envd")
    good = editor.open(WRONG, "good/build.envd")
    editor.until(good, ["EC106"])


def test_it_ends_with_its_client(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    uri = editor.open(WRONG.replace("MAX", "max"))
    editor.client.wait(lambda: bool(editor.ask("codeLens", uri)))  # it was evaluated
    children = children_of(editor.client.process.pid)
    assert children
    editor.client.process.kill()
    editor.client.process.wait()
    until(lambda: not any(is_running(child) for child in children))
    editor.client.close()
