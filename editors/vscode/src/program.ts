import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as path from "node:path";
import { workspace, type Uri } from "vscode";

/** What a run of the program left: its exit code, null when it could not be started. */
export interface Outcome {
  code: number | null;
  output: string;
  messages: string;
}

/** Returns the program of the settings, with `~` and `${workspaceFolder}` expanded. */
export function program(of?: Uri): string {
  const named = workspace.getConfiguration("envd-cache", of).get<string>("path", "") || "envd-cache";
  const folder = (of && workspace.getWorkspaceFolder(of)) ?? workspace.workspaceFolders?.[0];
  const expanded = named
    .replace(/^~(?=$|[/\\])/, () => homedir())
    .replaceAll("${workspaceFolder}", () => folder?.uri.fsPath ?? "");
  // A name is looked up on PATH, a path is taken from the workspace.
  const isPath = /[/\\]/.test(expanded);
  return isPath && folder ? path.resolve(folder.uri.fsPath, expanded) : expanded;
}

/** Runs the program in a folder and returns what it wrote. No shell reads the words. */
export function run(words: string[], folder: string, of: Uri): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program(of), words, { cwd: folder, timeout: 60_000 }, (error, output, messages) => {
      const code = error ? (typeof error.code === "number" ? error.code : null) : 0;
      resolve({ code, output, messages: messages || (code === null ? (error?.message ?? "") : "") });
    });
  });
}
