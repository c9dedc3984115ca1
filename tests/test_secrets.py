"""No credential is ever shown: neither a value in the environment nor one that was written into a file."""

from __future__ import annotations

import itertools
import os
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from envd_cache.cli.main import main
from envd_cache.diagnostics import Diagnostic
from envd_cache.emit.registry import EMITTERS
from envd_cache.report.redact import Redactor
from envd_cache.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Nothing else that is printed has this in it.
MARK = "Zq7x"
SECRET = f"{MARK}9Kd/3v+AbC=="

COMMANDS = (
    ("compile",),
    ("compile", "--format", "json"),
    ("compile", "--strict", "--to", "envd"),
    ("compile", "--color", "always"),
    ("explain",),
    ("explain", "--format", "json"),
)

# Ways to write a credential into a file, which are all refused. `@` is the credential as a literal.
LITERALS = {
    "keyword": "cache.gha(token=@)",
    "beside another fault": 'cache.gha(token=@, mode="MAX", scope=1)',
    "twice on a line": 'cache.gha(token=@); cache.gha(scope=1, key=@[:2]); x = @; cache.local("~")',
    "two parameters": 'cache.s3("b", region="r", secret_access_key=@, session_token=@ + "x", mode="MAX")',
    "account": 'cache.azblob("https://a.blob.core.windows.net", secret_access_key=@)',
    "wrong name of the account's key": 'cache.azblob("https://a.example.org", account_key=@)',
    "positional": 'cache.gha("scope", @, 1)',
    "positional in a list": 'cache.gha("scope", [@])',
    "misspelt": "cache.gha(tokn=@)",
    "misspelt otherwise": "cache.gha(Token=@, gh_token=@)",
    "misspelt for s3": 'cache.s3("b", region="r", secret_key=@, sesion_tokn=@)',
    "list": "cache.gha(token=[@])",
    "tuple": "cache.gha(token=(1, @))",
    "dict": 'cache.gha(token={"value": @})',
    "key of a dict": "cache.gha(token={@: 1})",
    "concatenation": 'cache.gha(token=@ + "-x")',
    "format": 'cache.gha(token="Bearer %s" % @, mode="MAX")',
    "format method": 'cache.gha(token="{}".format(@), scope=1)',
    "join": 'cache.gha(token="".join([@, "x"]), scope=1)',
    "variable": 'x = @; cache.gha(token=x); cache.local("~")',
    "part of a variable": 'x = @; cache.gha(token="Bearer " + x); cache.local("~" + x)',
    "constant": 'cache.gha(token=CONSTANT); cache.local("~"); x = @; cache.local("~/" + x[:2])',
    "helper": "give(@)",
    "helper by name": 'give(value=@, mode="MAX")',
    "keywords": 'cache.gha(**{"token": @, "mode": "MAX"})',
    "keywords from a function": "cache.gha(**dict(token=@, mode=1))",
    "positional arguments": 'cache.gha(*["scope", @])',
    "default argument": "by_default()",
    "default of a lambda": "(lambda value=@: cache.gha(token=value, mode=1))()",
    "comprehension": '[cache.gha(token=value, mode=1) for value in [@, "x" + @]]',
    "given again": 'cache.gha(token=@, **{"token": "x"})',
    "several lines": 'cache.gha(\n  token=(\n   @ + nothing()\n  ),\n  mode="MAX",\n)',
    "comment": 'cache.gha(token=@, mode="MAX")  # the token is §',
    "failure": "cache.gha(token=@); fail(@)",
    "failure with more": 'cache.gha(token=@); fail("the token is " + @ + " indeed")',
    "failure of a variable": "cache.gha(token=@); token = @; fail(token)",
    "missing key": "cache.gha(token=@); {}[@]",
    "not a number": "cache.gha(token=@); int(@)",
    "print": "cache.gha(token=@); print(@); print([@], {1: @})",
    "print before": 'print("the token is", @); cache.gha(token=@)',
    "wrong place": 'cache.gha(token=@); cache.registry(ref=@); cache.gha(scope="a", mode=@)',
    "name of a variable": "cache.secret(@)",
    "undefined name": "cache.gha(token=@, mode=UNDEFINED)",
    "undefined name behind": "cache.gha(token=@); UNDEFINED",
    "syntax error": "cache.gha(token=@ mode=1)",
    "open bracket": "cache.gha(token=@",
    "bad escape": "cache.gha(token=@, scope='\\d')",
    "notebook": "config.jupyter(token=@, port=1.5)",
    "login of a reference": 'cache.registry("user:" + @ + "\\x40ghcr.io/a"); print(@)',
    "login of a reference as a URL": 'cache.inline("https://user:%s\\x40ghcr.io/a" % @, use=1)',
    "login of a URL": 'cache.gha(url="https://user:" + @ + "\\x40example.org/a", mode="MAX"); print(@)',
    "login of a URL without a scheme": 'cache.gha(url_v2="user:" + @ + "\\x40example.org"); fail(@)',
    "login of a wrong URL": 'cache.gha(url="ftp://user:{} \\x40example.org".format(@))',
    "login in a list": 'cache.registry(["user:" + @ + "\\x40ghcr.io/a"])',
    "login given again": 'cache.registry("r", ref="user:" + @ + "\\x40ghcr.io/a")',
    "login and misspelt": 'cache.gha(urll="https://user:" + @ + "\\x40example.org")',
    "query of a URL": 'cache.azblob("https://a.example.org/?sv=1&sig=" + @ + "&se=2"); print(@)',
    "query of another URL": 'cache.s3("b", region="r", endpoint_url="https://e?Access_Key=" + @)',
    "query of a wrong URL": 'cache.gha(url_v2="a.example.org?a;TOKEN=" + @, scope=1); fail(@)',
}
PROLOGUE = """CONSTANT = @

def nothing():
    return ""

def give(value, **more):
    cache.gha(token=value, **more)

def by_default(value=@):
    cache.gha(token=value)

def build():
    """


