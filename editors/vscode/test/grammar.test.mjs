// The grammar, run as VS Code runs it. Reads the names to check from CATALOG, a file that the caller wrote:
// {"cache": [...], "builtins": [...], "constants": [...], "universe": [...]}; without it those are not checked.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const here = (name) => new URL(`../${name}`, import.meta.url);
await oniguruma.loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")).buffer);
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (scope) => {
    assert.equal(scope, "source.envd");
    const name = "syntaxes/envd.tmLanguage.json";
    return textmate.parseRawGrammar(readFileSync(here(name), "utf8"), name);
  },
});
const grammar = await registry.loadGrammar("source.envd");

/** Returns [text, innermost scopes] of each token. */
function tokens(text) {
  let stack = textmate.INITIAL;
  return text.split("\n").flatMap((line) => {
    const made = grammar.tokenizeLine(line, stack);
    assert.ok(!made.stoppedEarly);
    stack = made.ruleStack;
    return made.tokens.map((token) => [line.slice(token.startIndex, token.endIndex), token.scopes.join(" ")]);
  });
}

/** Returns the scopes of the first token that is exactly this text. */
function scopes(text, word) {
  const found = tokens(text).find(([part]) => part === word);
  assert.ok(found, `no token ${word} in ${text}`);
  return found[1];
}

const catalog = process.env.CATALOG ? JSON.parse(readFileSync(process.env.CATALOG, "utf8")) : null;
const unless = { skip: catalog ? false : "CATALOG is not set" };

test("every name of cache has a scope", unless, () => {
  for (const name of catalog.cache) {
    assert.match(scopes(`    cache.${name}()`, name), /support\.function\.cache/, name);
  }
});

test("every builtin of envd has a scope", unless, () => {
  for (const name of catalog.builtins) {
    assert.match(scopes(`${name}(x)`, name.split(".").pop()), /support\.function\.envd/, name);
  }
  for (const name of catalog.constants) {
    assert.match(scopes(`x = ${name}`, name.split(".").pop()), /support\.constant/, name);
  }
  for (const name of catalog.universe) {
    const expected = /^[a-z]/.test(name) ? /support\.function\.builtin/ : /constant\.language/;
    assert.match(scopes(`x = ${name}(y)`, name), expected, name);
  }
});

test("a name that cache does not have looks like no name of cache", () => {
  assert.doesNotMatch(scopes("cache.registri()", "registri"), /support\.function/);
  assert.doesNotMatch(scopes("cache.registryx()", "registryx"), /support\.function/);
  assert.doesNotMatch(scopes("my.cache.registry()", "registry"), /support\.function/);
  assert.doesNotMatch(scopes("install.copy()", "copy"), /support\.function\.envd/);
});

test("arguments, parameters and targets", () => {
  assert.match(scopes('cache.registry(ref="r", mode="max")', "mode"), /variable\.parameter\.function-call/);
  assert.match(scopes('cache.registry(\n    ref="r",\n    mode="max",\n)', "mode"), /variable\.parameter/);
  assert.doesNotMatch(scopes("f(a == b)", "f"), /variable\.parameter/);
  assert.doesNotMatch(tokens("f(a == b)").find(([part]) => part.includes("a"))[1], /variable\.parameter/);
  const definition = "def build(name, *rest, tag=None, **more):";
  assert.match(scopes(definition, "build"), /entity\.name\.function\.envd/);
  for (const name of ["name", "rest", "tag", "more"]) {
    assert.match(scopes(definition, name), /variable\.parameter\.function\.envd/, name);
  }
  assert.match(scopes("def f(\n    one,\n    two=2,\n):", "two"), /variable\.parameter\.function\.envd/);
});

test("strings", () => {
  assert.match(scopes('x = "a\\n"', "\\n"), /constant\.character\.escape/);
  assert.match(scopes('x = "a\\q"', "\\q"), /invalid\.illegal\.escape/);
  assert.doesNotMatch(tokens('x = r"a\\n"').at(-2)[1], /escape/);
  assert.match(scopes('x = "%s-py%s" % y', "%s"), /placeholder/);
  assert.match(scopes('x = "a # b"\ny = True', "True"), /constant\.language/);
  assert.match(scopes("x = '''one\ntwo'''\ny = None", "two"), /string\.quoted\.triple/);
  assert.match(scopes("x = '''one\ntwo'''\ny = None", "None"), /constant\.language/);
  // A string that is not closed ends with its line.
  assert.match(scopes('x = "a\ny = True', "True"), /constant\.language/);
  assert.match(scopes("x = r'a\ny = True", "True"), /constant\.language/);
});

test("keywords, numbers, comments", () => {
  assert.match(scopes("for x in y:", "for"), /keyword\.control/);
  assert.match(scopes("x = a not in b", "not"), /keyword\.operator\.logical/);
  assert.match(scopes('load("//a.envd", "b")', "load"), /keyword\.control\.import/);
  assert.match(scopes("while x:", "while"), /invalid\.illegal\.reserved/);
  assert.match(scopes("x = 0x1F", "0x1F"), /constant\.numeric\.integer/);
  assert.match(scopes("x = 1.5e3", "1.5e3"), /constant\.numeric\.float/);
  assert.match(scopes("x = 1  # one", " one"), /comment\.line/);
  assert.match(scopes("# envd-cache: allow(EC301)", "envd-cache: allow"), /suppression/);
  assert.match(scopes("# envd-cache: allow-file(EC301)", "envd-cache: allow-file"), /suppression/);
});

const examples = process.env.EXAMPLES ?? "";
test("no example holds anything illegal, and each shows its caches", { skip: !existsSync(examples) }, () => {
  const files = readdirSync(examples).map((name) => join(examples, name, "build.envd")).filter(existsSync);
  assert.ok(files.length > 10);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const made = tokens(text);
    assert.deepEqual(made.filter(([, scope]) => scope.includes("invalid")), [], file);
    const named = made.filter(([, scope]) => /support\.function\.cache/.test(scope)).map(([part]) => part);
    const code = text.replace(/#.*$/gm, "");
    assert.deepEqual(named, [...code.matchAll(/\bcache\.(\w+)/g)].map((found) => found[1]), file);
  }
});
