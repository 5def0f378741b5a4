import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { CoxError, type ErrorCode, failure } from '../../core/errors.ts';
import { type EndMode, openRequests, type Session } from '../../core/session/session.ts';
import { answerBody } from '../../protocol/commands.ts';
import type { AttachView } from '../../protocol/diff-view.ts';
import { type DaemonView, errorView, type InboxEntry, needView } from '../../protocol/view.ts';
import type { Store } from '../../store/store.ts';
import type { TreePlace } from '../../worktree/tree-record.ts';
import type { Loop } from '../loop.ts';
import { answerRequest } from './answer.ts';
import { checked } from './checked.ts';
import { streamEvents } from './events.ts';
import { listText } from './list.ts';
import { addPolicyRoutes } from './policy.ts';
import { addSessionRoutes } from './sessions.ts';

export type ApiPorts = {
  store: Store;
  loop: Loop;
  log: Logger;
  now(): number;
  describe(): DaemonView;
  /** Where git objects of snapshots are kept. */
  objectsDirectory: string;
  /** Where worktrees of sessions are made. */
  trees: TreePlace;
  /** Names of variables that a session gets of its caller's environment beside the usual ones. */
  passedVariables: readonly string[];
  /** The launch that a session goes on with where its own is of no use any more; null where it is. */
  relaunch(session: Session): Promise<{ identity: string; codexVersion: string } | null>;
  attach(session: Session): Promise<AttachView>;
  /** Ends what a session that has ended left running; says what survived. */
  sweep(session: Session, mode: EndMode, graceMs: number): Promise<string[]>;
  /** Tells a session of those that it waits for and that have ended already. */
  settle(id: string): void;
  /** One listener more, or less, to the events of one session: a terminal that has joined it is one. */
  watched(session: string, change: 1 | -1): void;
  /** A client has asked for something, or goes on listening. */
  used(): void;
  /** Ends the daemon after the answer has gone out. */
  stop(): void;
  isStopping(): boolean;
};

/** The daemon's API. Every answer is JSON of docs/user/cli.md; every refusal is an error of the catalogue. */
export function createApi(ports: ApiPorts): Hono {
  const { store, loop, log, now } = ports;
  const app = new Hono();

  app.use(async (context, next) => {
    ports.used();
    if (!ports.isStopping() || context.req.method === 'GET') return next();
    return refuse(new CoxError(failure('daemon-unreachable', 'The daemon is ending.', {}, 'Try again.')));
  });
  app.get('/v1/daemon', (context) => context.json(ports.describe()));
  app.post('/v1/daemon/stop', (context) => {
    ports.stop();
    return context.json(ports.describe());
  });

  app.get('/v1/sessions', async (context) => {
    const { all, limit } = context.req.query();
    const text = await listText(ports, { all: all === '1', limit });
    return context.body(text, 200, { 'content-type': 'application/json' });
  });
  addSessionRoutes(app, ports);
  addPolicyRoutes(app, ports);

  app.get('/v1/inbox', (context) => {
    const items: InboxEntry[] = loop
      .openSessions()
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

  app.get('/v1/events', (context) => streamEvents(context, ports));

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
