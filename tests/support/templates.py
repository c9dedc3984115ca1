"""How bake, compose and GitHub Actions fill in a string, written from what they do.

All three take one string, after JSON or YAML was read, and return the string that the tool goes on with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.csv_forms import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HCL_NAME = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}")
_HCL_RETURN = re.compile(r'\{"(\$*)\\r"\}')
_COMPOSE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"secrets\.([A-Za-z_][A-Za-z0-9_]*)", re.IGNORECASE)
_STRING = re.compile(r"'((?:[^']|'')*)'")


def hcl(text: str, variables: Mapping[str, str | None]) -> str:
    """Evaluate one string of HCL in JSON: `${NAME}` and `${"\\r"}`; `$${` is `${` and `%%{` is `%{`.

    Of a run of `$` or `%` before a `{` the last two are one literal character, so `$$${` is `$${`.
    Other expressions and all directives are refused: no emitter has a use for them.
    """
    done: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        end = at + 1
        if char == "\r" and not text.startswith("\n", end) and "${" in text[end:].replace("$${", ""):
            raise WireError("HCL reads no `${` behind a lone carriage return")
        if char not in "$%":
            done.append(char)
            at = end
            continue
        while text.startswith(char, end):
            end += 1
        if not text.startswith("{", end):
            done.append(text[at:end])
        elif end - at > 1:
            done.append(text[at + 1 : end])
        elif found := _HCL_RETURN.match(text, end):
            done.append(found[1] + "\r")
            end = found.end()
        elif char == "%":
            raise WireError(f"a template directive, not text: {text[at:]}")
        else:
            found = _HCL_NAME.match(text, end)
            if found is None:
                raise WireError(f"not a plain variable: {text[at:]}")
            done.append(_hcl_variable(found[1], variables))
            end = found.end()
        at = end
    return "".join(done)


def _hcl_variable(name: str, variables: Mapping[str, str | None]) -> str:
    if name not in variables:
        raise WireError(f'Unknown variable; There is no variable named "{name}".')
    value = variables[name]
    if value is None:
        raise WireError(
            "Invalid template interpolation value; The expression result is null. "
            "Cannot include a null value in a string template."
        )
    return value


def compose(text: str, environment: Mapping[str, str]) -> str:
    """Interpolate one scalar of a compose file: `$NAME`, `${NAME}`, `${NAME:-text}` and its kin; `$$` is `$`.

    A variable that is not set is empty. A `$` before anything else than a name, `{` or `$` stays.
    """
    done: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        at = dollar + 1
        if text.startswith("$", at):
            done.append("$")
            at += 1
        elif text.startswith("{", at):
            value, at = _compose_braces(text, at + 1, environment)
            done.append(value)
        elif name := _COMPOSE_NAME.match(text, at):
            done.append(environment.get(name[0], ""))
            at = name.end()
        else:
            done.append("$")
    return "".join([*done, text[at:]])


def _compose_braces(text: str, start: int, environment: Mapping[str, str]) -> tuple[str, int]:
    """Return the value of `{NAME...}` whose inside begins at `start`, and the offset behind it."""
    invalid = WireError(
        f"invalid interpolation format.\nYou may need to escape any $ with another $.\n{text}"
    )
    name = _COMPOSE_NAME.match(text, start)
    end, depth = start, 1
    while depth:
        if end >= len(text):
            raise invalid
        if text.startswith("${", end):
            depth += 1
            end += 1
        elif text[end] == "}":
            depth -= 1
        end += 1
    if name is None:
        raise invalid
    value = environment.get(name[0])
    rest = text[name.end() : end - 1]
    if not rest:
        return value or "", end
    operator = re.match(":?[-?+]", rest)
    if operator is None:
        raise invalid
    there = value is not None and (value != "" or operator[0][0] != ":")
    other = rest[operator.end() :]
    if operator[0][-1] == "+":
        return (compose(other, environment) if there else ""), end
    if there:
        return value or "", end
    if operator[0][-1] == "?":
        message = compose(other, environment)
        raise WireError(f"required variable {name[0]} is missing a value: {message}")
    return compose(other, environment), end


def github(text: str, secrets: Mapping[str, str]) -> str:
    """Evaluate the `${{ }}` expressions of one scalar: `secrets.NAME` and string literals, nothing else.

    An expression ends at the first `}}` outside single quotes. A secret that is not set is empty.
    The names of secrets do not mind case. A value is not looked at again.
    """
    known = {name.upper(): value for name, value in secrets.items()}
    done: list[str] = []
    at = 0
    while (opening := text.find("${{", at)) >= 0:
        done.append(text[at:opening])
        end, inside = opening + 3, False
        while inside or not text.startswith("}}", end):
            if end >= len(text):
                raise WireError(
                    "The expression is not closed. An unescaped ${{ sequence was found, "
                    "but the closing }} sequence was not found."
                )
            inside ^= text[end] == "'"
            end += 1
        expression = text[opening + 3 : end].strip()
        if literal := _STRING.fullmatch(expression):
            done.append(literal[1].replace("''", "'"))
        elif secret := _SECRET.fullmatch(expression):
            done.append(known.get(secret[1].upper(), ""))
        else:
            raise WireError(f"an expression that no emitter has a use for: {expression}")
        at = end + 2
    return "".join([*done, text[at:]])
