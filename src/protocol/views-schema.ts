import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts';
import { RULE_DOES } from '../core/policy/policy.ts';
import { ITEM_STATES } from '../core/session/item.ts';
import { CLOSINGS, NEED_KINDS } from '../core/session/request.ts';
import { APPROVALS, SANDBOXES } from '../core/session/session.ts';
import { CONFIDENCES, DOUBTS, PHASES, SOURCES } from '../core/session/status.ts';
import { configExplainView, configPathView, configSchemaView } from './config-view.ts';
import { doctorView } from './doctor-view.ts';
import { LOG_KINDS } from './log.ts';

/** JSON Schemas of what `--json` prints, so that programs can check what they read (and our tests do). */
const time = z.iso.datetime({ precision: 3 });
const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

const need = z.strictObject({
  kind: z.enum(NEED_KINDS),
  requestId: z.string(),
  question: z.string(),
  command: z.string().nullable(),
  commands: z.array(z.array(z.string())).nullable(),
  cwd: z.string().nullable(),
  files: z.array(z.strictObject({ path: z.string(), kind: z.string() })),
  options: z.array(
    z.strictObject({
      n: z.int().min(1),
      id: z.string(),
      label: z.string(),
      prefix: z.array(z.string()).optional(),
    }),
  ),
  since: time,
});

const session = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().length(6),
  name: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  phase: z.enum(PHASES),
  attention: z.boolean(),
  need: need.nullable(),
  cause: z.string().nullable(),
  until: time.nullable(),
  confidence: z.enum(CONFIDENCES).nullable(),
  because: z.array(z.strictObject({ source: z.enum(SOURCES), fact: z.string(), at: time })),
  driver: z.literal('app-server'),
  command: z.array(z.string()),
  cwd: z.string(),
  worktree: z
    .strictObject({
      path: z.string(),
      branch: z.string(),
      base: z.string(),
      uncommitted: z.int().min(0),
    })
    .nullable(),
  thread: z.string().nullable(),
  turn: z.string().nullable(),
  pid: z.null(),
  runs: z.array(
    z.strictObject({
      n: z.int(),
      thread: z.string().nullable(),
      startedAt: time,
      endedAt: time.nullable(),
      end: z.enum(['done', 'failed', 'stopped', 'lost']).nullable(),
    }),
  ),
  startedAt: time,
  phaseSince: time,
  lastProgressAt: time,
  endedAt: time.nullable(),
  exitCode: z.null(),
  lastMessage: z.string().nullable(),
  tokens: z.strictObject({ input: z.int(), cached: z.int(), output: z.int(), total: z.int() }),
  changes: z.strictObject({ files: z.int(), added: z.int(), removed: z.int() }).nullable(),
  interventions: z.array(
    z.strictObject({ at: time, kind: z.string(), by: z.string(), why: z.string(), outcome: z.string() }),
  ),
  queue: z.array(z.strictObject({ id: z.string(), text: z.string(), how: z.string(), at: time })),
  archived: z.boolean(),
  result: z
    .strictObject({
      verdict: z.enum(['verified', 'unverified', 'failed', 'stopped']),
      reason: z.string().nullable(),
      detail: z.string().nullable(),
      doubts: z.array(z.enum(DOUBTS)),
      gates: z.array(z.never()),
      complete: z.boolean(),
    })
    .nullable(),
});

const list = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ schemaVersion: z.literal(1), items: z.array(item) });

const acknowledged = z.strictObject({
  schemaVersion: z.literal(1),
  ok: z.literal(true),
  session: z.string(),
});

const event = z.strictObject({
  schemaVersion: z.literal(1),
  seq: z.int(),
  session: z.string(),
  at: time,
  source: z.enum(SOURCES),
  type: z.string(),
  fact: z.record(z.string(), z.unknown()),
});

const changedFile = z.strictObject({
  path: z.string(),
  kind: z.string(),
  from: z.string().nullable(),
  added: z.int().nullable(),
  removed: z.int().nullable(),
});

