"""Emacs 28.2, set up as the page says, in batch: with Eglot 1.9 and with lsp-mode 8.0.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.editors.conftest import BROKEN, MENDED, fetched
from tests.editors.fetched import emacs
from tests.editors.pages import blocks

if TYPE_CHECKING:
    from tests.editors.conftest import Workspace

DRIVERS = Path(__file__).with_name("drivers")


@pytest.mark.parametrize(("heading", "driver"), [("Eglot", "eglot.el"), ("lsp-mode", "lsp-mode.el")])
def test_a_mistake_is_shown_explained_mended_and_formatted(
    workspace: Workspace, heading: str, driver: str
) -> None:
    # lsp-mode 8 counts characters where the protocol counts code units of UTF-16.
    counted = "" if heading == "lsp-mode" else "𝄞"
    workspace.file.write_text(BROKEN.replace("𝄞", counted), encoding="utf-8")
    settings = workspace.folder.parent / "init.el"
    settings.write_text("\n".join([blocks("emacs.md")[0], *blocks("emacs.md", heading)]))
    loaded = [settings, DRIVERS / "common.el", DRIVERS / driver]
    done = workspace.run(
        fetched(emacs), "--batch", "-Q", *(word for file in loaded for word in ("-l", str(file)))
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert told["mode"] == "envd-mode"
    assert told["findings"] == 1
    assert "EC102" in told["message"]
    assert "`cache.s3` has no argument `regoin`" in told["message"]
    assert told["place"] == "regoin"
    assert "Amazon S3" in told["hover"]
    assert told["text"] == MENDED.replace("𝄞", counted)
