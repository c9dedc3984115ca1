import { commands, Uri, window, workspace, type ExtensionContext } from "vscode";
import {
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";
import { functionAt, Outputs, SCHEME } from "./compile";
import { program } from "./program";

let client: LanguageClient | undefined;

/** Starts the server when the first build file is opened. */
export async function activate(context: ExtensionContext): Promise<void> {
  const outputs = new Outputs();
  context.subscriptions.push(
    commands.registerCommand("envd-cache.restart", restart),
    commands.registerCommand("envd-cache.compileTarget", (file?: unknown, target?: unknown) =>
      outputs.compile(
        typeof file === "string" ? file : file instanceof Uri ? file.toString() : undefined,
        typeof target === "string" ? target : undefined,
      ),
    ),
    workspace.registerTextDocumentContentProvider(SCHEME, outputs),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("envd-cache.path")) {
        void restart();
      }
    }),
  );
  await start();
}

/** Ends the server. */
export async function deactivate(): Promise<void> {
  const ending = client;
  client = undefined;
  await ending?.dispose();
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

async function start(): Promise<void> {
  const command = program();
  const server: ServerOptions = { command, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "envd" },
      { scheme: "untitled", language: "envd" },
    ],
    // `tell` says it once, with what to do.
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    middleware: {
      async provideCompletionItem(document, position, context, token, next) {
        const found = await next(document, position, context, token);
        for (const item of Array.isArray(found) ? found : (found?.items ?? [])) {
          const text = typeof item.insertText === "string" ? item.insertText : (item.insertText?.value ?? "");
          // The cursor is in the quotes of a new argument then: what the repository has for it comes at once.
          if (!item.command && /"\$\{1\}"|=$/.test(text)) {
            item.command = { title: "", command: "editor.action.triggerSuggest", arguments: [{ auto: true }] };
          }
        }
        return found;
      },
      // The server says what a target caches; here a click on it shows the caches themselves.
      async provideCodeLenses(document, token, next) {
        const lenses = await next(document, token);
        for (const lens of lenses ?? []) {
          const target = functionAt(document.getText().split("\n"), lens.range.start.line);
          if (lens.command && !lens.command.command && target && workspace.isTrusted) {
            const words = [document.uri.toString(), target];
            lens.command = { title: lens.command.title, command: "envd-cache.compileTarget", arguments: words };
          }
        }
        return lenses;
      },
    },
  };
  client = new LanguageClient("envd-cache", "envd-cache", server, options);
  try {
    await client.start();
  } catch {
    client = undefined;
    await tell(command);
  }
}

async function tell(command: string): Promise<void> {
  const settings = "Open Settings";
  const text = `\`${command} lsp\` did not start. Install envd-cache with pip, or set \`envd-cache.path\`.`;
  if ((await window.showErrorMessage(text, settings)) === settings) {
    await commands.executeCommand("workbench.action.openSettings", "envd-cache.path");
  }
}
