"""Configurations that are right, and wrong ones with what is said of them and where."""

from __future__ import annotations

from envd_cache.config import Config
from envd_cache.config_keys import KEYS

EVERYTHING = """\
# The whole of it.
defaults = "//shared/caches.envd:defaults"
include = ["/services/**/*.envd", "!old.envd"]
exclude = ['third_party/', "/a b/[0-9]*?"]
buildkit = "0.20"
buildx = "v0.21.3"
driver = "docker-container"
client = "envd"
fail-on = "note"

[rules]
unused-load = "off"
EC302 = "error"

[[per-path]]
paths = ["/team/"]
rules = { EC301 = "note", "left-to-the-daemon" = "off" }

[[per-path]]
paths = ["build.envd"]
[per-path.rules]
EC301 = "warning"
"""
SETTINGS = Config(
    defaults="//shared/caches.envd:defaults",
    include=("/services/**/*.envd", "!old.envd"),
    exclude=("third_party/", "/a b/[0-9]*?"),
    buildkit="0.20",
    buildx="v0.21.3",
    driver="docker-container",
    client="envd",
    fail_on="note",
    rules=(("unused-load", "off"), ("EC302", "error")),
    per_path=(
        (("/team/",), (("EC301", "note"), ("left-to-the-daemon", "off"))),
        (("build.envd",), (("EC301", "warning"),)),
    ),
)
VALID = {
    "everything": EVERYTHING,
    "nothing": "",
    "no defaults": 'defaults = ""',
    "empty lists": "include = []\nexclude = []\nper-path = []\nrules = {}",
    "three numbers": 'buildkit = "v0.20.1"',
    "what is an error anyway": 'rules.EC102 = "error"\nrules.left-to-the-daemon = "off"',
    "dotted": 'rules.EC301 = "off"\nrules."left-to-the-daemon" = "note"',
    "sections in one line": 'per-path = [{ paths = ["a"], rules = { EC301 = "off" } }]',
    **{key.name: key.example for key in KEYS},
}

