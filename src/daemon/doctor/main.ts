import type { DoctorView } from '../../protocol/doctor-view.ts';
import { type Check, judge } from './check.ts';
import {
  appServer,
  codex,
  codexConfig,
  codexDaemon,
  codexHome,
  codexLog,
  codexOnPath,
  sandbox,
} from './codex.ts';
import { type DoctorRequest, openContext } from './context.ts';
import { login } from './login.ts';
import { disk, git, node } from './machine.ts';
import { directories, settings, socket } from './places.ts';
import { daemon, database, processes } from './state.ts';

/** In the order in which they are told. */
const CHECKS: readonly Check[] = [
  node,
  git,
  disk,
  directories,
  socket,
  settings,
  database,
  daemon,
  processes,
  codex,
  codexOnPath,
  codexHome,
  codexConfig,
  appServer,
  login,
  sandbox,
  codexLog,
  codexDaemon,
];

/** `node main.js REQUEST`: the view of `cox doctor` as JSON; 1 where a check failed. Changes nothing. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
// Who asked has gone: what was made to try things still goes.
process.stdout.on('error', () => interrupted.abort());

const request = JSON.parse(process.argv[2] ?? '{}') as Partial<DoctorRequest>;
const environment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
);
const context = openContext(
  { codex: request.codex ?? null, codexHome: request.codexHome ?? null },
  environment,
  interrupted.signal,
);
let checks: DoctorView['checks'];
try {
  checks = await Promise.all(CHECKS.map((check) => judge(check, context)));
} finally {
  // What was late goes on no longer.
  interrupted.abort();
  await context.close();
}
const view: DoctorView = { schemaVersion: 1, ok: checks.every(({ status }) => status !== 'fail'), checks };
process.stdout.write(JSON.stringify(view), () => process.exit(view.ok ? 0 : 1));
