"""The `cache.*` functions that are not backends: what a build file may ask for, and `cache.none`."""

from __future__ import annotations

from envd_cache.catalog.model import Fact, Param

FACTS = (
    Fact(
        "env",
        params=(
            Param("name", str, required=True, format="variable", doc="Name of the variable."),
            Param("default", str, doc="What to return when it is not set."),
        ),
        returns="str",
        from_command_line="env.NAME",
        doc="Return an environment variable of whoever compiles; unset and no default is an error.",
    ),
    Fact(
        "secret",
        # Who takes this for the credential itself shall not see it in the report.
        params=(
            Param("name", str, required=True, format="variable", secret=True, doc="Name of the variable."),
        ),
        returns="secret",
        doc="Return a handle to an environment variable that holds a credential, never its value.",
    ),
    Fact(
        "branch",
        params=(Param("default", str, doc='What to return when there is no branch; "main" if not given.'),),
        returns="str",
        from_command_line="branch",
        doc="Return the branch that is built: from the CI system, else from git.",
    ),
    Fact(
        "commit",
        params=(),
        returns="str",
        from_command_line="commit",
        doc="Return the full SHA of the commit that is built: from the CI system, else from git.",
    ),
    Fact(
        "pull_request",
        params=(),
        returns="str",
        from_command_line="pull_request",
        doc='Return the number of the pull request that is built, or "".',
    ),
    Fact(
        "platform",
        params=(),
        returns="str",
        from_command_line="platform",
        doc="Return the platform that is built for, such as `linux/amd64`.",
    ),
    Fact(
        "target",
        params=(),
        returns="str",
        from_command_line="target",
        doc="Return the label of what is built, such as `//team/service:build`.",
    ),
    Fact(
        "slug",
        params=(Param("text", str, required=True, doc="Any text, such as a branch name."),),
        returns="str",
        doc="Return a valid tag: other characters become `-`; a hash stands for letters that are not ASCII, "
        "and for what is behind 128 characters.",
    ),
    Fact("none", params=(), returns="None", doc="Say that this target has no cache on purpose."),
)
