import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';

/** A folder that cannot be the CODEX_HOME of a lab. The message says why, and what to do. */
export class HomeError extends Error {
  override readonly name = 'HomeError';
}

/** A CODEX_HOME that may be given to a lab. */
export interface LabHome {
  /** Absolute. */
  readonly path: string;
  /** The port that an earlier lab has left in its configuration; null where there is none. */
  readonly port: number | null;
}

/**
 * Looks at the folder and changes nothing. Throws {@link HomeError} for one in the temporary directory, where
 * Codex 0.169.0 refuses its sandbox (measured), and for one that is in use for something else.
 */
export async function findHome(given: string): Promise<LabHome> {
  const path = resolve(given);
  await refuseTemporary(path);
  const config = await textOf(join(path, 'config.toml'));
  if (config === null && (await entriesOf(path)).length > 0) {
    throw new HomeError(`${path} is not empty and has no config.toml of a lab; take a new folder for --home`);
  }
  const port = /^base_url = "http:\/\/127\.0\.0\.1:(\d+)\/v1"$/m.exec(config ?? '')?.[1];
  return { path, port: port === undefined ? null : Number(port) };
}

/**
 * Makes the folder, for its owner alone, and writes config.toml. A file that starts with this text is left: what
 * follows has been added since, as Codex does for folders to trust. Throws {@link HomeError} for any other file.
 */
export async function writeHome(home: LabHome, config: string): Promise<void> {
  await mkdir(home.path, { recursive: true, mode: 0o700 });
  const file = join(home.path, 'config.toml');
  const present = await textOf(file);
  if (present === null) await writeFile(file, config, { flag: 'wx', mode: 0o600 });
  else if (!present.startsWith(config)) {
    throw new HomeError(`${file} exists and is not what this lab writes; remove it, or take another --home`);
  }
}

async function refuseTemporary(path: string): Promise<void> {
  const real = await realPathOf(path);
  for (const folder of new Set([tmpdir(), '/tmp'])) {
    const temporary = await realPathOf(folder);
    if (real !== temporary && !real.startsWith(temporary + sep)) continue;
    throw new HomeError(
      `${path} is in the temporary directory ${folder}, where Codex refuses its sandbox; take a --home elsewhere`,
    );
  }
}

/** Also for a path that does not exist yet: links above it are followed. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (!isMissing(error) || parent === path) throw error;
    return join(await realPathOf(parent), path.slice(parent.length));
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
