import { failure } from '../errors.ts';
import { hasEnded } from '../session/session.ts';
import type { Growing } from './fold.ts';
import type { Command, Reply } from './input.ts';

/**
 * Takes an instruction: for a session at work it is kept until Codex has it; for one that has ended it is the prompt
 * of a new run on the same thread.
 */
export function send(growing: Growing, command: Command & { type: 'send' }): Reply {
  const { session } = growing;
  if (hasEnded(session)) {
    openNextRun(growing, command);
    return { ok: true };
  }
  const { endRequested } = session;
  if (endRequested !== null && endRequested.mode !== 'interrupt') {
    const { mode, by } = endRequested;
    const message = `The session is being ended (${mode} by ${by}); send again once it has ended.`;
    return { ok: false, failure: failure('conflict', message, { session: session.spec.id }) };
  }
  const { id, text, how, by } = command;
  growing.add('user', {
    type: 'message-accepted',
    message: { id, text, how: how === 'steer' ? 'steer' : 'queue', by, at: growing.now },
    first: how === 'interrupt',
  });
  if (how === 'interrupt' && endRequested === null) {
    growing.add('user', { type: 'end-requested', mode: 'interrupt', by, graceMs: 0 });
  }
  return { ok: true };
}

/** The thread is compared with what is known of it before anything is said to it. */
function openNextRun(growing: Growing, { text, by, verify, relaunch }: Command & { type: 'send' }): void {
  const { run, spec } = growing.session;
  if (relaunch !== null && relaunch.identity !== spec.identity) {
    growing.add('coxswain', { type: 'relaunched', ...relaunch });
  }
  const opened = {
    type: 'run-opened',
    n: run.n + 1,
    prompt: text,
    thread: run.thread,
    why: `${by} sent an instruction`,
  } as const;
  if (run.thread === null) {
    growing.add('user', opened);
    return;
  }
  growing.add('user', { ...opened, verify });
  growing.add('coxswain', { type: 'look-due', why: 'the thread is taken up again' });
}
