import type { Action } from '../../core/policy/action.ts';
import { endTree } from '../../machine/kill.ts';
import { TargetCollection } from '../../machine/kill-targets.ts';
import { RpcRefused } from './connection.ts';
import type { Link } from './link.ts';

/** An interrupt ends a turn in 42 ms even in a header stall (codex-facts, section 3); far longer is no answer. */
const INTERRUPT_DEADLINE_MS = 5_000;
/** The kernel ends a killed process at once, unless it is in an uninterruptible wait. */
const SWEEP_DEADLINE_MS = 10_000;

/**
 * Ends all that runs for a thread, in the order that leaves nothing behind (codex-facts, section 7): the turn,
 * its background terminals, the subscription (kept where only the turn is to end), then whatever still carries the thread's id in its environment.
 * Returns what survived, or that the turn goes on all the same: then nothing is proven and it is to be tried
 * again. Without a link the server is dead, and only the sweep is left to do.
 */
export async function endThread(
  link: Link | null,
  action: Action & { type: 'end-work' },
): Promise<string[] | 'turn-goes-on'> {
  const marks = ['CODEX_THREAD_ID', 'CODEX_SESSION_ID'].map((name) => [{ name, value: action.thread }]);
  // Before the turn ends: a child that has cleared its environment is known only while its parent lives.
  const tree = new TargetCollection([], marks);
  tree.scan();
  if (link !== null && !(await endTurn(link, action))) return 'turn-goes-on';
  const { survivors } = await endTree({
    roots: tree.seen(),
    alsoOwned: marks,
    graceMs: action.mode === 'interrupt' ? 0 : action.graceMs,
    deadlineMs: action.graceMs + SWEEP_DEADLINE_MS,
  });
  return survivors.map(({ identity, command }) => `pid ${identity.pid}: ${command}`);
}

/** Whether no turn of the thread runs any more. */
async function endTurn(link: Link, { thread, turn, mode }: Action & { type: 'end-work' }): Promise<boolean> {
  const active = await activeTurn(link, thread, turn);
  if (active !== null) {
    const ended = link.waitFor(
      (method, params) => method === 'turn/completed' && isOf(params, thread),
      INTERRUPT_DEADLINE_MS,
    );
    const accepted = await unlessRefused(
      link.connection.call('turn/interrupt', { threadId: thread, turnId: active }),
    );
    const over = accepted && (await ended);
    if (!over && (await activeTurn(link, thread, turn)) !== null) return false;
  }
  await unlessRefused(link.connection.call('thread/backgroundTerminals/clean', { threadId: thread }));
  if (mode !== 'interrupt')
    await unlessRefused(link.connection.call('thread/unsubscribe', { threadId: thread }));
  return true;
}

/**
 * The turn that runs now, whoever started it; null where none does, or the thread is not loaded. Versions that do
 * not list turns are asked to end the one that is known.
 */
async function activeTurn(link: Link, thread: string, known: string | null): Promise<string | null> {
  const { status } = (await settled(link.connection.call('thread/read', { threadId: thread })))?.thread ?? {};
  if (status?.type !== 'active') return null;
  const read = await settled(
    link.connection.call('thread/turns/list', { threadId: thread, limit: 1, sortDirection: 'desc' }),
  );
  return read?.data[0]?.id ?? known;
}

/** A refusal means that there is nothing of the kind to end: the turn is over, the thread is not loaded. */
async function unlessRefused(call: Promise<unknown>): Promise<boolean> {
  return (await settled(call)) !== null;
}

async function settled<Result>(call: Promise<Result>): Promise<Result | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RpcRefused) return null;
    throw error;
  }
}

function isOf(params: unknown, thread: string): boolean {
  return typeof params === 'object' && params !== null && 'threadId' in params && params.threadId === thread;
}
