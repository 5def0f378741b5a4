import type { EvidenceBody } from '../../core/evidence/evidence.ts';
import type { Session } from '../../core/session/session.ts';
import type { ThreadItem } from '../generated/v2/ThreadItem.ts';
import type { Turn } from '../generated/v2/Turn.ts';
import { isThreadWithoutTurns } from '../known-messages.ts';
import { hasCapability } from '../launch/capabilities.ts';
import { threadSettings } from '../launch/thread-settings.ts';
import { turnsOfRollout } from '../rollout/turns.ts';
import type { Link } from './link.ts';
import { isOver, mapItem } from './map-item.ts';
import { mapThreadStatus, mapTurn } from './map-notification.ts';

/** Entries asked for at once. */
const PAGE = 200;

/**
 * Compares with Codex itself: subscribes where that is needed (which makes the server send its open requests
 * again), then reads the turns of the newest run and their items. The last piece of evidence is `observed`.
 *
 * Codex 0.169 sends the open requests right after the answer to `thread/resume` and before the answer to the
 * next call, so the reads that follow tell that they have come. `complete` is false where the thread says that
 * it waits and no request has come all the same: nothing may then be concluded from their absence.
 */
export async function observe(
  link: Link,
  session: Session,
  thread: string,
  resume: boolean,
): Promise<{ evidence: EvidenceBody[]; complete: boolean }> {
  if (resume) {
    await link.connection.call('thread/resume', {
      ...threadSettings(session.spec),
      threadId: thread,
      excludeTurns: true,
    });
  }
  const { turns, history } = await readTurns(link, thread, session, resume);
  const evidence: EvidenceBody[] = [];
  for (const { turn, items } of turns) {
    const found: EvidenceBody[] = items
      .filter(isOver)
      .map((item) => ({ type: 'item-completed', thread, turn: turn.id, item: mapItem(item) }));
    const [begun, ...rest] = mapTurn(thread, turn);
    evidence.push(...(begun === undefined ? [] : [begun]), ...found, ...rest);
  }
  const { thread: read } = await link.connection.call('thread/read', { threadId: thread });
  const status = mapThreadStatus(read.status);
  const pending = link.pending(thread);
  const complete = !status.waiting || pending.length > 0;
  if (complete) {
    const server = link.record.instance;
    evidence.push({
      type: 'observed',
      server,
      thread,
      ...status,
      turns: turns.map(({ turn }) => turn.id),
      // What has stayed loaded has lost nothing.
      history: resume ? await remembered(history, session, read.path) : history,
      pending,
    });
  }
  return { evidence, complete };
}

/** A turn with all its items; the turn itself carries none. */
type WholeTurn = { turn: Turn; items: ThreadItem[] };

/**
 * What of a history the model will be given again: also in the rollout, where a thread is taken up and its history is
 * to be compared.
 */
async function remembered(
  history: string[] | null,
  session: Session,
  rollout: string | null,
): Promise<string[] | null> {
  if (history === null || rollout === null || session.run.context?.type !== 'unchecked') return history;
  const written = await turnsOfRollout(rollout);
  return written === null ? history : history.filter((turn) => written.has(turn));
}

/** New turns, oldest first, and the ids of all turns of the thread; null where only the newest was read. */
type Turns = { turns: WholeTurn[]; history: string[] | null };

/** Turns of the thread that do not belong to an earlier run, oldest first. */
async function readTurns(link: Link, thread: string, session: Session, resume: boolean): Promise<Turns> {
  const past = new Set(session.pastRuns.flatMap(({ turns }) => turns));
  const whole = resume || session.run.context?.type === 'unchecked';
  const isNew = ({ turn }: WholeTurn): boolean => !past.has(turn.id);
  try {
    if (!hasCapability(session.spec.codexVersion, 'items-list')) {
      const turns = await readWhole(link, thread, session);
      return { turns: turns.filter(isNew), history: idsOf(turns) };
    }
    if (whole) return await listTurns(link, thread, past);
    return { turns: (await newestTurn(link, thread)).filter(isNew), history: null };
  } catch (error) {
    if (isThreadWithoutTurns(error)) return { turns: [], history: [] };
    throw error;
  }
}

function idsOf(turns: readonly WholeTurn[]): string[] {
  return turns.map(({ turn }) => turn.id);
}

/** While the connection has held, nothing was missed: the newest turn's state is all there is to compare. */
async function newestTurn(link: Link, thread: string): Promise<WholeTurn[]> {
  const page = await link.connection.call('thread/turns/list', {
    threadId: thread,
    limit: 1,
    sortDirection: 'desc',
  });
  return page.data.map((turn) => ({ turn: { ...turn, items: [] }, items: [] }));
}

async function listTurns(link: Link, thread: string, past: ReadonlySet<string>): Promise<Turns> {
  const turns = await pages((cursor) =>
    link.connection.call('thread/turns/list', {
      threadId: thread,
      cursor,
      limit: PAGE,
      sortDirection: 'asc',
    }),
  );
  const whole: WholeTurn[] = [];
  for (const turn of turns) {
    if (past.has(turn.id)) continue;
    const entries = await pages((cursor) =>
      link.connection.call('thread/items/list', {
        threadId: thread,
        turnId: turn.id,
        cursor,
        limit: PAGE,
        sortDirection: 'asc',
      }),
    );
    whole.push({ turn: { ...turn, items: [] }, items: entries.map(({ item }) => item) });
  }
  return { turns: whole, history: turns.map(({ id }) => id) };
}

/**
 * The history as versions before `thread/items/list` give it. Their messages have other ids than live: only the
 * last one is taken, where it is not the one that is known already.
 */
async function readWhole(link: Link, thread: string, session: Session): Promise<WholeTurn[]> {
  const read = await link.connection.call('thread/read', { threadId: thread, includeTurns: true });
  return read.thread.turns.map((turn) => {
    const last = turn.items.findLast((item) => item.type === 'agentMessage');
    const isNews = last?.type === 'agentMessage' && last.text !== session.lastMessage;
    const items = turn.items.filter((item) => !/^item-\d+$/.test(item.id) || (item === last && isNews));
    return { turn: { ...turn, items: [] }, items };
  });
}

async function pages<Entry>(
  read: (cursor: string | null) => Promise<{ data: Entry[]; nextCursor: string | null }>,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: Entry[]; nextCursor: string | null } = await read(cursor);
    entries.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return entries;
}
