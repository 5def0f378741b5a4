import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The binding files by their name, `/` between folders, and the version of the Codex that made them. */
export type Bindings = { readonly files: ReadonlyMap<string, string>; readonly version: string };

/**
 * The native binary of the installed `@openai/codex`, found as its launcher finds it.
 * @throws when the package or the one for this platform is not installed
 */
export function installedCodex(): string {
  const launcher = createRequire(import.meta.url).resolve('@openai/codex/package.json');
  const platform = process.platform === 'android' ? 'linux' : process.platform;
  const name = `@openai/codex-${platform}-${process.arch}`;
  const vendor = join(dirname(createRequire(launcher).resolve(`${name}/package.json`)), 'vendor');
  const [target, ...others] = readdirSync(vendor);
  if (target === undefined || others.length > 0) throw new Error(`not one target in ${vendor}`);
  return join(vendor, target, 'bin', platform === 'win32' ? 'codex.exe' : 'codex');
}

/** Has `codex` write its bindings below `scratch`, with a home of its own there, and reads them. */
export function generate(codex: string, scratch: string): Bindings {
  const home = join(scratch, 'home');
  const out = join(scratch, 'out');
  mkdirSync(home);
  const run = (...args: string[]): string =>
    execFileSync(codex, args, {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
  const printed = run('--version');
  const version = /^codex-cli (\S+)\s*$/.exec(printed)?.[1];
  if (version === undefined) throw new Error(`codex --version says: ${printed}`);
  run('app-server', 'generate-ts', '--experimental', '--out', out);
  return { files: readFolder(out), version };
}

/** The content of every file below `folder`, by its name with `/` between folders. */
export function readFolder(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
  }
  return files;
}
