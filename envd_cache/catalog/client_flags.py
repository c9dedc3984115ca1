"""The command lines of the clients, as far as caches must be placed in them, and what each reads of secrets.

Facts, measured with Debian's docker 26.1.5 and 28.5.2, docker-buildx 0.13.1 and 0.29.1, docker-compose 2.26.1
and 2.40.3: which flags take a value, for each of them tried (hidden and deprecated ones too). A flag that is
not listed here takes none, or has its value behind `=`. buildctl: `docs/reference/buildctl.md` of v0.32.2.
"""

from __future__ import annotations

from envd_cache.catalog.gha import BACKEND as GHA
from envd_cache.catalog.s3 import BACKEND as S3
from envd_cache.record import Record

# How a client is handed caches: as flags, as a further bake file, as a further compose file.
FLAGS = "flags"
BAKE = "bake"
COMPOSE = "compose"


class Level(Record):
    """One word of a command line: its spellings, the flags after it that take a value, the words after it.

    A level with `client` (a name in `catalog.clients`) is a build, and `kind` says how it is handed caches.
    `classic`: without BuildKit (DOCKER_BUILDKIT=0) it is a build without cache exports. `by_context`:
    without a builder's name it builds with that of docker's context, not with the selected one.
    `dashes`: a `--` before the next word does no harm (`docker -- buildx build .` works).
    """

    names: tuple[str, ...]
    values: frozenset[str] = frozenset()
    children: tuple[Level, ...] = ()
    client: str = ""
    kind: str = ""
    classic: bool = False
    by_context: bool = False
    dashes: bool = False


class Syntax(Record):
    """How the flags of a program are written.

    `one_dash`: `-long` is `--long`, short flags are never joined, and the first word that is no flag ends
    the flags (Go's `flag`, which buildctl uses). Otherwise `-qt NAME` is `-q -t NAME` and flags may follow
    other words (pflag).
    """

    one_dash: bool = False


class Program(Record):
    """One program by the name of its file.

    `asked` are the words with which it, or `instead` of it another program, is asked about its builders,
    behind its own flags.
    """

    level: Level
    syntax: Syntax = Syntax()
    asked: tuple[str, ...] = ()
    instead: str = ""


class Names(Record):
    """The flags that we read or add, in all their spellings; empty where a client has none."""

    file: tuple[str, ...] = ("-f", "--file")
    builder: tuple[str, ...] = ("--builder",)
    progress: tuple[str, ...] = ("--progress",)
    quiet: tuple[str, ...] = ("-q", "--quiet")
    context: tuple[str, ...] = ("-c", "--context")
    project_directory: tuple[str, ...] = ("--project-directory", "--workdir")
    env_file: tuple[str, ...] = ("--env-file",)


