import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { CODEX_VERSION } from '../../codex/generated/version.ts';
import {
  CAPABILITIES,
  type Capability,
  firstVersionWith,
  hasCapability,
  isNewer,
} from '../../codex/launch/capabilities.ts';
import { logBytes, sharedDaemon } from '../../codex/probe/home.ts';
import { knowsEveryKey, sandboxWorks } from '../../codex/probe/try.ts';
import { CoxError } from '../../core/errors.ts';
import { sizeInWords } from '../../protocol/quantities.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** Longer than one command of Codex may take. */
const DEADLINE_MS = 20_000;

/** Bytes of Codex's own log from which on it starts slowly (codex-facts A13). */
const LARGE_LOG = 2 * 2 ** 30;

const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as Capability[];

export const codex: Check = {
  name: 'codex',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const { path, version } = await context.codex();
    const lacks = CAPABILITY_NAMES.filter((name) => !hasCapability(version, name));
    const summary = `Codex ${version} at ${path}${lacks.length === 0 ? '' : `, without ${lacks.join(', ')}`}`;
    const tested = `${firstVersionWith('app-server-unix')} to ${CODEX_VERSION}`;
    if (!isNewer(version, CODEX_VERSION)) return ok(`${summary}; tested are ${tested}`);
    return warn(
      `${summary} is newer than what was tested (${tested})`,
      'Update Coxswain; or, if something goes wrong, name a tested Codex with --codex PATH or COX_CODEX.',
    );
  },
};

export const codexOnPath: Check = {
  name: 'codex-on-path',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const found = new Map<string, string>();
    for (const folder of (context.environment.PATH ?? '').split(':')) {
      const file = join(folder, 'codex');
      if (!folder.startsWith('/') || !(await isExecutable(file))) continue;
      found.set(file, await versionAt(context.codexAt, file));
    }
    if (found.size === 0) return ok('none on PATH');
    const list = [...found].map(([file, version]) => `${version} at ${file}`).join(', ');
    if (new Set(found.values()).size === 1) return ok(list);
    return warn(
      `several versions of Codex are on PATH: ${list}`,
      'Remove all but one; or name the one for Coxswain with COX_CODEX.',
    );
  },
};

async function versionAt(
  codexAt: (path: string) => Promise<{ version: string }>,
  file: string,
): Promise<string> {
  try {
    return (await codexAt(file)).version;
  } catch (error) {
    if (!(error instanceof CoxError)) throw error;
    return String(error.failure.details.version ?? 'no version');
  }
}

export const codexHome: Check = {
  name: 'codex-home',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const { codexHome: home } = await context.launch();
    const isThere = await can(home, constants.F_OK);
    if (!isThere) return ok(`${home} is not there; Codex makes it`);
    if (await can(home, constants.W_OK)) return ok(home);
    return fail(`${home} cannot be written`, 'Make it writable, or pass another with --codex-home DIR.');
  },
};

export const codexConfig: Check = {
  name: 'codex-config',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const file = join(context.codexHome, 'config.toml');
    if (!(await can(file, constants.F_OK))) return ok(`${file} is not there: Codex's defaults`);
    const taken = await context.takesConfiguration();
    if (taken.type === 'no')
      return fail(
        `Codex does not take ${file}: ${taken.words}`,
        'Correct it: an app-server goes on with defaults instead, another provider and model among them.',
      );
    if (taken.type === 'unknown')
      return warn(`not known: ${taken.words}`, 'Run codex features list by hand, and see what it says.');
    const strict = await knowsEveryKey(await context.trial());
    if (strict.type === 'no')
      return warn(`Codex takes ${file}, but not all of it: ${strict.words}`, 'Correct or remove that line.');
    return ok(strict.type === 'yes' ? file : `${file}; this Codex does not look for unknown keys`);
  },
};

export const appServer: Check = {
  name: 'app-server',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const answer = await context.asksForLogin();
    if (answer.type === 'yes') return ok('starts and answers');
    const remedy = 'Run codex app-server by hand, and see what it says.';
    if (answer.type === 'no') return fail(`an app-server does not answer: ${answer.words}`, remedy);
    return warn(`not known: ${answer.words}`, remedy);
  },
};

export const sandbox: Check = {
  name: 'sandbox',
  deadlineMs: DEADLINE_MS,
  run: async (context) => {
    const works = await sandboxWorks(await context.trial());
    if (works.type === 'yes') return ok('commands start in it');
    if (works.type === 'unknown') return warn(`not known: ${works.words}`, 'Run codex sandbox -- true.');
    return fail(
      `no command starts in Codex's sandbox: ${works.words}`,
      'Let users make namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container, its security profile), and see codex sandbox -- true.',
    );
  },
};

export const codexLog: Check = {
  name: 'codex-log',
  deadlineMs: 5_000,
  run: async (context) => {
    const bytes = await logBytes(context.codexHome);
    if (bytes <= LARGE_LOG) return ok(`Codex's own log has ${sizeInWords(bytes)}`);
    return warn(
      `Codex's own log has ${sizeInWords(bytes)}: it starts slowly, or not at all`,
      `End every Codex of this home, and remove ${join(context.codexHome, 'logs_2.sqlite')}* : Codex makes it anew.`,
    );
  },
};

export const codexDaemon: Check = {
  name: 'codex-daemon',
  deadlineMs: 5_000,
  run: async (context) => {
    const pid = await sharedDaemon(context.codexHome);
    if (pid === null) return ok("Codex's own shared daemon does not run");
    return ok(
      `Codex's own shared daemon runs, pid ${pid}; Coxswain has servers of its own and leaves it alone`,
    );
  },
};

async function isExecutable(file: string): Promise<boolean> {
  return can(file, constants.X_OK);
}

function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
