"""Editors from Debian packages, run from the folder in which they lie unpacked: nothing is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from tests.support import packages

if TYPE_CHECKING:
    from pathlib import Path

SUITE = "bookworm"
_UNREAD = ("usr/share/doc", "usr/share/man", "usr/share/locale")
# The first release of Debian that has it.
SUITES = {"helix": "trixie"}
_NEOVIM = "neovim neovim-runtime libluajit-5.1-2 libluajit2-5.1-2 libmsgpackc2 libtermkey1 libtree-sitter0"
_NEOVIM += " libunibilium4 libuv1 libvterm0 lua-luv"
# The sources too: without them Emacs warns of every file that has a native form, and ends.
_EMACS = "emacs-nox emacs-bin-common emacs-common emacs-el elpa-eglot elpa-project elpa-xref elpa-seq"
_EMACS += " elpa-lsp-mode elpa-dash elpa-f elpa-s elpa-ht elpa-spinner elpa-markdown-mode elpa-lv"
_EMACS += " libacl1 libasound2 libdbus-1-3 libgccjit0 libgmp10 libgnutls30 libgpm2 libjansson4 liblcms2-2"
_EMACS += " libselinux1 libsystemd0 libtinfo6 libxml2 zlib1g libcap2 libgcrypt20 libgpg-error0 libhogweed6"
_EMACS += (
    " libicu72 libidn2-0 libisl23 liblz4-1 liblzma5 libmpc3 libmpfr6 libnettle8 libp11-kit0 libpcre2-8-0"
)
_EMACS += " libtasn1-6 libunistring2 libzstd1 libffi8 libstdc++6"
_VIM = "vim vim-runtime vim-common vim-ale libacl1 libgpm2 libselinux1 libsodium23 libtinfo6 libpcre2-8-0"
# Without the libraries that a machine with any graphical program has.
_CHROMIUM = (
    "chromium chromium-common libasyncns0 libcolord2 libdouble-conversion3 libepoxy0 libflac12 libgtk-3-0"
)
_CHROMIUM += (
    " libharfbuzz-subset0 libminizip1 libmp3lame0 libmpg123-0 libogg0 libopenh264-7 libopenjp2-7 libopus0"
)
_CHROMIUM += " libpulse0 libsndfile1 libvorbis0a libvorbisenc2 libwayland-cursor0 libwayland-egl1 libxnvctrl0"
_HELIX = "hx libc6 libgcc-s1 libstdc++6"
EDITORS = {"neovim": _NEOVIM, "emacs": _EMACS, "vim": _VIM, "helix": _HELIX}
PACKAGES = EDITORS | {"chromium": _CHROMIUM}


class Editor(NamedTuple):
    """A program of an unpacked package and the environment in which it finds its own files."""

    words: tuple[str, ...]
    environment: dict[str, str]
    root: Path


def neovim() -> Editor:
    """Return Neovim 0.7.2. Raises CannotFetch."""
    root = folder("neovim")
    runtime = {"VIM": str(root / "usr/share/nvim"), "VIMRUNTIME": str(root / "usr/share/nvim/runtime")}
    return Editor((str(root / "usr/bin/nvim"),), _libraries(root) | runtime, root)


def vim() -> Editor:
    """Return Vim 9.0 with ALE 3.3.0. Raises CannotFetch."""
    root = folder("vim")
    runtime = {"VIM": str(root / "usr/share/vim"), "VIMRUNTIME": str(root / "usr/share/vim/vim90")}
    return Editor((str(root / "usr/bin/vim.basic"),), _libraries(root) | runtime, root)


def helix() -> Editor:
    """Return Helix 25.01, which is started through the C library that it was made for. Raises CannotFetch."""
    root = folder("helix")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    words = (str(root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", str(libraries))
    return Editor(
        (*words, str(root / "usr/bin/hx")), {"HELIX_RUNTIME": str(root / "usr/lib/hx/runtime")}, root
    )


def emacs() -> Editor:
    """Return Emacs 28.2 with Eglot 1.9 and lsp-mode 8.0.0, without a window system. Raises CannotFetch."""
    root = folder("emacs")
    share, own = root / "usr/share/emacs", root / "usr/libexec/emacs/28.2/x86_64-linux-gnu"
    lisp = [path for path, _, _ in os.walk(share / "28.2/lisp")]
    added = map(str, sorted((share / "site-lisp/elpa-src").iterdir()))
    places = {
        "EMACSLOADPATH": ":".join([*lisp, *added]),
        "EMACSDATA": str(share / "28.2/etc"),
        "EMACSDOC": str(share / "28.2/etc"),
        "EMACSPATH": str(own),
    }
    words = (str(root / "usr/bin/emacs-nox"), f"--dump-file={own / 'emacs.pdmp'}")
    return Editor(words, _libraries(root) | places, root)


def folder(name: str) -> Path:
    """Return the folder in which one of PACKAGES lies unpacked, with its /usr/share. Raises CannotFetch."""
    return packages.debian(SUITES.get(name, SUITE), PACKAGES[name].split(), _UNREAD)


def _libraries(root: Path) -> dict[str, str]:
    places = (root / "lib/x86_64-linux-gnu", root / "usr/lib/x86_64-linux-gnu")
    return {"LD_LIBRARY_PATH": ":".join(map(str, places))}
