"""The real server with what real editors say that they can do: nothing is sent that one of them cannot take.

pytest-lsp holds every answer against the abilities that the client stated, which it knows of many releases;
an answer that breaks them is a warning, and warnings are errors here.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator  # noqa: TC003 - pytest-lsp reads the annotations
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from tests.lsp.launch import SERVER

EDITORS = ["visual_studio_code@v1.65.2", "neovim@v0.7.0", "neovim@v0.11.0", "emacs@v29.1"]
WRONG = """\
def declare():
    cache.registry(ref="ghcr.io/acme/app", key=[cache.branch(default="功能"), "main"], modee="max")


def build():
    base()
    declare()
    install.python_packages(name=["numpy"])
"""
TYPING = "def build():\n    base()\n    cache.registry(ref='r', "

pytestmark = pytest.mark.asyncio(loop_scope="function")


class Editor:
    """A file in the folder of a client."""

    def __init__(self, client: LanguageClient, folder: str) -> None:
        self.client = client
        self.uri = Path(folder, "build.envd").as_uri()

    async def open(self, text: str) -> list[types.Diagnostic]:
        """Open the file and return the first findings of it."""
        document = types.TextDocumentItem(self.uri, "envd", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        while self.uri not in self.client.diagnostics:
            await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        return list(self.client.diagnostics[self.uri])

    def at(self, line: int, character: int) -> dict[str, Any]:
        """Return the parameters of a question about a place."""
        document = types.TextDocumentIdentifier(self.uri)
        return {"text_document": document, "position": types.Position(line, character)}


@pytest_lsp.fixture(params=EDITORS, config=ClientServerConfig(server_command=list(SERVER)))  # type: ignore[untyped-decorator]
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient) -> AsyncIterator[None]:
    # An editor answers this; the library's client does not.
    lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda _: None)
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given).resolve()
        (folder / ".git").mkdir()
        (folder / "build.envd").write_text(WRONG)
        params = types.InitializeParams(
            capabilities=client_capabilities(request.param),
            root_uri=folder.as_uri(),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "work")],
        )
        await lsp_client.initialize_session(params)
        lsp_client.folder = str(folder)  # type: ignore[attr-defined]
        yield
        await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient) -> Editor:
    return Editor(client, client.folder)  # type: ignore[attr-defined]


async def test_findings_and_fixes(editor: Editor) -> None:
    (found,) = [one for one in await editor.open(WRONG) if one.code == "EC102"]
    assert found.range.start.line == 1
    context = types.CodeActionContext([found], [types.CodeActionKind.QuickFix])
    document = types.TextDocumentIdentifier(editor.uri)
    params = types.CodeActionParams(document, found.range, context)
    actions = await editor.client.text_document_code_action_async(params)
    assert "mode" in str(actions)


async def test_completion_and_signature(editor: Editor) -> None:
    await editor.open(TYPING)
    where = editor.at(2, len(TYPING.splitlines()[2]))
    answer = await editor.client.text_document_completion_async(types.CompletionParams(**where))
    items = answer.items if isinstance(answer, types.CompletionList) else answer or []
    labels = [item.label for item in items]
    assert any(label.startswith("mode") for label in labels)
    assert not any(label.startswith("ref") for label in labels)
    help_ = await editor.client.text_document_signature_help_async(types.SignatureHelpParams(**where))
    assert help_ is not None
    assert "cache.registry" in help_.signatures[0].label


async def test_hover_and_definition(editor: Editor) -> None:
    await editor.open(WRONG)
    hover = await editor.client.text_document_hover_async(types.HoverParams(**editor.at(1, 12)))
    assert hover is not None
    assert "registry" in str(hover.contents)
    where = editor.at(6, 6)
    found = await editor.client.text_document_definition_async(types.DefinitionParams(**where))
    (place,) = found if isinstance(found, list) else [found]
    assert isinstance(place, types.Location)
    assert (place.uri, place.range.start) == (editor.uri, types.Position(0, 4))


async def test_symbols_and_all_that_is_drawn(editor: Editor) -> None:
    await editor.open(WRONG)
    client, document = editor.client, types.TextDocumentIdentifier(editor.uri)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert [one.name for one in symbols or ()] == ["declare", "build"]
    assert await client.text_document_folding_range_async(types.FoldingRangeParams(document))
    assert await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
    whole = types.Range(types.Position(0, 0), types.Position(8, 0))
    await client.text_document_inlay_hint_async(types.InlayHintParams(document, whole))
    await client.text_document_code_lens_async(types.CodeLensParams(document))
    await client.text_document_document_link_async(types.DocumentLinkParams(document))
