import type { EvidenceBody } from '../../core/evidence/evidence.ts';
import type { Session } from '../../core/session/session.ts';
import type { ThreadItem } from '../generated/v2/ThreadItem.ts';
import type { Turn } from '../generated/v2/Turn.ts';
import { isThreadWithoutTurns } from '../known-messages.ts';
import { threadSettings } from '../launch/thread-settings.ts';
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
  const turns = await readTurns(link, thread, session);
  const evidence: EvidenceBody[] = [];
  for (const turn of turns) {
    const items = await readItems(link, thread, turn.id);
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
    evidence.push({ type: 'observed', server, thread, ...status, turns: turns.map(({ id }) => id), pending });
  }
  return { evidence, complete };
}

/** Turns of the thread that do not belong to an earlier run, oldest first. */
async function readTurns(link: Link, thread: string, session: Session): Promise<Turn[]> {
  const past = new Set(session.pastRuns.flatMap(({ turns }) => turns));
  const turns: Turn[] = [];
  let cursor: string | null = null;
  try {
    do {
      const page: { data: Turn[]; nextCursor: string | null } = await link.connection.call(
        'thread/turns/list',
        {
          threadId: thread,
          cursor,
          limit: PAGE,
          sortDirection: 'asc',
        },
      );
      turns.push(...page.data);
      cursor = page.nextCursor;
    } while (cursor !== null);
  } catch (error) {
    if (!isThreadWithoutTurns(error)) throw error;
  }
  return turns.filter(({ id }) => !past.has(id));
}

async function readItems(link: Link, thread: string, turn: string): Promise<ThreadItem[]> {
  const items: ThreadItem[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: { item: ThreadItem }[]; nextCursor: string | null } = await link.connection.call(
      'thread/items/list',
      {
        threadId: thread,
        turnId: turn,
        cursor,
        limit: PAGE,
        sortDirection: 'asc',
      },
    );
    items.push(...page.data.map(({ item }) => item));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}
