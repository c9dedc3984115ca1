"""envd's `config.*` functions: settings of the environment. Facts: envd 1.3.6, measured."""

from __future__ import annotations

from envd_cache.catalog.model import Builtin, Param, Rule

BUILTINS: tuple[Builtin, ...] = (
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
)
