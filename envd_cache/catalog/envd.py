"""The functions and values that envd itself puts into a build file; `install.*` is in `envd_install`.

Facts: the behaviour of envd 1.3.6, measured with `envd debug llb`. Parameters stand in envd's positional
order; `required` is what envd's argument check says, `rules` are what it finds out later.
"""

from __future__ import annotations

from envd_cache.catalog import envd_install
from envd_cache.catalog.model import Builtin, Constant, DataSource, Param, Rule

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
    Builtin(
        "config.apt_source",
        doc="Replace the list of servers from which apt packages come.",
        params=(Param("source", str, doc="New text of the sources list."),),
        rules=(Rule("source", "required", "source is required", hint="give the text of a sources list"),),
    ),
    Builtin(
        "config.conda_channel",
        doc="Set up the channels from which conda packages come.",
        params=(Param("channel", str, doc="New text of conda's own configuration file."),),
        after=("install.conda", "cannot config conda when conda is not installed"),
    ),
    Builtin(
        "config.cran_mirror",
        doc="Choose the server from which R packages come.",
        params=(Param("url", str, doc="Address of a CRAN mirror."),),
    ),
    Builtin(
        "config.entrypoint",
        doc="Set the command with which the image starts, when it is not one for development.",
        params=(Param("args", list[str], required=True, doc="The program and its arguments."),),
    ),
    Builtin(
        "config.gpu",
        doc="Say how many GPUs the environment gets.",
        params=(Param("count", int, doc="Number of GPUs."),),
    ),
    Builtin(
        "config.julia_pkg_server",
        doc="Choose the server from which Julia packages come.",
        params=(Param("url", str, doc="Address of a Julia package server."),),
    ),
    Builtin(
        "config.jupyter",
        doc="Start a Jupyter notebook server in the environment.",
        params=(
            Param("token", str, doc="Token that visitors must know; none when it is not given."),
            Param("port", int, doc="Port on which the server is reached."),
        ),
        rules=(
            Rule(
                "port",
                "range",
                "port must be an integer",
                hint="give a port number",
                lowest=-(2**63),
                highest=2**63 - 1,
            ),
        ),
    ),
    Builtin(
        "config.owner",
        doc="Set the user and the group that own the home folder of the environment.",
        params=(
            Param("uid", int, required=True, doc="Number of the user, 0 to 65535."),
            Param("gid", int, required=True, doc="Number of the group, 0 to 65535."),
        ),
        rules=(
            Rule("uid", "range", "get a wrong uid or gid", hint="uid goes from 0 to 65535", highest=65535),
            Rule("gid", "range", "get a wrong uid or gid", hint="gid goes from 0 to 65535", highest=65535),
        ),
    ),
    Builtin(
        "config.pip_index",
        doc="Choose the index from which Python packages come.",
        params=(
            Param("url", str, required=True, doc="Address of the index."),
            Param("extra_url", str, default="", doc="Address of a second index that is asked too."),
            Param("trust", bool, default=False, doc="Do without a valid certificate of the index's host."),
        ),
        rules=(Rule("url", "required", "url is required", hint="give the address of an index"),),
    ),
    Builtin(
        "config.repo",
        doc="Say where the project comes from; kept as labels of the image.",
        params=(
            Param("url", str, required=True, doc="Address of the project's repository."),
            Param("description", str, doc="What the project is, in a few words."),
        ),
    ),
    Builtin(
        "config.rstudio_server",
        doc="Start RStudio Server in an environment with R.",
        any_arguments=True,
    ),
    Builtin(
        "config.shm_size",
        doc="Set the size of the shared memory of the environment.",
        params=(Param("size", int, required=True, doc="Size in megabytes."),),
    ),
    *envd_install.BUILTINS,
    Builtin(
        "io.copy",
        doc="Copy files of the project folder, or of another image, into the image.",
        params=(
            Param("source", str, required=True, doc="Path to copy from."),
            Param("target", str, required=True, doc="Path to copy to."),
            Param("image", str, doc="Image to copy from; the project folder when it is not given."),
        ),
    ),
    Builtin(
        "io.http",
        doc="Download a file into the image.",
        params=(
            Param("url", str, required=True, doc="Address of the file."),
            Param("checksum", str, doc="Digest that the file must have, such as `sha256:…`."),
            Param("filename", str, doc="Name under which the file is kept."),
        ),
        rules=(
            Rule(
                "checksum",
                "digest",
                "invalid checksum digest format",
                hint="write `sha256:` and 64 hexadecimal digits in lower case",
            ),
        ),
    ),
    Builtin(
        "runtime.command",
        doc="Give names to commands that people start in the environment with `envd exec --command`.",
        params=(Param("commands", dict[str, str], doc="Commands by their names."),),
        rules=(
            Rule(
                "commands",
                "given",
                "runtime.command: missing argument for commands",
                hint="envd 1.3.6 crashes on this call; leave it out or name a command",
            ),
        ),
    ),
    Builtin(
        "runtime.daemon",
        doc="Start programs in the background when the environment starts.",
        params=(Param("commands", list[list[str]], required=True, doc="Programs, each a list of words."),),
    ),
    Builtin(
        "runtime.environ",
        doc="Set environment variables of the environment.",
        error_name="runtime.command",
        params=(
            Param("env", dict[str, str], doc="Values by the names of the variables."),
            Param("extra_path", list[str], doc="Folders to add to PATH."),
        ),
    ),
    Builtin(
        "runtime.expose",
        doc="Make a port of the environment reachable from the machine that runs it.",
        params=(
            Param("envd_port", int, required=True, doc="Port inside the environment, 1 to 65535."),
            Param("host_port", int, default=0, doc="Port outside, up to 65535; 0 lets envd choose."),
            Param("service", str, default="", doc="Name under which the port is shown."),
            Param(
                "listen_addr", str, default="127.0.0.1", doc="IP address on which the port outside listens."
            ),
        ),
        rules=(
            Rule(
                "envd_port",
                "range",
                "envd_port must be a positive integer less than 65535",
                hint="a port goes from 1 to 65535",
                lowest=1,
                highest=65535,
            ),
            Rule(
                "host_port",
                "range",
                "host_port must be a positive integer less than 65535",
                hint="a port goes from 1 to 65535; 0 lets envd choose",
                highest=65535,
            ),
            Rule(
                "listen_addr",
                "ip",
                "listen_addr must be a valid IP address",
                hint='write an address such as "0.0.0.0", not a host name',
            ),
        ),
    ),
    Builtin(
        "runtime.init",
        doc="Run commands when the environment starts.",
        error_name="runtime.command",
        params=(Param("commands", list[str], doc="Commands, run one after the other."),),
    ),
    Builtin(
        "runtime.mount",
        doc="Show a folder of the machine that runs the environment inside it.",
        params=(
            Param("host_path", str | DataSource, doc="Path outside, or what `data.envd` returned."),
            Param("envd_path", str, doc="Path inside."),
        ),
        rules=(
            Rule(
                "host_path",
                "given",
                "invalid data source",
                hint="give a path as a string, or `data.envd(name)`",
            ),
        ),
    ),
    Builtin(
        "data.envd",
        doc="Return a volume that envd keeps between environments, for `runtime.mount`.",
        params=(Param("name", str, doc="Name of the volume."),),
        returns="data source",
    ),
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
