import { execFile } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { CoxError, failure } from '../../core/errors.ts';
import { firstVersionWith, hasCapability } from './capabilities.ts';

/** A native Codex executable, pinned to the file it is: an upgrade in place is another binary. */
export type CodexBinary = {
  /** Real path of the native executable, never of the npm launcher. */
  path: string;
  version: string;
  /** Device, inode, size and modification time; changes when the file is replaced. */
  file: string;
};

/** Where to look, in order: `--codex`, `COX_CODEX`, PATH, the package's own `@openai/codex`. */
export type BinarySearch = {
  flag: string | null;
  environment: Readonly<Record<string, string>>;
  cwd: string;
};

/** Codex's names of the platform and its target triple, as its npm launcher (0.169) has them. */
const PLATFORMS: Record<string, { name: string; triple: string }> = {
  'linux x64': { name: 'linux-x64', triple: 'x86_64-unknown-linux-musl' },
  'linux arm64': { name: 'linux-arm64', triple: 'aarch64-unknown-linux-musl' },
  'darwin x64': { name: 'darwin-x64', triple: 'x86_64-apple-darwin' },
  'darwin arm64': { name: 'darwin-arm64', triple: 'aarch64-apple-darwin' },
};

/** Asking a binary for its version takes under 200 ms; longer than this, it is not a Codex. */
const VERSION_DEADLINE_MS = 10_000;

const versions = new Map<string, string>();

/**
 * Finds the Codex to run.
 *
 * @throws CoxError `codex-missing` where none of the places has one, or a place that was named does not;
 *   `codex-too-old` where it cannot serve an app-server on a unix socket.
 */
export async function findCodex(search: BinarySearch): Promise<CodexBinary> {
  const candidate = candidateOf(search);
  if (candidate === null) {
    throw new CoxError(failure('codex-missing', 'No Codex was found: not on PATH, and not beside Coxswain.'));
  }
  const native = nativeExecutable(candidate.path);
  if (native === null) {
    throw new CoxError(
      failure('codex-missing', `${candidate.from} names ${candidate.path}, which is no Codex executable.`, {
        path: candidate.path,
      }),
    );
  }
  const file = fileIdentity(native);
  const version = versions.get(file) ?? (await askVersion(native, search.environment));
  versions.set(file, version);
  if (!hasCapability(version, 'app-server-unix')) {
    throw new CoxError(
      failure(
        'codex-too-old',
        `Codex ${version} at ${native} is too old: ${firstVersionWith('app-server-unix')} is the first that serves an app-server on a unix socket.`,
        { path: native, version },
      ),
    );
  }
  return { path: native, version, file };
}

/** Whether the file is still the one that the binary was found to be. */
export function isUnchanged({ path, file }: CodexBinary): boolean {
  try {
    return fileIdentity(path) === file;
  } catch {
    return false;
  }
}

/** Device, inode, size and modification time of a file as one text. */
function fileIdentity(path: string): string {
  const { dev, ino, size, mtimeMs } = statSync(path);
  return [dev, ino, size, Math.floor(mtimeMs)].join('.');
}

type Candidate = { path: string; from: string };

function candidateOf({ flag, environment, cwd }: BinarySearch): Candidate | null {
  const named = (path: string, from: string): Candidate => ({
    path: isAbsolute(path) ? path : join(cwd, path),
    from,
  });
  if (flag !== null) return named(flag, '--codex');
  const variable = environment.COX_CODEX ?? '';
  if (variable !== '') return named(variable, 'COX_CODEX');
  for (const folder of (environment.PATH ?? '').split(':')) {
    if (folder === '' || !isExecutable(join(folder, 'codex'))) continue;
    return { path: join(folder, 'codex'), from: 'PATH' };
  }
  const own = ownPackage();
  return own === null ? null : { path: own, from: "Coxswain's own @openai/codex" };
}

function ownPackage(): string | null {
  try {
    return join(
      dirname(createRequire(import.meta.url).resolve('@openai/codex/package.json')),
      'bin',
      'codex.js',
    );
  } catch {
    return null;
  }
}

/**
 * The native executable behind a path: the path itself, or, where it is the npm launcher, what the launcher
 * would run. Layouts: `vendor/<triple>/bin/codex` in a platform package of its own (0.169),
 * `vendor/<triple>/codex/codex` (older).
 */
function nativeExecutable(path: string): string | null {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return null;
  }
  if (!statSync(real).isFile()) return null;
  if (!isScript(real)) return isExecutable(real) ? real : null;
  const platform = PLATFORMS[`${process.platform} ${process.arch}`];
  if (platform === undefined) return null;
  const root = dirname(dirname(real));
  const roots = [root];
  try {
    roots.unshift(dirname(createRequire(real).resolve(`@openai/codex-${platform.name}/package.json`)));
  } catch {
    // Versions before the platform packages carry the binary themselves.
  }
  for (const folder of roots) {
    for (const inside of [
      ['bin', 'codex'],
      ['codex', 'codex'],
    ]) {
      const native = join(folder, 'vendor', platform.triple, ...inside);
      if (isExecutable(native)) return realpathSync(native);
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isScript(path: string): boolean {
  const descriptor = openSync(path, 'r');
  try {
    const head = Buffer.alloc(2);
    readSync(descriptor, head, 0, 2, 0);
    return head.toString('latin1') === '#!';
  } finally {
    closeSync(descriptor);
  }
}

/** From the package's own record where there is one, else by asking the binary. */
async function askVersion(native: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const recorded = recordedVersion(join(dirname(dirname(native)), 'codex-package.json'));
  if (recorded !== null) return recorded;
  let text = '';
  try {
    ({ stdout: text } = await promisify(execFile)(native, ['--version'], {
      env: { ...environment },
      timeout: VERSION_DEADLINE_MS,
    }));
  } catch {
    text = '';
  }
  const version = /^codex(?:-cli)? (\S+)/.exec(text.trim())?.[1];
  if (version === undefined) {
    throw new CoxError(
      failure('codex-missing', `${native} does not answer --version as Codex does.`, { path: native }),
    );
  }
  return version;
}

function recordedVersion(file: string): string | null {
  try {
    const record: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof record !== 'object' || record === null || !('version' in record)) return null;
    return typeof record.version === 'string' ? record.version : null;
  } catch {
    return null;
  }
}
