"""`envd-cache explain`: a target's plan in words, or the meaning of a code."""

from __future__ import annotations

from envd_cache import pipeline
from envd_cache.catalog.clients import CLIENTS
from envd_cache.catalog.model import EXPORT, IMPORT
from envd_cache.cli import process
from envd_cache.diagnostics import has_errors, in_order
from envd_cache.emit.losses import reduced
from envd_cache.emit.registry import DRIVERS, Options
from envd_cache.emit.wire import shown, wire
from envd_cache.report.text import position, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.clients import Client
    from envd_cache.cli.options import Values
    from envd_cache.codes import Code
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.evaluate.model import CallSite, FactRead
    from envd_cache.ir.model import CachePlan
    from envd_cache.lint.rule import Rule


def explain(values: Values) -> int:
    """Run the command and return the exit code."""
    asked = values["target"]
    if isinstance(asked, str) and _looks_like_a_code(asked):
        return _explain_code(asked, as_data=values["format"] == "json")
    during = process.open_session(values)
    changing = process.with_changes(during, values)
    targets, before = process.chosen_targets(values, during)
    before = changing.diagnostics + before
    found = pipeline.plans(() if has_errors(before) else targets, changing.value)
    plans = [one.plan for one in found.value]
    diagnostics = in_order(before + found.diagnostics)
    failed = has_errors(diagnostics)
    if values["format"] == "json":
        from envd_cache.cli.data import explained_data  # noqa: PLC0415 - only for JSON

        drops = [] if failed else [_drops_data(made) for made in plans]
        process.write(explained_data(() if failed else plans, drops, diagnostics), "")
        return process.FINDINGS if failed else process.DONE
    code = process.report(diagnostics, values)
    if not failed:
        process.write("\n".join(printable(describe(made)) for made in plans), "")
    return code


def _looks_like_a_code(text: str) -> bool:
    return len(text) == 5 and text[:2].upper() == "EC" and text[2:].isdigit()


def _explain_code(text: str, *, as_data: bool) -> int:
    from envd_cache.codes import CODES, page  # noqa: PLC0415 - only for a code
    from envd_cache.lint.rules import RULES  # noqa: PLC0415 - only for a code

    known: list[Code | Rule] = sorted((*CODES, *RULES), key=lambda code: code.code)
    for code in known:
        if code.code == text.upper():
            from envd_cache.cli.data import code_data  # noqa: PLC0415 - with a code only

            told = code_data if as_data else page
            return process.write(told(code.code, code.name, code.why, code.instead), "")
    listed = ", ".join(code.code for code in known)
    raise process.UsageError(f"there is no code `{text.upper()}`; there are {listed}")


def describe(plan: CachePlan) -> str:
    """Return a plan in words: each entry, where it was declared, the facts, what each client drops."""
    wired = wire(plan)
    lines = [plan.label]
    if plan.by_default:
        lines.append(f"  declares nothing itself; the repository's default is {plan.by_default}")
    if plan.none:
        lines.append("  has no cache on purpose: cache.none()")
    elif not wired.exports and not wired.imports:
        lines.append("  declares no cache")
    for direction, entries in ((EXPORT, wired.exports), (IMPORT, wired.imports)):
        for number, entry in enumerate(entries, 1):
            what = direction if len(entries) == 1 else f"{direction} {number} of {len(entries)}"
            lines.append(f"  {what}: {shown(entry)}")
            lines.append(f"    declared at {_place(entry.origin.decl.site)}")
    if plan.facts:
        lines.append("  facts:")
        lines += list(dict.fromkeys(f"    {_fact(fact)}" for fact in plan.facts))
    for name, losses in _drops(plan).items():
        lines.append(f"  {name}:")
        lines += [f"    {loss}" for loss in losses]
    return "\n".join(lines) + "\n"


def _place(site: CallSite) -> str:
    if site.location is None:
        return "an unknown place"
    text = position(site.location)
    for frame in site.frames[1:]:
        text += f", called from {position(frame.location)}"
    return text


def _fact(fact: FactRead) -> str:
    place = f" ({_place(fact.site)})" if fact.site.frames else ""
    if fact.name == "secret":
        return f"secret {fact.argument}: its value stays in the environment{place}"
    name = f"env {fact.argument}" if fact.argument else fact.name
    return f'{name} = "{fact.value}", from {fact.origin}{place}'


def _drops(plan: CachePlan) -> dict[str, list[str]]:
    """Return, by client, what it would leave out of a plan, in words; what was said is not said again."""
    found: dict[str, list[str]] = {}
    said: set[str] = set()
    for client in CLIENTS:
        for driver in ("", *DRIVERS):
            name = f"{client.title} with the driver {driver}" if driver else client.title
            for text in map(_loss, _losses(plan, client, driver)):
                if text not in said:
                    said.add(text)
                    found.setdefault(name, []).append(text)
    return found


def _losses(plan: CachePlan, client: Client, driver: str) -> tuple[Diagnostic, ...]:
    return reduced(wire(plan), Options(client=client, driver=driver)).diagnostics


def _loss(diagnostic: Diagnostic) -> str:
    place = f"{position(diagnostic.location)}: " if diagnostic.location else ""
    return f"{place}{diagnostic.message}"


def _drops_data(plan: CachePlan) -> dict[str, object]:
    return {"target": plan.label, "clients": dict(_drops(plan))}
