"""What BuildKit, envd and buildx do wrong in silence, and what of it is seen before a build.

Each pitfall was measured (BuildKit v0.32.2, buildx v0.36.1, envd 1.3.6). `seen_by` are codes of
`envd_cache.codes` and of rules; where there are none, `reason` says why nothing can be seen. It also says
what is left where a code sees a part only.
"""

from __future__ import annotations

from envd_cache.record import Record


class Pitfall(Record):
    """One pitfall: its id, how bad it is, and what finds it."""

    id: str
    severity: str
    what: str
    seen_by: tuple[str, ...] = ()
    reason: str = ""


_TYPED = "cannot be written: arguments are typed, and outputs are spelt by one function"

PITFALLS: tuple[Pitfall, ...] = (
    Pitfall(
        "mixed-local",
        "critical",
        "a local export beside one with another manifest spoils the directory's index",
        ("EC320",),
    ),
    Pitfall(
        "same-ref-as-image",
        "critical",
        "a registry cache under the reference of an image overwrites it, or is overwritten",
        ("EC307", "EC308", "EC309", "EC313", "EC346"),
        "the name under which the result itself is pushed is given to the client, not in the file",
    ),
    Pitfall(
        "secret-leak",
        "critical",
        "credentials on an import are kept in clear text in the build history",
        ("EC205", "EC111"),
        "credentials that buildx adds by itself are not in the file",
    ),
    Pitfall("mode-typo", "high", "an unknown mode is min", ("EC106",)),
    Pitfall("unknown-attr", "high", "unknown attributes are accepted", ("EC102", "EC117", "EC333", "EC334")),
    Pitfall("space-in-key", "high", "a space behind a comma makes another attribute", (), _TYPED),
    Pitfall("digest-export", "high", "an export to a digest never moves a tag", ("EC109",)),
    Pitfall(
        "import-never-fatal",
        "high",
        "an import that fails is only a failed step",
        ("EC106", "EC108", "EC345", "EC502"),
        "whether the cache is there and may be read is known only during the build (EC505)",
    ),
    Pitfall(
        "inline-import", "high", "there is no inline import", ("EC310",), "`cache.inline` imports the image"
    ),
    Pitfall(
        "one-mib",
        "high",
        "a manifest or configuration over 1 MiB cannot be imported",
        ("EC507",),
        "how large it gets is known only after a build, which then says so",
    ),
    Pitfall(
        "manifest-oci-combo",
        "high",
        "an image manifest without OCI media types fails after the build",
        ("EC112", "EC338"),
    ),
    Pitfall("ecr-old", "high", "ECR refuses a cache that is an index", ("EC319",)),
    Pitfall(
        "local-oci-dir",
        "high",
        "a local cache in the directory of an OCI output hides behind the image",
        (),
        "envd writes no OCI layout, and the output of another client is not in the file",
    ),
    Pitfall(
        "local-nonascii", "high", "a directory with other characters than ASCII fails at the end", ("EC110",)
    ),
    Pitfall(
        "gha-drop-buildx",
        "high",
        "buildx drops gha and s3 in silence",
        ("EC403", "EC501"),
        "whether the token is there is known only where the build runs",
    ),
    Pitfall(
        "gha-v1-dead",
        "high",
        "older releases speak to a service that is shut down",
        ("EC337",),
        "only where the configuration states a release",
    ),
    Pitfall("gha-scope", "high", "a shared scope is overwritten, not merged", ("EC324", "EC341", "EC343")),
    Pitfall("s3-name-import", "high", "an s3 import reads only the first name", ("EC329",)),
    Pitfall(
        "docker-driver",
        "high",
        "the docker driver lacks backends",
        ("EC335", "EC336", "EC403", "EC501", "EC502"),
    ),
    Pitfall("envd-local-import", "high", "envd cannot import local and gha caches", ("EC340", "EC403")),
    Pitfall(
        "shared-target",
        "high",
        "several builds that write one place overwrite each other",
        ("EC202", "EC341", "EC342", "EC343"),
        "platforms and builder nodes of one build are not in the file",
    ),
    Pitfall(
        "inline-max",
        "medium",
        "inline is always min",
        ("EC102", "EC311"),
        "`cache.inline` has no `mode`",
    ),
    Pitfall(
        "inline-output",
        "medium",
        "inline without an image output does nothing",
        (),
        "the output is given to the client; envd's is an image",
    ),
    Pitfall(
        "no-inline-in-image",
        "medium",
        "an image without an inline cache imports nothing",
        ("EC345",),
        "what an image holds is known only to its registry",
    ),
    Pitfall(
        "min-not-deterministic",
        "medium",
        "min also exports layers that happen to be there",
        (),
        "what the daemon has is known only to the daemon",
    ),
    Pitfall("compression-warm", "medium", "a compression leaves existing layers as they are", ("EC317",)),
    Pitfall("level-range", "medium", "a level out of range fails late or is clamped", ("EC107",)),
    Pitfall("dup-ref-import", "medium", "imports of one reference are merged", ("EC203", "EC316")),
    Pitfall(
        "dup-export-normal",
        "medium",
        "exports are compared as raw texts",
        ("EC201", "EC202", "EC341", "EC342"),
    ),
    Pitfall("local-two-tags", "medium", "of two tags in one directory one remains", ("EC321",)),
    Pitfall("local-growth", "medium", "a local directory only grows", ("EC322", "EC334")),
    Pitfall("local-tilde", "medium", "`~` and `$` are not expanded", ("EC110",)),
    Pitfall(
        "local-readonly-src",
        "medium",
        "a directory that cannot be written is skipped",
        (),
        "permissions belong to the machine that builds (EC505 says it then)",
    ),
    Pitfall(
        "gha-index-upload",
        "medium",
        "a failed upload of the index returns success",
        (),
        "BuildKit itself does not notice it",
    ),
    Pitfall("s3-silent-parse", "medium", "unreadable s3 settings fall back in silence", ("EC103", "EC106")),
    Pitfall("s3-prefix", "medium", "an s3 prefix needs its own slash", ("EC326",)),
    Pitfall("s3-half-creds", "medium", "half a key is ignored or completed from elsewhere", ("EC327",)),
    Pitfall("s3-env-side", "medium", "bucket and region are read by the daemon", ("EC113",)),
    Pitfall(
        "ignore-error-scope",
        "medium",
        "ignore-error does not cover a wrong configuration",
        ("EC103", "EC108"),
        "the configuration itself is checked; a bad boolean cannot be written",
    ),
    Pitfall(
        "roots-not-exported",
        "medium",
        "steps without inputs are always done again",
        (),
        "it belongs to the steps of the build, not to its caches",
    ),
    Pitfall(
        "export_cache-noop",
        "medium",
        "a step's `export_cache` hardly does anything",
        (),
        "envd never sets it, and nothing of ours does",
    ),
    Pitfall("bake-object-case", "medium", "bake ignores attributes in capitals", (), _TYPED),
    Pitfall("dup-key", "medium", "of a repeated attribute the last wins", ("EC105",), _TYPED),
    Pitfall("envd-newline", "medium", "envd cuts a value at a line end", ("EC340", "EC405")),
    Pitfall("envd-nested-legacy", "medium", "a text without `type=` is a reference", (), _TYPED),
    Pitfall("ref-local", "low", "the reference `local` is never asked", ("EC315",)),
    Pitfall(
        "local-src-created",
        "low",
        "a directory that does not exist is created",
        (),
        "the first build of a machine has no directory yet, and that is right",
    ),
    Pitfall(
        "empty-export",
        "low",
        "a result without layers is not exported",
        (),
        "the layers are known after the build (EC506)",
    ),
    Pitfall("registry-insecure-asym", "low", "insecure on one direction only", ("EC316", "EC347")),
    Pitfall(
        "old-client-import-attrs",
        "low",
        "clients before v0.11 drop the attributes of imports",
        ("EC333",),
        "only where the configuration states a release",
    ),
    Pitfall("docs-wrong", "low", "pages of Docker name wrong arguments", ("EC101", "EC102", "EC117")),
)
