"""Completion with the cursor at `<|>`, in whole and in broken text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog import BACKENDS
from envd_cache.lsp.completion import completion, is_cut
from tests.lsp.marked import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.lsp.load_completion import Item

HEAD = "def build():\n    base()\n    "


def items(desk: Desk, text: str, name: str = "build.envd") -> list[Item]:
    document, offset = desk.at(text, name)
    return completion(document, desk.session.project, offset)


def labels(desk: Desk, text: str) -> list[str]:
    return [item.label for item in sorted(items(desk, text), key=lambda one: one.order or one.label)]


def inserted(desk: Desk, text: str, label: str) -> str:
    """Return the text after choosing an item, with its stops."""
    document, offset = desk.at(text)
    item = next(one for one in completion(document, desk.session.project, offset) if one.label == label)
    assert item.start <= offset <= item.end or item.end == offset
    return document.text[: item.start] + item.text + document.text[item.end :]


@pytest.mark.parametrize("rest", ["", "\n    base()\n", "\n\ndef other():\n    base(image=\n"])
def test_members_of_cache(desk: Desk, rest: str) -> None:
    found = labels(desk, f"{HEAD}cache.<|>{rest}")
    assert found[: len(BACKENDS)] == sorted(backend.name for backend in BACKENDS)
    assert {"branch", "secret", "none"} <= set(found)
    assert "base" not in found


def test_a_member_brings_its_required_arguments(desk: Desk) -> None:
    assert inserted(desk, f"{HEAD}cache.re<|>", "registry").endswith('cache.registry(ref="${1}")')
    assert inserted(desk, f"{HEAD}cache.re<|>(", "registry").endswith("cache.registry(")
    assert inserted(desk, f"{HEAD}cache.none<|>", "none").endswith("cache.none()")


def test_members_of_members(desk: Desk) -> None:
    assert labels(desk, "X = data.path.<|>") == ["dgl", "huggingface"]
    assert labels(desk, "X = data.<|>")[:1] == ["envd"]


def test_a_name_of_the_files_own_has_no_members(desk: Desk) -> None:
    assert labels(desk, "cache = 1\nX = cache.<|>") == []


@pytest.mark.parametrize(
    "text",
    [
        'cache.s3(bucket="a", <|>',
        'cache.s3(bucket="a", <|>)',
        'cache.s3(\n        bucket="a",\n        <|>\n    )',
        'cache.s3(bucket="a", pre<|>',
        'cache.s3(bucket="a", key=[cache.branch()], <|>',
    ],
)
def test_keyword_arguments_that_are_not_given(desk: Desk, text: str) -> None:
    found = labels(desk, HEAD + text)
    assert "bucket=" not in found
    assert ("key=" in found) == ("key" not in text)
    assert found[0] == "region="
    assert {"prefix=", "mode=", "use="} <= set(found)


def test_arguments_right_of_the_cursor_are_given_too(desk: Desk) -> None:
    found = labels(desk, f'{HEAD}cache.s3(<|>, region="eu", mode="max")')
    assert "bucket=" in found
    assert not {"region=", "mode="} & set(found)


def test_a_first_argument_by_position_is_given(desk: Desk) -> None:
    assert "ref=" not in labels(desk, f'{HEAD}cache.registry("r", <|>')


def test_no_second_equals_sign(desk: Desk) -> None:
    assert inserted(desk, f'{HEAD}cache.gha(sco<|>="a")', "scope=").endswith('cache.gha(scope="a")')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('cache.gha(mode="<|>', ["min", "max"]),
        ('cache.gha(mode="m<|>")', ["min", "max"]),
        ("cache.gha(mode=<|>", ['"min"', '"max"']),
        ('cache.registry("r", compression="<|>"', ["uncompressed", "gzip", "estargz", "zstd"]),
        ("cache.registry('r', insecure=<|>)", ["True", "False"]),
        ("base(dev=<|>)", ["True", "False"]),
    ],
)
def test_values(desk: Desk, text: str, expected: list[str]) -> None:
    assert labels(desk, HEAD + text)[: len(expected)] == expected


def test_a_value_takes_the_place_of_the_whole_string(desk: Desk) -> None:
    assert inserted(desk, f'{HEAD}cache.gha(mode="m<|>ix")', "max").endswith('cache.gha(mode="max")')


def test_a_quote_of_another_string_is_left_alone(desk: Desk) -> None:
    text = f'{HEAD}cache.gha(mode="m<|>, scope="a")'
    assert inserted(desk, text, "max").endswith('cache.gha(mode="max, scope="a")')


def test_an_argument_brings_the_list_of_its_values(desk: Desk) -> None:
    assert inserted(desk, f"{HEAD}cache.gha(mo<|>", "mode=").endswith('cache.gha(mode=${1|"min","max"|}')
    assert inserted(desk, f"{HEAD}base(de<|>", "dev=").endswith("base(dev=${1|True,False|}")
    assert next(one for one in items(desk, f"{HEAD}base(de<|>") if one.label == "dev=").plain == "dev="


def test_of_very_many_files_those_that_were_typed_are_offered(tmp_path: Path) -> None:
    files = {f"lib/part{n:03}.envd": f'REF = "r{n}"\n' for n in range(400)}
    files |= {
        f"team{n:03}/build.envd": f'def build():\n    cache.registry(ref="ghcr.io/acme/app{n:03}")\n'
        for n in range(600)
    }
    desk = Desk(tmp_path, files)
    some = items(desk, 'load("//<|>')
    assert is_cut(some)
    assert all(not one.label.endswith("build.envd") for one in some)
    assert {"//lib/part399.envd"} == {one.label for one in items(desk, 'load("//lib/part399<|>')}
    assert not is_cut(items(desk, 'load("//lib/part399<|>'))
    assert is_cut(items(desk, f'{HEAD}cache.registry(ref="<|>'))
    assert labels(desk, f'{HEAD}cache.registry(ref="ghcr.io/acme/app599<|>') == []
    assert labels(desk, f'{HEAD}cache.registry(ref="acme/app599<|>') == ["ghcr.io/acme/app599"]


def test_a_credential_is_completed_by_a_secret(desk: Desk) -> None:
    assert labels(desk, f"{HEAD}cache.gha(token=<|>")[0] == 'cache.secret("NAME")'


def test_keys_and_references_of_the_repository(tmp_path: Path) -> None:
    other = (
        'def build():\n    base()\n    cache.registry(ref="ghcr.io/acme/other", key=["nightly", "main"])\n'
    )
    desk = Desk(tmp_path, {"team/build.envd": other})
    assert "ghcr.io/acme/other" in labels(desk, f'{HEAD}cache.registry(ref="<|>')
    assert '"ghcr.io/acme/other"' in labels(desk, f"{HEAD}cache.registry(ref=<|>")
    assert "nightly" in labels(desk, f'{HEAD}cache.registry("r", key=["<|>')
    assert "cache.branch()" in labels(desk, f'{HEAD}cache.registry("r", key=[<|>')


def test_labels_and_names_in_load(tmp_path: Path) -> None:
    shared = 'LIMIT = 3\n_own = 1\n\n\ndef shared(name):\n    """Declare it."""\n    cache.gha(scope=name)\n'
    desk = Desk(
        tmp_path,
        {"caches.envd": shared, "team/more.envd": "A = 1\n", "x/build.envd": "def build():\n    base()\n"},
    )
    assert {"caches.envd", "//caches.envd", "//x/build.envd"} <= set(labels(desk, 'load("<|>'))
    assert "build.envd" not in labels(desk, 'load("<|>')
    assert labels(desk, 'load("caches.envd", "<|>') == ["LIMIT", "shared"]
    assert labels(desk, 'load("//caches.envd", "shared", "<|>")') == ["LIMIT"]


def test_nothing_outside_the_root_is_offered_or_read(tmp_path: Path) -> None:
    (tmp_path / "outside.envd").write_text("SECRET = 1\n")
    (tmp_path / "in").mkdir()
    desk = Desk(tmp_path / "in")
    (tmp_path / "in" / "link.envd").symlink_to(tmp_path / "outside.envd")
    assert labels(desk, 'load("../outside.envd", "<|>') == []
    assert labels(desk, 'load("link.envd", "<|>') == []


def test_names_of_the_file_come_first(desk: Desk) -> None:
    text = "KEYS = []\n\n\ndef helper(size):\n    pass\n\n\ndef build(name):\n    inner = 1\n    <|>\n"
    found = labels(desk, text)
    assert {"KEYS", "helper", "build", "name", "inner", "cache", "install", "base", "len"} <= set(found)
    assert "size" not in found
    assert found.index("KEYS") < found.index("base") < found.index("len")


def test_arguments_of_the_files_own_functions(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"lib.envd": "def image(name, size=1, *rest, **more):\n    pass\n"})
    assert labels(desk, 'load("lib.envd", pic="image")\npic("a", <|>')[0] == "size="
    own = "def helper(a, b=2):\n    pass\n\nhelper(a=1, <|>"
    assert labels(desk, own)[0] == "b="


@pytest.mark.parametrize("text", ["# cache.<|>", "def bu<|>", "def build(x<|>", 'X = "cache.<|>'])
def test_nothing_where_nothing_fits(desk: Desk, text: str) -> None:
    assert labels(desk, text) == []


def test_a_target_is_offered_at_the_top_level_only(desk: Desk) -> None:
    assert "def build" in labels(desk, "<|>")
    assert "def build" not in labels(desk, f"{HEAD}<|>")


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.envd").write_text("SECRET = 1\n")
    (tmp_path / "in").mkdir()
    desk = Desk(tmp_path / "in")
    link = tmp_path / "in" / "link.envd"
    link.symlink_to(tmp_path / "outside.envd")
    project = desk.session.project
    assert project.document(str(link)) is None
    assert project.document(str(tmp_path / "outside.envd")) is None
    assert not project.note(str(link))
