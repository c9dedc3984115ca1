"""The functions and values that envd itself puts into a build file.

Facts: the behaviour of envd 1.3.6, measured with `envd debug llb`. Parameters stand in envd's positional
order; `required` is what envd's argument check says, `rules` are what it finds out later.
"""

from __future__ import annotations

from envd_cache.catalog import envd_config, envd_install, envd_runtime
from envd_cache.catalog.model import Builtin, Constant, Param, Rule

BUILTINS: tuple[Builtin, ...] = (
    Builtin(
        "base",
        doc="Choose the image that the environment starts from.",
        params=(
            Param("image", str, default="ubuntu:22.04", doc="Reference of the image to start from."),
            Param(
                "dev",
                bool,
                default=False,
                doc="Also set up what envd needs to work inside: user, SSH, tools.",
            ),
        ),
    ),
    Builtin(
        "shell",
        doc="Choose the login shell of a development environment.",
        positional_only=True,
        params=(Param("name", str, required=True, doc="Name of the shell, such as `zsh` or `fish`."),),
    ),
    Builtin(
        "run",
        doc="Run shell commands while the image is built.",
        params=(
            Param("commands", list[str], required=True, doc="Commands, run one after the other in one step."),
            Param(
                "mount_host",
                bool,
                default=False,
                doc="Let the commands see the project folder; the step is then never taken from a cache.",
            ),
        ),
    ),
    Builtin(
        "git_config",
        doc="Set up git inside the environment.",
        params=(
            Param("name", str, doc="Name of the author of commits."),
            Param("email", str, doc="E-mail address of the author of commits."),
            Param("editor", str, doc="Editor that git opens for messages."),
        ),
    ),
    Builtin(
        "include",
        doc="Fetch a git repository and return a module with the functions of all its build files.",
        params=(Param("git", str, doc="Address of the repository, or the path of a local one."),),
        rules=(Rule("git", "required", "git is required", hint="give the address of a git repository"),),
        returns="module",
    ),
    *envd_config.BUILTINS,
    *envd_install.BUILTINS,
    *envd_runtime.BUILTINS,
)

CONSTANTS: tuple[Constant, ...] = (
    Constant(
        "data.path.huggingface",
        "~/.cache/huggingface",
        doc="Folder in which the Hugging Face libraries keep what they download.",
    ),
    Constant("data.path.dgl", "~/.dgl", doc="Folder in which the Deep Graph Library keeps its data sets."),
    Constant(
        "_build_context_dir", "", doc="Absolute path of the folder that is built; known only to the build."
    ),
)

# The names that Starlark itself has, as envd 1.3.6 has them (go-starlark without sets, json, math or time)
# and our interpreter too.
UNIVERSE: tuple[str, ...] = (
    "None",
    "True",
    "False",
    "abs",
    "all",
    "any",
    "bool",
    "chr",
    "dict",
    "dir",
    "enumerate",
    "fail",
    "float",
    "getattr",
    "hasattr",
    "hash",
    "int",
    "len",
    "list",
    "max",
    "min",
    "ord",
    "print",
    "range",
    "repr",
    "reversed",
    "sorted",
    "str",
    "tuple",
    "type",
    "zip",
)