def plain(text: str) -> str:
    """Write a text as a Starlark literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def single(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def triple(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""{escaped}"""' if not escaped.endswith('"') else plain(text)


def split(text: str) -> str:
    return f"({plain(text[:5])} + {plain(text[5:])})"


QUOTINGS: tuple[Callable[[str], str], ...] = (plain, single, triple, split)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MY_SECRET", SECRET)
    return tmp_path


def written(text: str, way: str, quoting: Callable[[str], str] = plain) -> None:
    body = PROLOGUE + LITERALS[way] + "\n"
    with open("build.envd", "w", encoding="utf-8") as file:
        file.write(body.replace("@", quoting(text)).replace("§", text.replace("\n", " ")))


def outputs(capfd: pytest.CaptureFixture[str]) -> Iterator[tuple[tuple[str, ...], int, str]]:
    for words in COMMANDS:
        code = main(words)
        shown = capfd.readouterr()
        yield words, code, shown.out + shown.err


@pytest.mark.parametrize("quoting", QUOTINGS, ids=lambda quoting: str(quoting.__name__))
@pytest.mark.parametrize("way", LITERALS)
def test_a_literal_is_masked(
    folder: Path, capfd: pytest.CaptureFixture[str], way: str, quoting: Callable[[str], str]
) -> None:
    written(SECRET, way, quoting)
    for words, code, shown in outputs(capfd):
        assert code == 1, (words, shown)
        assert MARK.lower() not in shown.lower(), words
        assert "9kd/3v" not in shown.lower(), words


PIECES = st.sampled_from(
    [*"aZ09 ,;=:.+-/%${}()[]#`\\\"'", '"""', "'''", "\\n", "\n", "\t", "token=", "é", "中"]
)
SECRETS = st.lists(PIECES, min_size=6, max_size=20).map(lambda pieces: MARK + "".join(pieces) + MARK)
EASY = sorted(set(LITERALS) - {"comment", "name of a variable"})


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECRETS, st.sampled_from(EASY), st.sampled_from(QUOTINGS[:3]))
@example(f"{MARK}aaaa:/{MARK}", "wrong place", QUOTINGS[0])
@example(f"{MARK}`aa:/{MARK}", "wrong place", QUOTINGS[0])
def test_any_literal_is_masked(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    text: str,
    way: str,
    quoting: Callable[[str], str],
) -> None:
    written(text, way, quoting)
    for words in COMMANDS[:2]:
        assert main(words) == 1
        shown = capfd.readouterr()
        assert MARK.lower() not in (shown.out + shown.err).lower()


