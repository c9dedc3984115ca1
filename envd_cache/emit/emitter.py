"""What an output is, and what it may be asked for."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.clients import Client


class Options(Record):
    """How an output is wanted.

    `keyed`: several targets in one document, each under its name. `null`, `binary`, `frontend`: other
    forms of one output. `driver` is the buildx driver, "" when nobody knows. `environ` is where a client
    will look for its own variables. `secrets` are the values to fill in, None to leave references.
    `client` is filled in with the emitter's.
    """

    keyed: bool = False
    null: bool = False
    binary: bool = False
    frontend: bool = False
    driver: str = ""
    environ: Mapping[str, str] = {}  # noqa: RUF012 - records are immutable and never change it
    secrets: Mapping[str, str] | None = None
    client: Client | None = None


class Emitter(Record):
    """One output: what people call it, who reads it, the module that writes it.

    The module has `emit(plans, options) -> str | bytes`; it is loaded when the output is asked for.
    `forms` are the options that change the form. `shell`: how secrets are written, for the reference.
    """

    name: str
    title: str
    module: str
    media_type: str
    client: Client | None
    secret_form: str
    forms: tuple[str, ...] = ()
