import type { Hono } from 'hono';
import { CoxError, failure } from '../../core/errors.ts';
import { reportOf } from '../../core/report/report.ts';
import { type EndMode, hasEnded, type Session } from '../../core/session/session.ts';
import { endBody, resumeBody, runBody, sendBody } from '../../protocol/commands.ts';
import type { AttachView, DiffView } from '../../protocol/diff-view.ts';
import { reportView } from '../../protocol/report-view.ts';
import { type EventPage, type RemovedView, type SessionView, sessionView } from '../../protocol/view.ts';
import { findSession } from '../../store/find.ts';
import type { StoredSession } from '../../store/store.ts';
import type { ApiPorts } from './app.ts';
import { checked } from './checked.ts';
import { createSession } from './create.ts';
import { diffOf } from './diff.ts';
import { eventView } from './events.ts';
import { removing } from './removing.ts';
import { sendTo } from './send.ts';

/** How long the removal of a session waits for what is still being done for it, milliseconds. */
const MEASURED_MS = 10_000;

/** Facts that one page holds at most. */
const PAGE_LIMIT = 1_000;

/** Routes about one session: what it is, what it did, what is told to it, and its end. */
export function addSessionRoutes(app: Hono, ports: ApiPorts): void {
  const { store, loop, now } = ports;
  const stored = (target: string): StoredSession => {
    const found = findSession(store, target, now());
    if (!found.ok) throw new CoxError(found.failure);
    const session = loop.session(found.id);
    if (session === null) throw new CoxError(failure('not-found', `There is no session ${target}.`));
    return session;
  };
  const view = (id: string): SessionView => sessionView(stored(id).session, now());
  /** A session that has ended may have left commands running: afterwards nothing of it runs. */
  const sweep = async (session: Session, mode: EndMode, graceMs: number): Promise<void> => {
    const { id } = session.spec;
    const survivors = await ports.sweep(session, mode, graceMs);
    loop.submit(id, { type: 'command', command: { type: 'swept', mode, by: 'user', survivors } });
    if (survivors.length === 0) return;
    throw new CoxError(
      failure('survivors', `Of ${id} these still run: ${survivors.join(', ')}.`, { survivors }),
    );
  };
  const idOf = (target: string): string => stored(target).session.spec.id;

  app.post('/v1/sessions', async (context) => {
    const body = checked(runBody, await context.req.json());
    const id = await createSession(ports, body, context.req.header('idempotency-key') ?? null);
    return context.json(view(id), 201);
  });
  app.get('/v1/sessions/:target', (context) => {
    const shown = view(context.req.param('target'));
    if (context.req.query('seen') === '1')
      loop.submit(shown.id, { type: 'command', command: { type: 'seen' } });
    return context.json(shown);
  });
  app.post('/v1/sessions/:target/end', async (context) => {
    const { mode, graceMs } = checked(endBody, await context.req.json());
    const { session } = stored(context.req.param('target'));
    const { id } = session.spec;
    if (hasEnded(session) && mode !== 'interrupt') await sweep(session, mode, graceMs);
    const reply = loop.submit(id, { type: 'command', command: { type: 'end', mode, by: 'user', graceMs } });
    if (!reply.ok) throw new CoxError(reply.failure);
    return context.json(view(id));
  });
  app.post('/v1/sessions/:target/send', async (context) => {
    const { text, how } = checked(sendBody, await context.req.json());
    const { session } = stored(context.req.param('target'));
    const key = context.req.header('idempotency-key') ?? null;
    return context.json(await sendTo(ports, session, { text, how, verify: true }, key));
  });
  app.post('/v1/sessions/:target/resume', async (context) => {
    const { text, verify } = checked(resumeBody, await context.req.json());
    const { session } = stored(context.req.param('target'));
    const key = context.req.header('idempotency-key') ?? null;
    if (!hasEnded(session) && (key === null || store.receipt(key) === null)) {
      const message = `The session ${session.spec.id} has not ended (${session.status.phase}).`;
      throw new CoxError(
        failure('conflict', message, { phase: session.status.phase }, 'Tell it more with cox send.'),
      );
    }
    return context.json(await sendTo(ports, session, { text, how: 'queue', verify }, key));
  });
  app.post('/v1/sessions/:target/archive', (context) => {
    const id = idOf(context.req.param('target'));
    const reply = loop.submit(id, { type: 'command', command: { type: 'archive' } });
    if (!reply.ok) throw new CoxError(reply.failure);
    return context.json(view(id));
  });
  app.post('/v1/sessions/:target/remove', async (context) => {
    const { session } = stored(context.req.param('target'));
    const { id } = session.spec;
    if (!hasEnded(session)) {
      const message = `The session ${id} has not ended; only what has ended is removed.`;
      throw new CoxError(failure('conflict', message, { id }, 'End it first: cox stop.'));
    }
    // Its changes may be being measured still.
    await loop.whenDone(id, MEASURED_MS);
    await removing(ports.trees, session, () => loop.remove(id));
    const removed: RemovedView = { schemaVersion: 1, ok: true, session: id };
    return context.json(removed);
  });

  app.get('/v1/sessions/:target/events', (context) => {
    const id = idOf(context.req.param('target'));
    const before = context.req.query('before');
    const limit = Math.min(Number(context.req.query('limit') ?? PAGE_LIMIT) || PAGE_LIMIT, PAGE_LIMIT);
    const facts = store.factsBefore(id, before === undefined ? null : Number(before), limit);
    const page: EventPage = {
      schemaVersion: 1,
      items: facts.map(eventView),
      before: facts.length < limit ? null : (facts[0]?.seq ?? null),
    };
    return context.json(page);
  });
  app.get('/v1/sessions/:target/report', (context) => {
    const { session } = stored(context.req.param('target'));
    const report = reportOf(store.factsOf(session.spec.id), now());
    return context.json(reportView(session, report, now()));
  });
  app.get('/v1/sessions/:target/diff', async (context) => {
    const { session } = stored(context.req.param('target'));
    const diff: DiffView = await diffOf(session, ports.objectsDirectory, now());
    return context.json(diff);
  });
  app.get('/v1/sessions/:target/attach', async (context) => {
    const attach: AttachView = await ports.attach(stored(context.req.param('target')).session);
    return context.json(attach);
  });
}