def test_each_of_several_credentials_at_one_place_is_masked(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "build.envd").write_text(
        'def build():\n    x = ["first-one", "other-two"]; [cache.gha(token=v) for v in x]; print(x)\n'
    )
    for _, code, shown in outputs(capfd):
        assert code == 1
        assert "first-one" not in shown
        assert "other-two" not in shown


NAMED = ("cache.gha(token=@)", "cache.gha(**{'token': @})")
UNNAMED = ('cache.gha("s", @)', "cache.gha(*['s', @])", "cache.gha('s', 'max', @)")


@pytest.mark.parametrize(
    ("statement", "literal"),
    [
        *itertools.product(NAMED, [r'"\x5a\x71secret"', '"qj"', r"'\u005asecret'", 'r"a\\b"']),
        # An argument too many is masked only when it is long enough for a credential.
        *itertools.product(UNNAMED, [r'"\x5a\x71secret"', r"'\u005asecrets'", 'r"a\\b\\c\\d\\e"']),
    ],
)
def test_spellings_that_are_not_the_value_are_masked(
    folder: Path, capfd: pytest.CaptureFixture[str], statement: str, literal: str
) -> None:
    (folder / "build.envd").write_text(f"def build():\n    {statement.replace('@', literal)}\n")
    for _, code, shown in outputs(capfd):
        assert code == 1
        assert literal[1:-1] not in shown


# ---- a credential in the environment ----

USES = 'cache.s3("b", region="r", access_key_id=HANDLE, secret_access_key=HANDLE, session_token=HANDLE)'


@pytest.mark.parametrize("form", [(), ("--null",), ("--binary",), ("--frontend",), ("--format", "json")])
@pytest.mark.parametrize("name", [emitter.name for emitter in EMITTERS])
def test_no_output_has_a_value(
    folder: Path, capfd: pytest.CaptureFixture[str], name: str, form: tuple[str, ...]
) -> None:
    (folder / "build.envd").write_text(f'HANDLE = cache.secret("MY_SECRET")\n\ndef build():\n    {USES}\n')
    main(["compile", "--to", name, *form])
    shown = capfd.readouterr()
    assert MARK not in shown.out + shown.err
    main(["compile", "--to", name, *form, "--output", "out"])
    if (folder / "out").exists():
        assert MARK.encode() not in (folder / "out").read_bytes()


def test_explain_names_the_variable_only(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "build.envd").write_text(f'HANDLE = cache.secret("MY_SECRET")\n\ndef build():\n    {USES}\n')
    for words in (("explain",), ("explain", "--format", "json")):
        assert main(words) == 0
        shown = capfd.readouterr()
        assert "MY_SECRET" in shown.out
        assert MARK not in shown.out + shown.err


def test_resolved_values_are_written_when_asked_for(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "build.envd").write_text(f'HANDLE = cache.secret("MY_SECRET")\n\ndef build():\n    {USES}\n')
    assert main(["compile", "--resolve-secrets", "--output", "out"]) == 0
    shown = capfd.readouterr()
    assert MARK not in shown.out + shown.err
    assert SECRET in (folder / "out").read_text()
    assert (folder / "out").stat().st_mode & 0o077 == 0


TEXTS = (
    'cache.registry("r:" + str(HANDLE))',
    'cache.registry(ref="r:%s" % HANDLE)',
    'cache.registry("r:{}".format(HANDLE))',
    'cache.registry("r", key=repr(HANDLE))',
    'cache.registry("r", key=["a", str(HANDLE)])',
    "cache.local(str(HANDLE))",
    "cache.gha(scope=str(HANDLE))",
    'cache.gha(token="x" + str(HANDLE))',
    "cache.slug(str(HANDLE))",
    'cache.s3("b", region="r", access_key_id="%s" % HANDLE)',
)


@pytest.mark.parametrize("statement", TEXTS)
def test_a_secret_in_a_text_is_refused(
    folder: Path, capfd: pytest.CaptureFixture[str], statement: str
) -> None:
    (folder / "build.envd").write_text(
        f'HANDLE = cache.secret("MY_SECRET")\n\ndef build():\n    {statement}\n'
    )
    for _, code, shown in outputs(capfd):
        assert code == 1
        assert "EC111" in shown
        assert MARK not in shown