const report = z.strictObject({
  schemaVersion: z.literal(1),
  session,
  codexVersion: z.string(),
  model: z.string().nullable(),
  sandbox: z.enum(SANDBOXES),
  approval: z.enum(APPROVALS),
  durationMs: z.int(),
  runs: z.array(
    z.strictObject({
      n: z.int(),
      thread: z.string().nullable(),
      startedAt: time,
      endedAt: time.nullable(),
      context: z.strictObject({ known: z.int(), found: z.int() }).nullable(),
    }),
  ),
  instructions: z.array(
    z.strictObject({
      at: time,
      by: z.string(),
      text: z.string(),
      outcome: z.enum(['taken', 'open', 'lost']),
    }),
  ),
  unmeasured: z.string().nullable(),
  changes: z
    .strictObject({
      measuredAt: time,
      files: z.int(),
      added: z.int(),
      removed: z.int(),
      list: z.array(changedFile),
    })
    .nullable(),
  commands: z.array(
    z.strictObject({
      at: time,
      run: z.int(),
      command: z.string(),
      cwd: z.string(),
      state: z.enum(ITEM_STATES),
      exitCode: z.int().nullable(),
      durationMs: z.int().nullable(),
    }),
  ),
  requests: z.array(
    z.strictObject({
      id: z.string(),
      at: time,
      need: z.enum(NEED_KINDS),
      question: z.string(),
      command: z.string().nullable(),
      how: z.enum(CLOSINGS).nullable(),
      answer: z.string().nullable(),
      by: z.string().nullable(),
      why: z.string().nullable(),
      waitedMs: z.int().nullable(),
    }),
  ),
  troubles: z.array(z.strictObject({ at: time, cause: z.string(), message: z.string() })),
  phases: z.array(z.strictObject({ phase: z.enum(PHASES), ms: z.int() })),
  compactions: z.int(),
});

export const viewSchemas = {
  session,
  event,
  events: list(event).extend({ before: z.int().nullable() }),
  log: z.strictObject({
    schemaVersion: z.literal(1),
    session: z.string(),
    items: z.array(z.strictObject({ seq: z.int(), at: time, kind: z.enum(LOG_KINDS), text: z.string() })),
  }),
  send: acknowledged.extend({
    message: z.string(),
    run: z.int(),
    how: z.enum(['steer', 'queue', 'interrupt', 'run']),
    waitsFor: z.string().nullable(),
  }),
  removed: acknowledged,
  'removed-list': list(acknowledged),
  lab: z.strictObject({
    schemaVersion: z.literal(1),
    url: z.string(),
    port: z.int(),
    pid: z.int(),
    home: z.string().nullable(),
    config: z.string(),
  }),
  swept: z.strictObject({
    schemaVersion: z.literal(1),
    ok: z.literal(true),
    ended: z.array(z.string()),
    survivors: z.array(z.string()),
  }),
  ended: list(session),
  report,
  diff: z.strictObject({
    schemaVersion: z.literal(1),
    session: z.string(),
    root: z.string(),
    measuredAt: time,
    patch: z.string(),
    truncated: z.boolean(),
  }),
  policy: z.strictObject({
    schemaVersion: z.literal(1),
    session: z.string().nullable(),
    rules: z.int(),
    rulings: z.array(
      z.strictObject({
        requestId: z.string().nullable(),
        question: z.string(),
        command: z.string().nullable(),
        decision: z.enum(['answer', 'ask']),
        answer: z.string().nullable(),
        rule: z.string().nullable(),
        why: z.string(),
        rules: z.array(
          z.strictObject({
            rule: z.string(),
            do: z.enum(RULE_DOES),
            matches: z.boolean(),
            why: z.string(),
          }),
        ),
      }),
    ),
  }),
  attach: z.strictObject({
    schemaVersion: z.literal(1),
    session: z.string(),
    thread: z.string(),
    command: z.array(z.string()),
    cwd: z.string(),
    environment: z.record(z.string(), z.string()),
  }),
  'session-list': list(session),
  inbox: list(need.extend({ session: z.string(), name: z.string().nullable() })),
  answer: z.strictObject({
    schemaVersion: z.literal(1),
    ok: z.literal(true),
    requestId: z.string(),
    session: z.string(),
    answer: z.string(),
  }),
  error: z.strictObject({
    schemaVersion: z.literal(1),
    ok: z.literal(false),
    error: z.strictObject({
      code: z.enum(codes),
      message: z.string(),
      hint: z.string(),
      retryable: z.boolean(),
      details: z.record(z.string(), z.unknown()),
    }),
  }),
  daemon: z.strictObject({
    schemaVersion: z.literal(1),
    running: z.boolean(),
    pid: z.int().nullable(),
    version: z.string().nullable(),
    startedAt: time.nullable(),
    socket: z.string(),
    stateDirectory: z.string(),
    log: z.string(),
    problem: z.string().nullable(),
    openSessions: z.int(),
    appServers: z.array(z.strictObject({ instance: z.string(), pid: z.int(), sessions: z.int() })),
  }),
  'config-path': configPathView,
  'config-explain': configExplainView,
  'config-schema': configSchemaView,
  doctor: doctorView,
} as const;
