"""envd's `io.*`, `runtime.*` and `data.*` functions: files, and what runs later.

Facts: envd 1.3.6, measured.
"""

from __future__ import annotations

from envd_cache.catalog.model import Builtin, DataSource, Param, Rule

BUILTINS: tuple[Builtin, ...] = (
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
