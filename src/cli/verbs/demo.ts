import type { Client } from '../../client/client.ts';
import { CoxError, failure } from '../../core/errors.ts';
import type { InboxEntry, SessionView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { narrate } from '../demo/narrate.ts';
import { buildStage, clearStage, git, type Stage } from '../demo/stage.ts';
import { PARTS, POLICY } from '../demo/story.ts';
import { print } from '../out.ts';
import type { Define } from '../verb.ts';
import { watch } from '../watch.ts';
import { hasEnded } from '../words.ts';
import { deny } from './answer.ts';
import { stopAndWait } from './daemon.ts';
import { inbox } from './inbox.ts';
import { ls } from './ls.ts';
import { run } from './run.ts';

/** The whole story takes about 10 s; far longer means that something is wrong. */
const DEADLINE_MS = 80_000;

/** An interrupt takes 5 s and a sweep 10 s at most. */
const END_DEADLINE_MS = 20_000;
/** The exit code of a command that SIGINT ended. */
const INTERRUPTED = 130;

export const defineDemo: Define = (command, { done }) => {
  command.action(async () => done(await demo()));
};

/** `cox demo`: three sessions of the real Codex with a scripted model. Leaves no process and no file behind. */
async function demo(): Promise<number> {
  const interrupted = new AbortController();
  // Before anything is there to be left behind; for as long as it is, since a second one must not cut the cleaning
  // up. A closed pipe and a closed terminal are interruptions, too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => interrupted.abort());
  }
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => interrupted.abort());
  process.stderr.on('error', () => interrupted.abort());
  const stage = await buildStage();
  try {
    return interrupted.signal.aborted ? INTERRUPTED : await tell(stage, interrupted.signal);
  } finally {
    await leaveNothing(stage);
  }
}

/** It has ended, and its changes are measured. */
function isSettled(view: SessionView): boolean {
  return hasEnded(view) && view.changes !== null;
}

async function tell(stage: Stage, interrupted: AbortSignal): Promise<number> {
  print(`Three Codex sessions at once, each in a worktree of its own. The Codex is real, its model is scripted.

The policy answers one question for you; what no rule covers comes to your inbox:

${POLICY.trimEnd().replaceAll(/^/gm, '    ')}
`);
  const client = await daemonClient();
  for (const { name, prompt, scenario } of PARTS) {
    const cd = stage.folderOf(name);
    print(`$ cox run -C ${name} --name ${name} --policy policy.toml "${prompt}"`);
    const options = {
      cd,
      name,
      policy: stage.policy,
      sandbox: 'workspace-write',
      approval: 'on-request',
    };
    await run(`${prompt}\n\n#lab:${scenario}`, options, []);
  }
  print('\nNothing waits for them. What they do, as it changes, and why:\n');
  const sessions = (await client.sessions(true)).items;
  const telling = tellEvents(client, sessions);
  try {
    await answerInbox(client, interrupted);
    const ids = sessions.map(({ id }) => id);
    const { views, timedOut } = await watch(
      client,
      ids,
      (seen) => seen.every(isSettled) || seen.some(({ need }) => need !== null) || interrupted.aborted,
      DEADLINE_MS,
    );
    if (interrupted.aborted) return INTERRUPTED;
    const stuck = views.find((view) => timedOut || view.need !== null);
    if (stuck !== undefined) {
      const why = stuck.because.map(({ source, fact }) => `${source}: ${fact}`).join('; ');
      throw new CoxError(failure('internal', `The session ${stuck.name} is ${stuck.phase} (${why}).`));
    }
    await telling.stop();
    await showResults(stage, views);
    return views.every(({ phase }) => phase === 'done') ? 0 : 1;
  } finally {
    await telling.stop();
  }
}

/** Prints events from the first one on, until told to stop. */
function tellEvents(client: Client, sessions: readonly SessionView[]): { stop(): Promise<void> } {
  const names = new Map(sessions.map(({ id, name }) => [id, name ?? id]));
  const abort = new AbortController();
  const told = (async () => {
    try {
      for await (const event of await client.events(0, abort.signal))
        narrate(event, (id) => names.get(id) ?? id);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  })();
  return {
    stop: async () => {
      abort.abort();
      await told;
    },
  };
}

/** Waits for the one request that no rule covers, shows it as a person would see it, and says no. */
async function answerInbox(client: Client, interrupted: AbortSignal): Promise<void> {
  const [asking] = PARTS.slice(-1);
  if (asking === undefined) return;
  await watch(
    client,
    [asking.name],
    (seen) => seen.some(({ need, phase }) => need !== null || phase === 'failed') || interrupted.aborted,
    DEADLINE_MS,
  );
  if (interrupted.aborted) return;
  const [entry] = (await client.inbox()).items.filter(({ name }: InboxEntry) => name === asking.name);
  if (entry === undefined) throw new CoxError(failure('internal', 'The question of the demo did not come.'));
  print('\nNo rule covers this one, so it waits for you, for as long as it takes:\n\n$ cox inbox');
  await inbox({});
  print(`\n$ cox deny ${entry.requestId}`);
  await deny(entry.requestId, {});
  print('');
}

async function showResults(stage: Stage, views: readonly SessionView[]): Promise<void> {
  print('\n$ cox ls');
  await ls({});
  print('\nWhat each changed on disk:');
  for (const { name } of PARTS) {
    const changes = views.find((view) => view.name === name)?.changes ?? null;
    const folder = stage.folderOf(name);
    const counted =
      changes === null
        ? ''
        : `  (${changes.files} ${changes.files === 1 ? 'file' : 'files'}, +${changes.added} -${changes.removed})`;
    print(`\n  ${name}${counted}`);
    const status = git(folder, 'status', '--short').trimEnd();
    for (const line of status.split('\n')) print(`    ${line}`);
    const diff = git(folder, 'diff', '--unified=0')
      .split('\n')
      .filter((line) => /^[-+][^-+]/.test(line));
    for (const line of diff) print(`      ${line}`);
  }
  print(
    `\n  tags: ${git(stage.folderOf('repository'), 'tag').trim() || 'none'}   remotes: ${git(stage.folderOf('repository'), 'remote').trim() || 'none'}; nothing was pushed\n`,
  );
}

/** Also after a failure: no session, no server, no daemon, no lab and no file of ours stays. */
async function leaveNothing(stage: Stage): Promise<void> {
  try {
    const client = await daemonClient();
    const open = (await client.sessions(true)).items.filter((view) => !hasEnded(view));
    await Promise.allSettled(open.map(({ id }) => client.end(id, { mode: 'kill', graceMs: 0 })));
    await watch(
      client,
      open.map(({ id }) => id),
      (seen) => seen.every(hasEnded),
      END_DEADLINE_MS,
    );
    await stopAndWait(client);
  } finally {
    await clearStage(stage);
  }
}
