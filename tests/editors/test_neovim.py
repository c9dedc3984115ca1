"""Neovim 0.7.2, set up as the page says, with nobody at the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.editors.conftest import MENDED, fetched
from tests.editors.fetched import neovim
from tests.editors.pages import blocks
from tests.editors.remote_neovim import Neovim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.editors.conftest import Workspace

LINES = '(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\\n") .. "\\n")'
SHOWN = "{d.lnum, d.col, d.end_col, d.user_data.lsp.code}"
FINDINGS = f"vim.tbl_map(function(d) return {SHOWN} end, vim.diagnostic.get(0))"
FIXES = """(function()
    local asked = vim.lsp.util.make_range_params()
    asked.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics() }
    local _, answer = next(vim.lsp.buf_request_sync(0, "textDocument/codeAction", asked, 9000) or {})
    return answer and answer.result and answer.result[1]
end)()"""


@pytest.fixture
def editor(workspace: Workspace) -> Iterator[Neovim]:
    settings = workspace.folder.parent / "init.lua"
    settings.write_text("\n".join(blocks("neovim.md", "Neovim 0.7 to 0.10")))
    with Neovim(fetched(neovim), workspace, settings) as running:
        yield running


def test_a_mistake_is_shown_explained_mended_and_formatted(editor: Neovim, workspace: Workspace) -> None:
    assert editor.lua("vim.bo.filetype") == "envd"
    assert editor.lua("vim.bo.commentstring") == "# %s"
    assert editor.lua("vim.fn.synIDattr(vim.fn.synID(1, 1, 1), 'name')") == "pythonStatement"

    # The columns of Neovim are bytes: `𝄞é` are 6.
    line = workspace.file.read_text(encoding="utf-8").splitlines()[2].encode()
    start = line.index(b"regoin")
    assert editor.until(FINDINGS) == [[2, start, start + 6, "EC102"]]

    editor.type("3Gfs<Esc>:call search('s3')<CR>K")
    shown = "vim.tbl_map(function(w) return table.concat(vim.api.nvim_buf_get_lines("
    shown += (
        "vim.api.nvim_win_get_buf(w), 0, -1, true), ' ') end, vim.list_slice(vim.api.nvim_list_wins(), 2))"
    )
    assert "Amazon S3" in str(editor.until(shown))

    editor.type("<Esc>3G:call search('regoin')<CR>")
    # The fix is there when the file was evaluated, a little after the mistake was shown.
    editor.until(FIXES)
    editor.type(":lua vim.ui.select = function(all, _, choose) choose(all[1], 1) end<CR>gra")
    assert 'region="eu-central-1"' in str(editor.until(f"{LINES}:match('[^\\n]*region=[^\\n]*')"))
    assert editor.until(f"#{FINDINGS} == 0")

    editor.type("3G$i, mo<C-x><C-o>")
    editor.until(f"{LINES}:match('mode=')")
    editor.type("<C-y>" if editor.lua("vim.fn.pumvisible()") else "")
    editor.type('"max"<Esc>')
    editor.type("grf")
    assert editor.until(f"{LINES}:match('\\n    cache.*') and {LINES}") == MENDED
