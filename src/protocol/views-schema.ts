import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts';
import { NEED_KINDS } from '../core/session/request.ts';
import { CONFIDENCES, DOUBTS, PHASES, SOURCES } from '../core/session/status.ts';

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
  worktree: z.null(),
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
  result: z
    .strictObject({
      verdict: z.enum(['verified', 'unverified', 'failed', 'stopped']),
      reason: z.string().nullable(),
      detail: z.string().nullable(),
      doubts: z.array(z.enum(DOUBTS)),
      gates: z.array(z.never()),
    })
    .nullable(),
});

const list = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ schemaVersion: z.literal(1), items: z.array(item) });

export const viewSchemas = {
  session,
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
    openSessions: z.int(),
    appServers: z.array(z.strictObject({ instance: z.string(), pid: z.int(), sessions: z.int() })),
  }),
} as const;