_BUILDER = frozenset({"--builder"})
_BUILD = frozenset(
    {
        *("--add-host", "--allow", "--annotation", "--attest", "--build-arg", "--build-context"),
        *("--cache-from", "--cache-to", "--call", "--cgroup-parent", "--file", "-f", "--iidfile"),
        *("--label", "--metadata-file", "--network", "--no-cache-filter", "--output", "-o", "--platform"),
        *(
            "--policy",
            "--progress",
            "--provenance",
            "--sbom",
            "--secret",
            "--shm-size",
            "--ssh",
            "--tag",
            "-t",
        ),
        *("--target", "--ulimit", "--builder"),
        # Hidden, of the classic builder; and of BUILDX_EXPERIMENTAL.
        *("--cpu-period", "--cpu-quota", "--cpu-shares", "-c", "--cpuset-cpus", "--cpuset-mems"),
        *("--isolation", "--memory", "-m", "--memory-swap", "--security-opt"),
        *("--print", "--root", "--server-config"),
    }
)
_BAKE = frozenset(
    {
        *("--allow", "--builder", "--call", "--execution", "--file", "-f", "--jobs", "-j", "--list"),
        *("--metadata-file", "--policy", "--progress", "--provenance", "--sbom", "--set", "--var"),
    }
)
_DOCKER = frozenset(
    {
        *("--config", "--context", "-c", "--host", "-H", "--log-level", "-l"),
        *("--tlscacert", "--tlscert", "--tlskey"),
    }
)
_COMPOSE = frozenset(
    {
        *("--ansi", "--env-file", "--file", "-f", "--parallel", "--profile", "--progress"),
        *("--project-directory", "--project-name", "-p", "--workdir"),
    }
)
_COMPOSE_BUILD = frozenset(
    {"--build-arg", "--builder", "--memory", "-m", "--progress", "--provenance", "--sbom", "--ssh"}
)
_BUILDCTL = frozenset(
    {
        "--addr",
        "--log-format",
        "--tlsservername",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
        "--tlsdir",
        "--timeout",
    }
)
_BUILDCTL_BUILD = frozenset(
    {
        *("--output", "--o", "--exporter", "--exporter-opt", "--progress", "--trace", "--local"),
        *("--oci-layout", "--frontend", "--opt", "--frontend-opt", "--export-cache", "--export-cache-opt"),
        *("--import-cache", "--secret", "--allow", "--ssh", "--metadata-file", "--source-policy-file"),
        *("--ref-file", "--registry-auth-tlscontext", "--debug-json-cache-metrics", "--docker-config"),
    }
)

_BUILDX_COMMANDS = (
    Level(("build", "b"), _BUILD, client="buildx", kind=FLAGS),
    Level(("bake", "f"), _BAKE, client="buildx", kind=BAKE),
)
# `docker builder` is another name of `docker buildx`, but heeds DOCKER_BUILDKIT.
_BUILDER_COMMANDS = tuple([level.replace(classic=True) for level in _BUILDX_COMMANDS])
_BUILD_COMMAND = Level(("build",), _BUILD, client="buildx", kind=FLAGS, classic=True, by_context=True)
_COMPOSE_COMMANDS = (Level(("build",), _COMPOSE_BUILD, client="compose", kind=COMPOSE, classic=True),)

PROGRAMS: tuple[Program, ...] = (
    Program(
        Level(
            ("docker",),
            _DOCKER,
            (
                Level(("buildx",), _BUILDER, _BUILDX_COMMANDS),
                Level(("builder",), _BUILDER, _BUILDER_COMMANDS),
                Level(("image",), children=(_BUILD_COMMAND,)),
                _BUILD_COMMAND,
                # Since docker 27.
                Level(("bake",), _BAKE, client="buildx", kind=BAKE),
                Level(("compose",), _COMPOSE, _COMPOSE_COMMANDS),
            ),
            dashes=True,
        ),
        asked=("buildx",),
    ),
    Program(Level(("docker-buildx",), _BUILDER, _BUILDX_COMMANDS)),
    Program(
        Level(("docker-compose",), _COMPOSE | _DOCKER - {"--config", "-c", "-l"}, _COMPOSE_COMMANDS),
        asked=("buildx",),
        instead="docker",
    ),
    Program(
        Level(
            ("buildctl",),
            _BUILDCTL,
            (Level(("build", "b"), _BUILDCTL_BUILD, client="buildctl", kind=FLAGS),),
        ),
        Syntax(one_dash=True),
    ),
)

NAMES: dict[str, Names] = {
    "buildx": Names(),
    "compose": Names(),
    "buildctl": Names(file=(), builder=("--addr",), quiet=(), context=()),
}

# The variables in which a client looks for the builder when no flag names it.
BUILDER_VARIABLES = {"buildx": "BUILDX_BUILDER", "compose": "BUILDX_BUILDER", "buildctl": "BUILDKIT_HOST"}

