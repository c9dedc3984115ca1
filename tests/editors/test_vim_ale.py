"""Vim 9.0 with ALE 3.3.0, set up as the page says, with nobody at the keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.editors.conftest import BROKEN, fetched
from tests.editors.fetched import vim
from tests.editors.pages import blocks

if TYPE_CHECKING:
    from tests.editors.conftest import Workspace

DRIVER = Path(__file__).parent / "drivers/ale.vim"


def test_a_mistake_is_shown(workspace: Workspace) -> None:
    editor = fetched(vim)
    home = workspace.folder.parent
    # ALE 3 takes the protocol's code units of UTF-16 for bytes: no other letters here.
    text = BROKEN.replace("𝄞é", "")
    workspace.file.write_text(text)
    linter, settings = blocks("vim-ale.md")
    place = home / ".vim/ale_linters/envd/envd_cache.vim"
    place.parent.mkdir(parents=True)
    place.write_text(linter)
    plugin = f"set nocompatible\nset runtimepath^={editor.root / 'usr/share/vim-ale'}\n"
    (home / ".vimrc").write_text(f"{plugin}filetype plugin on\n{settings}")
    # `-Es` reads no keys; what it loads by itself stays away.
    words = ["-u", str(home / ".vimrc"), "-i", "NONE", "-n", "-E", "-s", "-S", str(DRIVER)]
    done = workspace.run(editor, *words)
    told = json.loads((workspace.folder / "told.json").read_text() or done.stderr)
    assert (told["filetype"], told["comment"], told["colour"]) == ("envd", "# %s", "pythonStatement")
    [[line, column, end, code, message]] = told["findings"]
    start = text.splitlines()[2].index("regoin")
    # ALE counts from 1; the end is the last letter.
    assert (line, column, end, code) == (3, start + 1, start + 6, "EC102")
    assert message.startswith("`cache.s3` has no argument `regoin`")