# name: (text, line and column of each finding with its message)
WRONG: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "misspelt": (
        'defaults = "//a.envd:f"\ninclud = ["x"]\n',
        [("2:1", "unknown key `includ` (did you mean `include`?)")],
    ),
    "underscore": (
        'fail_on = "note"',
        [("1:1", "unknown key `fail_on` (did you mean `fail-on`?)")],
    ),
    "another tool's word": (
        '  ignore = ["EC301"]',
        [("1:3", 'unknown key `ignore` (write `[rules]; unused-load = "off"`)')],
    ),
    "a table of the other file": (
        '[tool.envd-cache]\ndefaults = "//a:b"',
        [("1:2", "unknown key `tool` (in envd-cache.toml the keys stand at the top, without a table)")],
    ),
    "all at once, in the order of the file": (
        "driver = 3\nbuildkit = 0.20\ncolour = true\nclient = 'envvd' # x\nfail-on = []\n",
        [
            (
                "1:10",
                (
                    '`driver` must be "docker", "docker-container", "kubernetes" or "remote", not an integer'
                    ' (write `driver = "docker"`)'
                ),
            ),
            (
                "2:12",
                (
                    "`buildkit` must be a version such as `0.20`, not a float"
                    ' (write it in quotes: `buildkit = "0.20"`)'
                ),
            ),
            (
                "3:1",
                (
                    "unknown key `colour` (known keys: defaults, include, exclude, buildkit, buildx, driver, "
                    "client, fail-on, rules, per-path)"
                ),
            ),
            (
                "4:10",
                (
                    '`client` must be "buildctl", "buildx", "envd", "compose" or "build-push-action", '
                    'not "envvd" (did you mean `envd`?)'
                ),
            ),
            (
                "5:11",
                (
                    '`fail-on` must be "error", "warning", "note" or "never", not an array'
                    ' (write `fail-on = "error"`)'
                ),
            ),
        ],
    ),
    "no function": (
        'defaults = "//caches.envd"',
        [
            (
                "1:12",
                (
                    "`defaults` must name a function as `//file:function`"
                    ' (write `defaults = "//caches.envd:defaults"`)'
                ),
            )
        ],
    ),
    "no release": (
        'buildx = "latest"\nbuildkit = "0"',
        [
            ("1:10", '`buildx` must be a version such as `0.20`, not "latest" (write `buildx = "0.21"`)'),
            ("2:12", '`buildkit` must be a version such as `0.20`, not "0" (write `buildkit = "0.20"`)'),
        ],
    ),
    "one glob": (
        'include = "*.envd"',
        [
            (
                "1:11",
                '`include` must be a list of globs, not a string (write `include = ["/services/**/*.envd"]`)',
            )
        ],
    ),
    "globs": (
        'exclude = [\n  "ok",\n  7, "//a",\n  "../b", # no\n  "", " c",\n]',
        [
            (
                "3:3",
                (
                    "`exclude` must be a list of globs; item 1 is an integer"
                    ' (write `exclude = ["/third_party/"]`)'
                ),
            ),
            (
                "3:6",
                'the glob "//a" starts with `//`, as a label does (write `/a`, which starts at the root)',
            ),
            (
                "4:3",
                (
                    'the glob "../b" has `.` or `..` in it'
                    " (globs start at the root of the repository and stay in it)"
                ),
            ),
            ("5:3", 'the glob "" is empty (name a folder or a file, from the root of the repository)'),
            ("5:7", 'the glob " c" has space around it, or a line end in it (remove it)'),
        ],
    ),
    "rules": (
        '[rules]\nunused_load = "off"\nEC302 = "of"\nEC113 = false\nec301 = "warn"\n',
        [
            ("2:1", "there is no rule `unused_load` (did you mean `unused-load`?)"),
            ("3:9", '`EC302` must be "error", "warning", "note" or "off", not "of" (did you mean `off`?)'),
            (
                "4:9",
                '`EC113` must be "error", "warning", "note" or "off", not a boolean (write `EC113 = "off"`)',
            ),
            ("5:1", "there is no rule `ec301` (did you mean `EC301`?)"),
            (
                "5:9",
                '`ec301` must be "error", "warning", "note" or "off", not "warn" (did you mean `warning`?)',
            ),
        ],
    ),
    "no table of rules": (
        'rules = ["EC301"]',
        [("1:9", '`rules` must be a table of rules, not an array (write `[rules]; unused-load = "off"`)')],
    ),
    "no sections": (
        '[per-path]\npaths = ["a"]',
        [("1:1", "`per-path` must be an array of tables, not a table (write `[[per-path]]` above its keys)")],
    ),
    "sections": (
        '[[per-path]]\nrules = {}\n[[per-path]]\npath = ["a"]\nrules = { EC301x = "off" }\n',
        [
            ("1:1", 'a section of `per-path` needs `paths` (write `paths = ["/team/"]`)'),
            ("4:1", "unknown key `path` (did you mean `paths`?)"),
            ("5:11", "there is no rule `EC301x` (did you mean `EC301`?)"),
        ],
    ),
    "a date": (
        "buildkit = 1979-05-27",
        [
            (
                "1:12",
                '`buildkit` must be a version such as `0.20`, not a date or time (write `buildkit = "0.20"`)',
            )
        ],
    ),
}
WHAT_CAN_BE = "rules (EC3xx) can be, and EC013, EC113, EC117, EC201, EC203, EC205 and EC206"
BEYOND_THE_SCHEMA = {
    "no letters": (
        'include = ["[z-a]"]',
        'the glob "[z-a]" has no letters in `[z-a]` (a range goes from a lower letter to a higher one)',
    ),
    "open": ('include = ["a[b"]', 'the glob "a[b" has a `[` without its `]` (close it, or write `\\[`)'),
    "escape": ("include = ['a\\']", 'the glob "a\\" ends with a backslash (remove it)'),
    "twice": (
        '[rules]\nEC301 = "off"\nunused-load = "note"',
        "`EC301` and `unused-load` are one rule (keep one of them)",
    ),
    "an error, off": (
        '[rules]\nEC102 = "off"',
        f"`EC102` is an error of the language, which cannot be turned off ({WHAT_CAN_BE})",
    ),
    "an error, as a note": (
        'rules.unknown-argument = "note"',
        f"`unknown-argument` is an error of the language, which cannot be turned down ({WHAT_CAN_BE})",
    ),
    "an error, in a section": (
        '[[per-path]]\npaths = ["a"]\nrules = { EC301 = "off", EC102 = "warning" }',
        f"`EC102` is an error of the language, which cannot be turned down ({WHAT_CAN_BE})",
    ),
    "a section for no file": (
        "[[per-path]]\npaths = []\nrules = {}",
        "`paths` is empty, so the section is for no file (name its files, or remove the section)",
    ),
}
