import * as path from "node:path";
import { EventEmitter, Uri, ViewColumn, window, workspace, type TextDocumentContentProvider } from "vscode";
import { run } from "./program";

/** The scheme of documents that show what a compile wrote. */
export const SCHEME = "envd-cache-output";

/** Returns the function that a line of a build file belongs to, or null at the top level before any. */
export function functionAt(lines: readonly string[], line: number): string | null {
  for (let number = Math.min(line, lines.length - 1); number >= 0; number--) {
    const found = /^def\s+([A-Za-z_]\w*)\s*\(/.exec(lines[number] ?? "");
    if (found) {
      return found[1] ?? null;
    }
  }
  return null;
}

/** Shows the newest output of each compiled target, read-only. */
export class Outputs implements TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new EventEmitter<Uri>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** Compiles a target (by default the one at the cursor) and shows the output beside the build file. */
  async compile(file?: string, target?: string): Promise<void> {
    const editor = window.activeTextEditor;
    const uri = file ? Uri.parse(file) : editor?.document.uri;
    if (!workspace.isTrusted || uri?.scheme !== "file") {
      return;
    }
    const document = await workspace.openTextDocument(uri);
    if (document.isDirty && !(await document.save())) {
      return;
    }
    const cursor = editor?.document === document ? editor.selection.active.line : 0;
    const name = target ?? functionAt(document.getText().split("\n"), cursor) ?? "build";
    const to = workspace.getConfiguration("envd-cache", uri).get<string>("compile.to", "buildx");
    const folder = workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? path.dirname(uri.fsPath);
    const words = ["compile", `${path.relative(folder, uri.fsPath)}:${name}`, "--to", to, "--color", "never"];
    const done = await run(words, folder, uri);
    const shown = Uri.from({ scheme: SCHEME, path: `${uri.path}:${name} (${to})` });
    this.texts.set(shown.toString(), done.messages + done.output);
    this.changed.fire(shown);
    await window.showTextDocument(shown, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
  }
}
