"""`envd-cache compile`: options, exit codes, and what goes to which stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import repository, run
from tests.support import wire_parsers

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """
def build():
    base()
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")

def dev():
    base()
    cache.local(path="cache")

def helper():
    install.python_packages(name=["numpy"])
"""
WARNING = """
def build():
    base()
    cache.registry(ref="r", mode="max", use="import")
"""
WARNING_TEXT = """\
build.envd:4:29: warning[EC117]: `mode` has no effect: only an export takes it
4 |     cache.registry(ref="r", mode="max", use="import")
  |                             ^^^^
  = hint: remove it
1 warning; `envd-cache explain EC117` tells more
"""
ERROR = """
def build():
    base()
    cache.registry(ref="r", mode="MAX")
"""
ERROR_TEXT = """\
build.envd:4:34: error[EC106]: `mode` must be "min" or "max", not "MAX"
4 |     cache.registry(ref="r", mode="MAX")
  |                                  ^^^^^
  = hint: did you mean "max"?
1 error; `envd-cache explain EC106` tells more
"""
SECRET = """
def build():
    base()
    cache.gha(token=cache.secret("RUN_TOKEN"), url_v2="https://example.org", use="export")
"""
FACTS = """
def build():
    base()
    team = cache.env("TEAM", default="none")
    cache.registry(ref="r", key=[cache.branch(), team, cache.pull_request() or "0"])
    cache.gha(scope=cache.platform() + cache.target() + cache.commit())
"""
ENDLESS = """
def build():
    for i in range(10000000):
        for j in range(10000000):
            pass
