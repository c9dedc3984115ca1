"""envd's `install.*` functions: languages, tools and packages. Facts: envd 1.3.6, measured."""

from __future__ import annotations

from envd_cache.catalog.model import Builtin, Param, Rule

BUILTINS: tuple[Builtin, ...] = (
    Builtin(
        "install.apt_packages",
        doc="Install system packages with apt.",
        params=(Param("name", list[str], doc="Names of the packages; `name=version` for a certain one."),),
    ),
    Builtin(
        "install.codex",
        doc="Install the Codex command line agent.",
        params=(Param("version", str, doc="Version to install; envd's own choice when it is not given."),),
    ),
    Builtin(
        "install.conda",
        doc="Install conda, and Python through it.",
        error_name="install.python",
        params=(
            Param("use_mamba", bool, default=False, doc="Install mamba, which is faster, in its place."),
        ),
    ),
    Builtin(
        "install.conda_packages",
        doc="Install packages with conda.",
        params=(
            Param("name", list[str], doc="Names of the packages."),
            Param("channel", list[str], doc="Channels to look in, before the usual ones."),
            Param(
                "env_file", str, doc="An environment file of conda that lists everything in place of this."
            ),
        ),
        conflicts=(("env_file", ("name", "channel"), "env_file and name/channel are mutually exclusive"),),
        after=("install.conda", "cannot install conda packages when conda is not installed"),
    ),
    Builtin(
        "install.cuda",
        doc="Take an image with NVIDIA's CUDA as the base.",
        params=(
            Param("version", str, required=True, doc="Version of CUDA."),
            Param("cudnn", str, default="8", doc="Version of cuDNN."),
        ),
    ),
    Builtin(
        "install.go",
        doc="Install the Go compiler.",
        params=(Param("version", str, doc="Version to install; envd's own choice when it is not given."),),
    ),
    Builtin("install.julia", doc="Install the Julia language.", any_arguments=True),
    Builtin(
        "install.julia_packages",
        doc="Install Julia packages.",
        params=(Param("name", list[str], required=True, doc="Names of the packages, at least one."),),
        rules=(
            Rule(
                "name",
                "filled",
                "Can not install empty Julia package",
                hint="name a package, or leave the call out",
            ),
        ),
    ),
    Builtin(
        "install.nodejs",
        doc="Install Node.js.",
        params=(Param("version", str, doc="Version to install; envd's own choice when it is not given."),),
    ),
    Builtin(
        "install.pixi",
        doc="Install pixi, a package manager for conda and PyPI packages.",
        params=(
            Param("use_pixi_mirror", bool, default=False, doc="Fetch conda packages from a mirror."),
            Param("pypi_index", str, default="", doc="Address of the index from which PyPI packages come."),
        ),
    ),
    Builtin(
        "install.python",
        doc="Install Python 3.",
        params=(Param("version", str, default="3.11", doc="Version of Python; 2 is not supported."),),
        rules=(
            Rule(
                "version",
                "python3",
                "envd doesn't support this Python version",
                hint='give a version of Python 3, such as "3.11"',
            ),
        ),
    ),
    Builtin(
        "install.python_packages",
        doc="Install Python packages with pip.",
        params=(
            Param("name", list[str], doc="Names of the packages, with versions as pip reads them."),
            Param("requirements", str, doc="Path of a requirements file in the project folder."),
            Param("local_wheels", list[str], doc="Paths of wheel files in the project folder."),
        ),
    ),
    Builtin("install.r_lang", doc="Install the R language.", any_arguments=True),
    Builtin(
        "install.r_packages",
        doc="Install R packages.",
        params=(Param("name", list[str], required=True, doc="Names of the packages, at least one."),),
        rules=(
            Rule(
                "name",
                "filled",
                "Can not install empty R package",
                hint="name a package, or leave the call out",
            ),
        ),
    ),
    Builtin(
        "install.rust",
        doc="Install the Rust compiler.",
        params=(Param("version", str, doc="Version to install; envd's own choice when it is not given."),),
    ),
    Builtin(
        "install.uv",
        doc="Install uv, a package manager for Python, and Python through it.",
        params=(Param("python_version", str, default="3.11", doc="Version of Python."),),
    ),
    Builtin(
        "install.vscode_extensions",
        doc="Install extensions of Visual Studio Code.",
        params=(
            Param(
                "name",
                list[str],
                required=True,
                doc="Extensions as `publisher.name` or `publisher.name-version`.",
            ),
        ),
        rules=(
            Rule(
                "name",
                "extensions",
                "invalid publisher",
                hint='write `publisher.name` or `publisher.name-version`, such as "ms-python.python"',
            ),
        ),
    ),
)
