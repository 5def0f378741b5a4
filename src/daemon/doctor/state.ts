import { stat } from 'node:fs/promises';
import { configPath } from '../../client/config-file.ts';
import { connectIfRunning } from '../../client/connect.ts';
import { findStrays, isServerAlive, type ServerRecord } from '../../codex/app-server/server.ts';
import { sizeInWords } from '../../protocol/quantities.ts';
import { ownVersion } from '../version.ts';
import { type Check, fail, NotTried, ok, warn } from './check.ts';

/** Longer than a look at the database may take. */
const STATE_DEADLINE_MS = 18_000;

export const database: Check = {
  name: 'database',
  deadlineMs: STATE_DEADLINE_MS,
  run: async ({ places, state }) => {
    const file = places.database;
    const looked = await state();
    const restore = `Run cox daemon stop, and move ${file} away: the next command makes a new one, and what was kept is lost.`;
    switch (looked.type) {
      case 'none':
        return ok(`${file} will be made`);
      case 'refused':
        return fail(`${file} cannot be read: ${looked.words}`, restore);
      case 'unknown':
        return warn(`not known: ${looked.words}`, 'Run cox doctor again when the machine is less busy.');
      case 'looked': {
        const { damage, schema, isNewer } = looked.found;
        if (damage.length > 0) return fail(`${file} is damaged: ${damage.join('; ')}`, restore);
        if (isNewer)
          return fail(
            `a newer Coxswain wrote ${file} (schema ${schema})`,
            'Update Coxswain, or set COX_HOME to another directory.',
          );
        return ok(`${sizeInWords((await stat(file)).size)}, nothing wrong with it`);
      }
      default:
        return looked satisfies never;
    }
  },
};

export const daemon: Check = {
  name: 'daemon',
  deadlineMs: 10_000,
  run: async ({ places }) => {
    const client = await connectIfRunning(places);
    if (client === null) return ok('not running; the next command that needs it starts it');
    const { pid, version, startedAt, openSessions } = await client.daemon();
    const restart = 'Run cox daemon restart; sessions go on.';
    if (version !== ownVersion())
      return warn(`the daemon that runs is version ${version}; this is ${ownVersion()}`, restart);
    const changedAt = await stat(configPath(places)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (startedAt !== null && changedAt > Date.parse(startedAt))
      return warn('config.toml was changed after the daemon had started', restart);
    return ok(`running, pid ${pid}, version ${version}, open sessions: ${openSessions}`);
  },
};

export const processes: Check = {
  name: 'processes',
  deadlineMs: STATE_DEADLINE_MS,
  run: async ({ places, state }) => {
    const looked = await state();
    if (looked.type === 'none') return ok('nothing was ever started');
    if (looked.type !== 'looked' || looked.found.damage.length > 0)
      throw new NotTried('what was started is not known', 'See the check database.');
    const { owner, servers } = looked.found;
    if (owner === null) return ok('nothing was ever started');
    const strays = findStrays(
      owner,
      servers.map(({ instance }) => instance),
    );
    if (strays.length > 0) {
      const pids = strays.map(({ pid }) => pid).join(', ');
      return warn(
        `processes of ours that nothing accounts for: pid ${pids}`,
        'Run cox daemon restart: it ends them.',
      );
    }
    const living = servers.filter(({ server }) => isServerAlive(server as ServerRecord));
    if (living.length > 0 && (await connectIfRunning(places)) === null) {
      const pids = living.map(({ server }) => (server as ServerRecord).process.pid).join(', ');
      return warn(`app-servers that nobody supervises: pid ${pids}`, 'Run cox daemon start.');
    }
    return ok(`app-servers: ${living.length}; nothing else of ours runs`);
  },
};