"""
KNOWN_FACTS = "branch, commit, pull_request, platform, target, env.NAME"
LLB = """\
{
  "Exports": [
    {
      "Type": "registry",
      "Attrs": {
        "ref": "ghcr.io/acme/app:cache",
        "mode": "max"
      }
    }
  ],
  "Imports": [
    {
      "Type": "registry",
      "Attrs": {
        "ref": "ghcr.io/acme/app:cache"
      }
    }
  ]
}
"""
BUILDX = (
    "--cache-to type=registry,ref=ghcr.io/acme/app:cache,mode=max"
    " --cache-from type=registry,ref=ghcr.io/acme/app:cache\n"
)


# ---- outputs and exit codes ----


def test_the_default_is_llb_to_standard_output(tmp_path: Path) -> None:
    assert run(repository(tmp_path, PLAIN), "compile") == (0, LLB, "")


def test_to(tmp_path: Path) -> None:
    folder = repository(tmp_path, PLAIN)
    for words in (["--to", "buildx"], ["--to=buildx"], ["-t", "buildx"], ["-tbuildx"]):
        assert run(folder, "compile", *words) == (0, BUILDX, "")


def test_a_warning_goes_to_standard_error(tmp_path: Path) -> None:
    done = run(repository(tmp_path, WARNING), "compile", "--to", "buildx")
    assert done == (0, "--cache-from type=registry,ref=r\n", WARNING_TEXT)


def test_strict_makes_it_an_error(tmp_path: Path) -> None:
    done = run(repository(tmp_path, WARNING), "compile", "--to", "buildx", "--strict")
    assert done == (1, "", WARNING_TEXT.replace("warning", "error"))


def test_a_loss_is_an_error_with_strict(tmp_path: Path) -> None:
    done = run(repository(tmp_path, PLAIN), "compile", ":dev", "--to", "envd", "--strict")
    assert (done.code, done.out) == (1, "")
    assert "build.envd:8:5: error[EC403]: plain envd cannot import a local directory" in done.err


def test_an_error_leaves_no_output(tmp_path: Path) -> None:
    assert run(repository(tmp_path, ERROR), "compile") == (1, "", ERROR_TEXT)


def test_a_missing_file(tmp_path: Path) -> None:
    done = run(tmp_path, "compile")
    hint = "there is no `.envd` file in its folder; name another one, as FILE or FILE:FUNCTION"
    more = "1 error; `envd-cache explain EC001` tells more"
    text = f"build.envd: error[EC001]: `build.envd` does not exist\n  = hint: {hint}\n{more}\n"
    assert done == (1, "", text)
    (tmp_path / "build.envd").write_text("")
    assert "  = hint: did you mean `build.envd`?\n" in run(tmp_path, "compile", "bulid.envd").err
    assert "  = hint: its folder has `build.envd`\n" in run(tmp_path, "compile", "other.envd").err


def test_what_the_file_prints_goes_to_standard_error(tmp_path: Path) -> None:
    text = 'print("one", 2)\ndef build():\n    base()\n    cache.inline()\n    print("three")\n'
    done = run(repository(tmp_path, text), "compile", "--to", "buildx")
    assert done == (0, "--cache-to type=inline\n", "one 2\nthree\n")


# ---- targets ----


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["build.envd"],
        ["build.envd:build"],
        ["build.envd:"],
        [":build"],
        [":"],
        ["--from", "build.envd"],
        ["--from", "build.envd:build"],
        ["-f", ":build"],
        ["--path", "."],
        ["-p", ".", "-f", "build.envd:build"],
    ],
    ids=" ".join,
)
def test_ways_to_name_one_target(tmp_path: Path, words: list[str]) -> None:
    assert run(repository(tmp_path, PLAIN), "compile", *words) == (0, LLB, "")


def test_another_function(tmp_path: Path) -> None:
    wanted = (0, "--cache-to type=local,dest=cache --cache-from type=local,src=cache\n", "")
    folder = repository(tmp_path, PLAIN)
    for word in (":dev", "build.envd:dev", "./build.envd:dev"):
        assert run(folder, "compile", word, "--to", "buildx") == wanted


def test_path_is_the_folder_of_the_build_file(tmp_path: Path) -> None:
    repository(tmp_path, PLAIN, "sub/other.envd")
    done = run(tmp_path, "compile", "--path", "sub", "--from", "other.envd:build")
    assert done == (0, LLB, "")


def test_two_colons(tmp_path: Path) -> None:
    done = run(tmp_path, "compile", "a:b:c")
    assert done == (2, "", "envd-cache: error: `a:b:c`: write FILE or FILE:FUNCTION\n")


def test_target_and_from(tmp_path: Path) -> None:
    done = run(tmp_path, "compile", "a", "--from", "b")
    assert done == (2, "", "envd-cache: error: TARGET and --from are the same thing; give one of them\n")


def test_all(tmp_path: Path) -> None:
    folder = repository(tmp_path, PLAIN)
    done = run(folder, "compile", "--all", "--to", "bake")
    assert (done.code, done.err) == (0, "")
    registry, local = {"ref": "ghcr.io/acme/app:cache"}, "cache"
    assert wire_parsers.bake(done.out, {}) == {
        "build": ([("registry", {**registry, "mode": "max"})], [("registry", registry)]),
        "dev": ([("local", {"dest": local})], [("local", {"src": local})]),
    }
    assert run(folder, "compile", "--all", "--to", "buildx").out == (
        f"# //:build\n{BUILDX}# //:dev\n--cache-to type=local,dest=cache --cache-from type=local,src=cache\n"
    )


def test_all_of_one_function(tmp_path: Path) -> None:
    done = run(tmp_path, "compile", "build.envd:dev", "--all")
    message = "`build.envd:dev` names a function, and --all means every target of the file"
    assert done == (2, "", f"envd-cache: error: {message}\n")


def test_all_of_a_file_without_targets(tmp_path: Path) -> None:
    done = run(repository(tmp_path, "def helper():\n    pass\n"), "compile", "--all")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("build.envd: error[EC013]: `build.envd` has no target\n")


# ---- forms ----


def test_null(tmp_path: Path) -> None:
    done = run(repository(tmp_path, PLAIN), "compile", "--to", "buildctl", "--null")
    assert done.out == (
        "--export-cache\0type=registry,ref=ghcr.io/acme/app:cache,mode=max\0"
        "--import-cache\0type=registry,ref=ghcr.io/acme/app:cache\0"
    )


def test_binary(tmp_path: Path) -> None:
    folder = repository(tmp_path, PLAIN)
    assert run(folder, "compile", "--binary", "-o", "out").code == 0
    ref = {"ref": "ghcr.io/acme/app:cache"}
    assert wire_parsers.protobuf((folder / "out").read_bytes()) == (
        [("registry", {**ref, "mode": "max"})],
        [("registry", ref)],
    )


def test_frontend(tmp_path: Path) -> None:
    done = run(repository(tmp_path, PLAIN), "compile", "--frontend")
    assert done == (0, '[{"Type":"registry","Attrs":{"ref":"ghcr.io/acme/app:cache"}}]\n', "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--null"], "--null goes with --to buildctl or buildx or envd"),
        (["--to", "bake", "--binary"], "--binary goes with --to llb"),
        (["--to", "compose", "--frontend"], "--frontend goes with --to llb"),
        (["--binary", "--frontend"], "--binary and --frontend are two forms of one output; choose one"),
        (["--null", "--all", "--to", "envd"], "--null writes the arguments of one target, not of --all"),
        (["--binary", "--all"], "--binary and --frontend write one target, not --all"),
        (["--time-limit", "soon"], "--time-limit soon: write a number of seconds"),
        (["--time-limit", "0"], "--time-limit 0: write a number of seconds"),
        (["--time-limit", "nan"], "--time-limit nan: write a number of seconds"),
        (["--fact", "branch"], "--fact branch: write NAME=VALUE"),
        (["--fact", "brnch=x"], "--fact brnch=x: there is no fact `brnch`; did you mean `branch`?"),
        (
            ["--fact", "zzz=x"],
            f"--fact zzz=x: there is no fact `zzz`; known facts: {KNOWN_FACTS}",
        ),
        (["--resolve-secrets", "--format", "json"], None),
    ],
)
def test_wrong_use(tmp_path: Path, words: list[str], message: str | None) -> None:
    done = run(repository(tmp_path, PLAIN), "compile", *words)
    wanted = message or "--resolve-secrets does not go with --format json, which is made to be kept"
    assert done == (2, "", f"envd-cache: error: {wanted}\n")


def test_a_word_that_is_no_choice(tmp_path: Path) -> None:
    done = run(tmp_path, "compile", "--to", "docker")
    assert (done.code, done.out) == (2, "")
    assert "envd-cache compile: error: argument -t/--to: invalid choice: 'docker'" in done.err


def test_driver(tmp_path: Path) -> None:
    text = 'def build():\n    base()\n    cache.s3(bucket="b", region="r", use="export")\n'
    folder = repository(tmp_path, text)
    assert run(folder, "compile", "--to", "buildx").err == ""
    done = run(folder, "compile", "--to", "buildx", "--driver", "docker")
    assert (done.code, done.out) == (0, "--cache-to type=s3,bucket=b,region=r\n")
    assert done.err.startswith("build.envd:3:5: warning[EC403]: the docker driver has no s3 cache\n")


def test_time_limit(tmp_path: Path) -> None:
    done = run(repository(tmp_path, ENDLESS), "compile", "--time-limit", "0.2")
    assert (done.code, done.out) == (1, "")
    assert "error[EC009]" in done.err


# ---- facts ----


def test_facts_from_the_command_line(tmp_path: Path) -> None:
    words = ["branch=feature/x", "env.TEAM=a=b", "pull_request=7", "platform=linux/arm64", "target=//x:y"]
    given = [part for word in (*words, "commit=c0ffee") for part in ("--fact", word)]
    done = run(repository(tmp_path, FACTS), "compile", *given)
    assert (done.code, done.err) == (0, "")
    exports, imports = wire_parsers.llb(done.out)
    assert exports == [("registry", {"ref": "r:feature-x"}), ("gha", {"scope": "linux/arm64//x:yc0ffee"})]
    assert [attrs["ref"] for kind, attrs in imports if kind == "registry"] == ["r:feature-x", "r:a-b", "r:7"]


def test_facts_from_the_environment(tmp_path: Path) -> None:
    done = run(
        repository(tmp_path, FACTS),
        *("compile", "--fact", "commit=c", "--fact", "platform=p"),
        GITHUB_ACTIONS="true",
        GITHUB_REF="refs/heads/main",
        GITHUB_HEAD_REF="",
        TEAM="blue",
    )
    exports, imports = wire_parsers.llb(done.out)
    assert exports == [("registry", {"ref": "r:main"}), ("gha", {"scope": "p//:buildc"})]
    assert imports[1] == ("registry", {"ref": "r:blue"})


def test_every_target_of_a_repository(tmp_path: Path) -> None:
    files = {
        "build.envd": 'def build():\n    base()\n    cache.registry(ref="r/root")\n',
        "team/a/build.envd": 'def build():\n    base()\n    cache.registry(ref="r/a")\n',
        "team/b/build.envd": 'def dev():\n    base()\n    cache.registry(ref="r/b")\n',
        "lib/build.envd": "def helper(x):\n    return x\n",
    }
    for name, text in files.items():
        repository(tmp_path, text, name)
    everything = run(tmp_path, "compile", "--all", "//...", "--to", "bake")
    assert everything.code == 0, everything.err
    assert list(json.loads(everything.out)["target"]) == ["build", "team-a-build", "dev"]
    assert "warning[EC013]" in everything.err
    labels = list(json.loads(run(tmp_path, "compile", "--all", "//...").out))
    assert labels == ["//:build", "//team/a:build", "//team/b:dev"]
    below = run(tmp_path / "lib", "compile", "--all", "//team/...")
    assert list(json.loads(below.out)) == ["//team/a:build", "//team/b:dev"]
    assert below.err == ""
    part = run(tmp_path, "compile", "--all", "team/a/...")
    assert list(json.loads(part.out)) == ["//team/a:build"]
    assert run(tmp_path, "compile", "--all", "nowhere/...").code == 2


@pytest.mark.parametrize("command", ["compile", "explain"])
def test_a_broken_file_stops_the_whole_repository(tmp_path: Path, command: str) -> None:
    repository(tmp_path, PLAIN, "team/a/build.envd")
    repository(tmp_path, "def build(:\n    base()\n", "team/b/build.envd")
    done = run(tmp_path, command, "--all", "//...")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("team/b/build.envd:1:11: error[EC005]: got `:`, want `)`\n")
    assert "EC013" not in done.err


def test_one_directory_for_two_build_files(tmp_path: Path) -> None:
    text = 'def build():\n    base()\n    cache.local(path="cache")\n\ndef dev():\n    base()\n'
    for name in ("a/build.envd", "b/build.envd"):
        repository(tmp_path, text, name)
    done = run(tmp_path, "compile", "--all", "//...", "--to", "bake")
    assert done.code == 0
    assert done.err.startswith(
        "b/build.envd:3:5: warning[EC206]: `//b:build` and `//a:build` write one directory, `cache`, "
        "seen from where the client runs\n"
    )
    repository(tmp_path, text.replace('"cache"', '"/var/cache"'), "b/build.envd")
    assert run(tmp_path, "compile", "--all", "//...", "--to", "bake").err == ""
    both = text + '    cache.local(path="cache")\n'
    repository(tmp_path, both, "a/build.envd")
    assert run(tmp_path, "compile", "--all", "a/build.envd").err == ""
