import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import type * as z from 'zod';
import { CoxError, type ErrorCode, failure } from '../../core/errors.ts';
import { attentionSince } from '../../core/session/attention.ts';
import { openRequests } from '../../core/session/session.ts';
import { answerBody, endBody, runBody } from '../../protocol/commands.ts';
import { type DaemonView, errorView, type InboxEntry, needView, sessionView } from '../../protocol/view.ts';
import { findSession } from '../../store/find.ts';
import type { Store } from '../../store/store.ts';
import type { Loop } from '../loop.ts';
import { answerRequest } from './answer.ts';
import { createSession } from './create.ts';
import { streamEvents } from './events.ts';

export type ApiPorts = {
  store: Store;
  loop: Loop;
  log: Logger;
  now(): number;
  describe(): DaemonView;
  /** Ends the daemon after the answer has gone out. */
  stop(): void;
  isStopping(): boolean;
};

/** Sessions that a list holds at most. */
const LIST_LIMIT = 10_000;

/** The daemon's API. Every answer is JSON of docs/user/cli.md; every refusal is an error of the catalogue. */
export function createApi(ports: ApiPorts): Hono {
  const { store, loop, log, now } = ports;
  const app = new Hono();
  const view = (id: string) => {
    const stored = loop.session(id);
    if (stored === null) throw new CoxError(failure('not-found', `There is no session ${id}.`));
    return sessionView(stored.session, now());
  };
  const find = (target: string): string => {
    const found = findSession(store, target, now());
    if (!found.ok) throw new CoxError(found.failure);
    return found.id;
  };

  app.use(async (context, next) => {
    if (!ports.isStopping() || context.req.method === 'GET') return next();
    return refuse(new CoxError(failure('daemon-unreachable', 'The daemon is ending.', {}, 'Try again.')));
  });
  app.get('/v1/daemon', (context) => context.json(ports.describe()));
  app.post('/v1/daemon/stop', (context) => {
    ports.stop();
    return context.json(ports.describe());
  });

  app.post('/v1/sessions', async (context) => {
    const body = checked(runBody, await context.req.json());
    const id = await createSession(store, loop, body, context.req.header('idempotency-key') ?? null);
    return context.json(view(id), 201);
  });
  app.get('/v1/sessions', (context) => {
    const stored = store.list(context.req.query('all') === '1', LIST_LIMIT);
    const since = ({ session }: (typeof stored)[number]): number =>
      attentionSince(session) ?? Number.POSITIVE_INFINITY;
    const sorted = stored.toSorted((left, right) => Math.sign(since(left) - since(right)) || 0);
    return context.json({
      schemaVersion: 1,
      items: sorted.map(({ session }) => sessionView(session, now())),
    });
  });
  app.get('/v1/sessions/:target', (context) => {
    const id = find(context.req.param('target'));
    const shown = view(id);
    if (context.req.query('seen') === '1') loop.submit(id, { type: 'command', command: { type: 'seen' } });
    return context.json(shown);
  });
  app.post('/v1/sessions/:target/end', async (context) => {
    const { mode, graceMs } = checked(endBody, await context.req.json());
    const id = find(context.req.param('target'));
    const reply = loop.submit(id, { type: 'command', command: { type: 'end', mode, by: 'user', graceMs } });
    if (!reply.ok) throw new CoxError(reply.failure);
    return context.json(view(id));
  });

  app.get('/v1/inbox', (context) => {
    const items: InboxEntry[] = store
      .list(false, LIST_LIMIT)
      .flatMap(({ session }) =>
        openRequests(session).map((request) => ({
          ...needView(request),
          session: session.spec.id,
          name: session.spec.name,
        })),
      )
      .toSorted((left, right) => (left.since < right.since ? -1 : 1));
    return context.json({ schemaVersion: 1, items });
  });
  app.post('/v1/requests/:target/answer', async (context) => {
    const body = checked(answerBody, await context.req.json());
    return context.json(answerRequest(store, loop, context.req.param('target'), body, now()));
  });

  app.get('/v1/events', (context) => streamEvents(context, store, loop));

  app.notFound((context) =>
    refuse(new CoxError(failure('usage', `There is no ${context.req.method} ${context.req.path}.`))),
  );
  app.onError((error) => {
    if (error instanceof CoxError) return refuse(error);
    log.error({ err: error }, 'api.threw');
    return refuse(new CoxError(failure('internal', `Something unexpected happened: ${error.message}`)));
  });
  return app;
}

const STATUS: { [Code in ErrorCode]?: ContentfulStatusCode } = {
  'not-found': 404,
  ambiguous: 409,
  conflict: 409,
  'not-permitted': 403,
  'codex-missing': 503,
  'codex-too-old': 503,
  'codex-unreachable': 503,
  internal: 500,
};

function refuse(error: CoxError): Response {
  return Response.json(errorView(error.failure), { status: STATUS[error.failure.code] ?? 400 });
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw new CoxError(
    failure('usage', `${where === '' ? 'The body' : where}: ${issue?.message ?? 'is not valid'}.`, { where }),
  );
}
