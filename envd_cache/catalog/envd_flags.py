"""The command line of `envd build` and `envd up`, as far as we must read it to hand it on.

Facts: `envd build --help` and `envd up --help` of envd 1.3.6. All other flags of the two take no value.
"""

from __future__ import annotations

# Flags that take the next word as their value. Cache flags, `--from` and `--path` are among them.
VALUE_FLAGS = frozenset(
    {
        *("--tag", "-t", "--from", "-f", "--path", "-p", "--platform"),
        *("--output", "-o"),
        *("--name", "--volume", "-v", "--timeout", "--shm-size", "--cpus", "--cpu-set", "--memory"),
        *("--gpus", "--gpu-set", "--host", "--cap"),
        *("--export-cache", "--ec", "--import-cache", "--ic"),
    }
)

EXPORT_FLAGS = frozenset({"--export-cache", "--ec"})
IMPORT_FLAGS = frozenset({"--import-cache", "--ic"})

# What `envd build` knows of the flags of `envd up`: enough to build the same image first.
SHARED_FLAGS = frozenset({"--tag", "-t", "--use-proxy", "--proxy", "--platform", "--force"})
