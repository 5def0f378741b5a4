import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { CoxError, failure } from '../../core/errors.ts';
import type { CodexBinary } from './binary.ts';
import { passedEnvironment } from './environment.ts';

/**
 * All that decides how an app-server behaves. Sessions of the same launch share one; any difference (another
 * binary, home, variable, override) means another server.
 */
export type Launch = {
  binary: CodexBinary;
  codexHome: string;
  /** The whole environment of the server, and so of every command that Codex runs. */
  environment: Record<string, string>;
  /** `-c`, `--enable` and `--disable` arguments, in the caller's order. */
  overrides: string[];
  /** The caller's file mode creation mask: what a session writes is as readable as what its user writes. */
  umask?: number;
};

export type LaunchRequest = {
  binary: CodexBinary;
  codexHome: string | null;
  environment: Readonly<Record<string, string>>;
  /** Names passed beside the default allow-list. */
  passed: readonly string[];
  /** Values set by `--env`. */
  extra: Readonly<Record<string, string>>;
  overrides: readonly string[];
  umask: number;
  cwd: string;
};

/**
 * The launch that a caller's environment asks for.
 *
 * @throws CoxError `directory-missing` for a CODEX_HOME that is not there; `codex-home-unsafe` where CODEX_HOME lies in the temporary directory (Codex 0.169 then
 *   refuses every sandboxed command, codex-facts A11); `codex-argument` for an override Codex would not take.
 */
export function planLaunch(request: LaunchRequest): Launch {
  const named = request.codexHome ?? request.environment.CODEX_HOME ?? null;
  const byDefault = join(request.environment.HOME ?? homedir(), '.codex');
  const codexHome = real(named === null ? byDefault : resolve(request.cwd, named));
  const isThere = existsSync(codexHome);
  if (named !== null && !isThere) {
    const hint = 'Create it, or pass another with --codex-home DIR.';
    throw new CoxError(
      failure('directory-missing', `CODEX_HOME ${codexHome} does not exist.`, { codexHome }, hint),
    );
  }
  refuseTemporary(codexHome, request.environment.TMPDIR);
  const overrides = checkOverrides(request.overrides);
  const environment = {
    ...passedEnvironment(request.environment, codexHome, request.passed),
    ...request.extra,
    // Codex makes its own default home, but none that it is given.
    ...(isThere ? { CODEX_HOME: codexHome } : {}),
  };
  return { binary: request.binary, codexHome, environment, overrides, umask: request.umask };
}

/** The key of a launch: equal exactly for equal launches. Does not reveal what it is made of. */
export function launchIdentity(launch: Launch): string {
  const environment = Object.entries(launch.environment).sort(([left], [right]) => (left < right ? -1 : 1));
  const whole = JSON.stringify([
    launch.binary,
    launch.codexHome,
    environment,
    launch.overrides,
    launch.umask,
  ]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 32);
}

const VALUE_FLAGS: Record<string, string> = {
  '-c': '-c',
  '--config': '-c',
  '--enable': '--enable',
  '--disable': '--disable',
};

function checkOverrides(given: readonly string[]): string[] {
  const checked: string[] = [];
  for (let index = 0; index < given.length; index += 1) {
    const [flag = '', inline] = splitFlag(given[index] ?? '');
    const known = VALUE_FLAGS[flag];
    const value = inline ?? given[index + 1];
    if (known === undefined || value === undefined || value === '') {
      throw new CoxError(
        failure('codex-argument', `${given[index]} cannot be passed to Codex here.`, {
          argument: given[index],
        }),
      );
    }
    if (inline === null) index += 1;
    checked.push(known, value);
  }
  return checked;
}

function splitFlag(argument: string): [string, string | null] {
  const match = /^(--[a-z-]+)=(.*)$/s.exec(argument);
  return match === null ? [argument, null] : [match[1] ?? '', match[2] ?? ''];
}

function refuseTemporary(codexHome: string, tmpdirOfCaller: string | undefined): void {
  const folder = tmpdirOfCaller ?? '/tmp';
  const path = relative(real(folder), codexHome);
  if (path !== '' && (path.startsWith('..') || isAbsolute(path))) return;
  throw new CoxError(
    failure('codex-home-unsafe', `CODEX_HOME ${codexHome} lies in the temporary directory ${folder}.`, {
      codexHome,
      folder,
    }),
  );
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
