import { access, constants, lstat } from 'node:fs/promises';
import { configPath, readConfigText } from '../../client/config-file.ts';
import {
  assertPrivateDirectory,
  assertSocketPath,
  UnsafePathError,
} from '../../machine/private-directory.ts';
import { loadSettings } from '../config.ts';
import { type Check, fail, ok, type Verdict, warn } from './check.ts';
import { nearestExisting } from './machine.ts';

export const directories: Check = {
  name: 'directories',
  deadlineMs: 5_000,
  run: async ({ places }) => {
    const { stateDirectory, runtimeDirectory, logsDirectory, serversDirectory, objectsDirectory } = places;
    const ours = [stateDirectory, runtimeDirectory, logsDirectory, serversDirectory, objectsDirectory];
    const found = await Promise.all([...ours.map(privateFolder), configFolder(places.configDirectory)]);
    const wrong =
      found.find(({ status }) => status === 'fail') ?? found.find(({ status }) => status === 'warn');
    return wrong ?? ok(`${stateDirectory} and what is in it are yours alone, and can be written`);
  },
};

/** A folder that only we may look into (S1). */
async function privateFolder(path: string): Promise<Verdict> {
  try {
    assertPrivateDirectory(path);
  } catch (error) {
    if (!(error instanceof UnsafePathError)) throw error;
    if (error.code === 'missing') return missingFolder(path);
    if (error.code === 'too-open')
      return warn(
        `${path} is open to others`,
        `Run chmod 700 ${path}; the daemon's next start does it, too.`,
      );
    return fail(`${error.message}`, 'Move it away, or set COX_HOME to a directory of your own.');
  }
  return writableFolder(path);
}

async function missingFolder(path: string): Promise<Verdict> {
  const above = await nearestExisting(path);
  const verdict = await writableFolder(above);
  return verdict.status === 'ok' ? ok(`${path} will be made`) : verdict;
}

async function writableFolder(path: string): Promise<Verdict> {
  const isFolder = (await lstat(path)).isDirectory() || (await isLinkToFolder(path));
  const canWrite = await can(path, constants.W_OK | constants.X_OK);
  if (isFolder && canWrite) return ok(path);
  const why = isFolder ? 'cannot be written' : 'is not a directory';
  return fail(`${path} ${why}`, 'Make it a directory that you can write, or set COX_HOME to one.');
}

/** Above our own folders, links are the user's business. */
async function isLinkToFolder(path: string): Promise<boolean> {
  return can(`${path}/.`, constants.F_OK);
}

/** Settings may be read by others, but not written. */
async function configFolder(path: string): Promise<Verdict> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return ok('no settings');
  const others = stats.mode & 0o022;
  if (others === 0 && stats.uid === process.getuid?.()) return ok(path);
  return warn(
    `others can write ${path}, and so your settings`,
    `Run chmod go-w ${path}, and see who owns it.`,
  );
}

export const socket: Check = {
  name: 'socket',
  deadlineMs: 1_000,
  run: async ({ places }) => {
    // An app-server's socket has the longest path: a directory, and an instance of eight characters.
    const longest = [places.socket, `${places.serversDirectory}/12345678.sock`];
    try {
      for (const path of longest) assertSocketPath(path);
    } catch (error) {
      if (!(error instanceof UnsafePathError)) throw error;
      return fail(
        `${error.path} is too long for the path of a socket`,
        'Set COX_HOME to a shorter path; a unix socket has 107 bytes at most.',
      );
    }
    return ok(places.socket);
  },
};

export const settings: Check = {
  name: 'settings',
  deadlineMs: 2_000,
  run: async ({ places, environment }) => {
    loadSettings(places, environment);
    const path = configPath(places);
    return ok(readConfigText(places) === null ? `${path} is not there: defaults` : path);
  },
};

function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