def test_a_secret_that_is_printed_shows_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "build.envd").write_text(
        'def build():\n    s = cache.secret("MY_SECRET")\n    print(s, [s])\n    fail(s, str(s))\n'
    )
    for _, code, shown in outputs(capfd):
        assert code == 1
        assert MARK not in shown


# ---- faults of the program itself ----


def test_a_crash_report_has_no_values(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    (folder / "reports").mkdir()
    (folder / "build.envd").write_text(
        f'def build():\n    cache.gha(token="{SECRET}")\n    cache.gha(token=cache.secret("MY_SECRET"))\n'
    )
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "reports"))
    monkeypatch.setattr("envd_cache.cli.compile.compile_targets", broken)
    assert main(["compile"]) == 2
    shown = capfd.readouterr()
    (report,) = (folder / "reports").iterdir()
    assert report.name in shown.err
    assert "ZeroDivisionError" in report.read_text()
    assert MARK not in shown.out + shown.err + report.read_text()
    assert report.stat().st_mode & 0o077 == 0


# ---- what must stay readable ----


def test_other_texts_stay(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "build.envd").write_text(
        "def build():\n"
        '    cache.gha(token=cache.secret("MY_SECRET"), scope="shown", use="both", mode="MAX")\n'
        '    cache.s3("shown", region="too", secret_access_key=cache.secret("OTHER"), use="Export")\n'
    )
    assert main(["compile"]) == 1
    shown = capfd.readouterr().err
    assert 'token=cache.secret("MY_SECRET"), scope="shown"' in shown
    assert 'secret_access_key=cache.secret("OTHER"), use="Export"' in shown
    assert "*" not in shown


def test_positional_texts_stay_where_no_credential_goes(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "build.envd").write_text(
        'def build():\n    cache.registry("r", "zstd-compressed"); cache.gha("scope", "max")\n'
        '    cache.local("c", "a/long/folder"); cache.none("for a long reason")\n'
    )
    assert main(["compile"]) == 1
    shown = capfd.readouterr().err
    assert 'cache.registry("r", "zstd-compressed"); cache.gha("scope", "max")' in shown
    assert 'cache.local("c", "a/long/folder"); cache.none("for a long reason")' in shown


def test_other_spellings_in_messages_are_masked() -> None:
    redactor = Redactor((Diagnostic("EC111", "error", "m", redact=('Zq7x "é\\',)),))
    assert redactor.text('a Zq7x "é\\ b') == "a *** b"
    assert redactor.text('a zQ7X "é\\ b') == "a *** b"
    assert redactor.text(r"a Zq7x \"\xe9\\ b") == "a *** b"
    assert redactor.text("`zq7x` is no registry") == "`***` is no registry"
    assert redactor.text("`ref` is no registry") == "`ref` is no registry"


def test_masked_lines_keep_their_length() -> None:
    text = 'a = 1\ncache.gha(token="x\\"y", b="""z""") # "\nTOKEN = \'\'\'one\ntwo\'\'\' ; c = "d"\n'
    source = SourceFile("f", text)
    redactor = Redactor(())
    lines = [redactor.line(source, number) for number in range(len(source.line_starts))]
    assert lines == [
        "a = 1",
        'cache.gha(token="****", b="""z""") # "',
        "TOKEN = '''***",
        "***''' ; c = \"d\"",
        "",
    ]
    assert [len(line) for line in lines] == [len(line) for line in text.split("\n")]


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("\"'\\ \n\r()[]{},:=#tokenr"), max_size=60))
def test_masking_takes_any_text(text: str) -> None:
    source = SourceFile("f", text)
    redactor = Redactor(())
    for number in range(len(source.line_starts)):
        assert len(redactor.line(source, number)) == len(source.line(number))


def test_every_command_is_tried() -> None:
    assert {words[0] for words in COMMANDS} == {"compile", "explain"}
    assert len(list(itertools.product(LITERALS, QUOTINGS))) > 150
    assert os.sep == "/"
