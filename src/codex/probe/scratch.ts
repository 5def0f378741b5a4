import { mkdtempSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { parse } from 'smol-toml';

/**
 * Homes to try Codex in. Every command of Codex, even `--version`, writes into its CODEX_HOME (measured on 0.128,
 * 0.155 and 0.169): one that must change nothing runs on a copy of the configuration. No credentials are copied:
 * a token that is renewed on a copy would end the login of the original.
 */
export class ScratchHomes {
  readonly #root: string;
  readonly #original: string;
  #count = 0;

  /** Throws the system's error where the temporary directory cannot be written. */
  constructor(original: string) {
    this.#original = original;
    this.#root = mkdtempSync(join(tmpdir(), 'cox-doctor-'));
  }

  /**
   * One more home, with a home directory and a temporary directory of its own beside it: Codex refuses its sandbox
   * where CODEX_HOME is in the temporary directory.
   */
  async make(): Promise<ScratchHome> {
    this.#count += 1;
    const root = join(this.#root, String(this.#count));
    const places = { codexHome: join(root, 'codex'), HOME: join(root, 'home'), TMPDIR: join(root, 'tmp') };
    for (const folder of Object.values(places)) await mkdir(folder, { recursive: true, mode: 0o700 });
    await copyConfiguration(this.#original, places.codexHome);
    const { codexHome, HOME, TMPDIR } = places;
    return {
      cwd: HOME,
      variables: { CODEX_HOME: codexHome, HOME, TMPDIR },
      asOriginal: (text) => text.replaceAll(codexHome, this.#original),
    };
  }

  remove(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true, maxRetries: 5 });
  }
}

export type ScratchHome = {
  cwd: string;
  variables: { CODEX_HOME: string; HOME: string; TMPDIR: string };
  /** Codex's words with the paths of the home that it stands for. */
  asOriginal(text: string): string;
};

/** `config.toml`, profiles beside it, and links to the files that they name relative to the home. */
async function copyConfiguration(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => [] as string[]);
  for (const name of names.filter((one) => one === 'config.toml' || one.endsWith('.config.toml'))) {
    await copyFile(join(from, name), join(to, name));
    for (const text of textsIn(tomlOrNull(await readFile(join(to, name), 'utf8')))) {
      await linkFile(from, to, text);
    }
  }
}

async function linkFile(from: string, to: string, named: string): Promise<void> {
  const path = normalize(named);
  if (named === '' || named.length > 1_000 || isAbsolute(path) || path.startsWith('..')) return;
  const original = join(from, path);
  if (!(await stat(original).catch(() => null))?.isFile()) return;
  await mkdir(dirname(join(to, path)), { recursive: true });
  // Named twice, it is there already.
  await symlink(original, join(to, path)).catch(() => undefined);
}

/** A configuration that is not TOML is Codex's to report. */
function tomlOrNull(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
