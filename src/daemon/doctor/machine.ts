import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runProgram } from '../../codex/probe/run.ts';
import { sizeInWords } from '../../protocol/quantities.ts';
import { type Check, fail, ok, warn } from './check.ts';

const NEEDED_NODE = 24;

/**
 * The first git that honours GIT_CONFIG_GLOBAL: with an older one, the user's configuration would take part where
 * files of a session are read (security: S14). From 2.38 on it also refuses bare repositories that a session planted.
 */
const NEEDED_GIT = [2, 32] as const;
const SAFER_GIT = [2, 38] as const;

/** Free bytes below which work fails soon or may fail: those of `codex doctor` 0.169. */
const FREE = { fail: 2 ** 30, warn: 5 * 2 ** 30 } as const;

export const node: Check = {
  name: 'node',
  deadlineMs: 1_000,
  run: async () => {
    const { node: version } = process.versions;
    if (Number.parseInt(version, 10) >= NEEDED_NODE) return ok(`Node ${version}`);
    return fail(
      `Node ${version} is too old`,
      `Install Node ${NEEDED_NODE} or newer from https://nodejs.org.`,
    );
  },
};

export const git: Check = {
  name: 'git',
  deadlineMs: 10_000,
  run: async ({ environment, signal }) => {
    const install = 'Install git 2.38 or newer, and see that it is on PATH.';
    const options = { environment, cwd: '/', deadlineMs: 8_000, signal };
    const ran = await runProgram('git', ['--version'], options).catch(() => null);
    if (ran === null) return fail('git is not on PATH: changes cannot be measured', install);
    const [, version, major, minor] = /((\d+)\.(\d+)[.\w]*)/.exec(ran.stdout) ?? [];
    if (ran.code !== 0 || version === undefined) return fail('git does not say its version', install);
    const isAtLeast = ([wantedMajor, wantedMinor]: readonly [number, number]): boolean =>
      Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
    if (!isAtLeast(NEEDED_GIT)) return fail(`git ${version} is too old`, install);
    if (!isAtLeast(SAFER_GIT))
      return warn(`git ${version} does not refuse bare repositories in a session's folder`, install);
    return ok(`git ${version}`);
  },
};

export const disk: Check = {
  name: 'disk',
  deadlineMs: 5_000,
  run: async ({ places, codexHome }) => {
    const places_ = [places.stateDirectory, codexHome];
    const free = await Promise.all(places_.map(async (path) => ({ path, bytes: await freeBytes(path) })));
    const least = free.reduce((one, other) => (other.bytes < one.bytes ? other : one));
    const summary = `${sizeInWords(least.bytes)} free for ${least.path}`;
    const remedy = 'Make room: where the disk is full, Codex loses the record of what it does.';
    if (least.bytes < FREE.fail) return fail(summary, remedy);
    return least.bytes < FREE.warn ? warn(summary, remedy) : ok(summary);
  },
};

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(await nearestExisting(path));
  return bavail * bsize;
}

/** The folder itself, or the nearest one above it that is there. */
export async function nearestExisting(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    if (isThere || dirname(folder) === folder) return folder;
  }
}