# What bake reads in the current directory without `-f`, each that is there, later ones over earlier ones.
# Since v0.20.0 (docker/buildx#2886); before, the two of `BAKE_FILES_SWAPPED` come the other way round.
BAKE_FILES = (
    *("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"),
    *("docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"),
)
BAKE_FILES_SWAPPED = ("docker-bake.hcl", "docker-bake.override.json")
BAKE_FILES_SINCE = (0, 20)
# 0.29.1 has these variables, 0.13.1 does not.
BAKE_VARIABLE = "BUILDX_BAKE_FILE"
BAKE_SEPARATOR = "BUILDX_BAKE_PATH_SEPARATOR"

# bake asks before it reads or writes a directory outside of the current one, and stops where nobody can
# answer: since v0.20.0. `--allow` of a path is known to v0.19.0, which warns only.
BAKE_ALLOWS_SINCE = (0, 19)

# What compose reads without `-f`: the first of each, in the nearest folder upward that has one of the first
# row (compose-go `cli/options.go`; measured with 2.26.1 and 2.40.3).
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
COMPOSE_OVERRIDES = (
    *("compose.override.yml", "compose.override.yaml"),
    *("docker-compose.override.yml", "docker-compose.override.yaml"),
)
COMPOSE_VARIABLE = "COMPOSE_FILE"
COMPOSE_SEPARATOR = "COMPOSE_PATH_SEPARATOR"
COMPOSE_NO_ENV_FILE = "COMPOSE_DISABLE_ENV_FILE"
COMPOSE_ENV_FILES = "COMPOSE_ENV_FILES"
COMPOSE_ENV_FILE = ".env"

# Variables of our own that hand a whole cache option to bake and compose; a number follows.
OWN_VARIABLE = "ENVD_CACHE_OPTION_"


class Reading(Record):
    """Variables of its own environment with which a client fills in one type of cache.

    `variables` are (attribute, variable). The attributes of `pair` are filled in together or not at all;
    one of them alone in the environment does nothing.
    """

    type: str
    variables: tuple[tuple[str, str], ...]
    pair: tuple[str, ...] = ()


class Filling(Record):
    """An attribute that a client does not fill in by itself: we give it the first variable that is set.

    With `when_attr` only if that attribute has `when_value`, or is absent and the variable `when_set` is
    true.
    """

    type: str
    attr: str
    variables: tuple[str, ...]
    when_attr: str = ""
    when_value: str = ""
    when_set: str = ""


_GHA_TOKEN = Reading(GHA.name, (("token", "ACTIONS_RUNTIME_TOKEN"),))
# buildx takes the AWS SDK's default chain, in which the three variables come first. It takes a session
# token from there only when a key is missing in the entry (`build/opt.go` `addAwsCredentials`, v0.36.1).
_S3_KEYS = Reading(
    S3.name,
    (
        ("access_key_id", "AWS_ACCESS_KEY_ID"),
        ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
        ("session_token", "AWS_SESSION_TOKEN"),
    ),
    pair=("access_key_id", "secret_access_key"),
)

READS: dict[str, tuple[Reading, ...]] = {
    "buildx": (_GHA_TOKEN, _S3_KEYS),
    "compose": (_GHA_TOKEN, _S3_KEYS),
    "buildctl": (_GHA_TOKEN,),
    "envd": (),
}

# As buildx does it for itself (`addGithubToken`, v0.36.1): envd 1.3.6 reads no variable.
FILLED: dict[str, tuple[Filling, ...]] = {
    "envd": (
        Filling(GHA.name, "token", ("ACTIONS_RUNTIME_TOKEN",)),
        Filling(
            GHA.name,
            "url_v2",
            ("ACTIONS_RESULTS_URL",),
            when_attr="version",
            when_value="2",
            when_set="ACTIONS_CACHE_SERVICE_V2",
        ),
        Filling(GHA.name, "url", ("ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL")),
    ),
}

# Attributes filled in from the environment that are credentials.
FILLED_SECRETS = frozenset({"token"})
