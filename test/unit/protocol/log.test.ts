import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FactBody } from '../../../src/core/session/fact.ts';
import type { Item } from '../../../src/core/session/item.ts';
import type { Status } from '../../../src/core/session/status.ts';
import { LOG_KINDS, type LogEntry, logEntry, logLines } from '../../../src/protocol/log.ts';
import { approval, origin, SPEC } from '../core/fixture.ts';

const AT = '2026-01-02T03:04:05.678Z';

function entryOf({ type, ...fact }: FactBody): LogEntry | null {
  return logEntry({ schemaVersion: 1, seq: 7, session: 'k7m2qd', at: AT, source: 'app-server', type, fact });
}

/** An entry as `kind: text`. */
function told(body: FactBody): string | null {
  const entry = entryOf(body);
  return entry === null ? null : `${entry.kind}: ${entry.text}`;
}

/** Every type of fact, with what it says to people. A text of others is `T`. */
const FACTS: { [Type in FactBody['type']]: [FactBody & { type: Type }, string | null] } = {
  'session-created': [{ type: 'session-created', spec: SPEC, prompt: 'T' }, 'user: T'],
  'run-opened': [{ type: 'run-opened', n: 2, prompt: 'T', thread: 't1', why: 'w' }, 'user: T'],
  relaunched: [
    { type: 'relaunched', identity: 'i', codexVersion: '0.170.0' },
    'note: goes on with Codex 0.170.0',
  ],
  'message-accepted': [
    {
      type: 'message-accepted',
      message: { id: 'm1', text: 'T', how: 'steer', by: 'me', at: 1 },
      first: false,
    },
    'user: (steer) T',
  ],
  'message-held': [
    { type: 'message-held', id: 'm1', why: 'T' },
    'note: the instruction m1 waits for the end of the turn: T',
  ],
  'message-taken': [{ type: 'message-taken', id: 'm1', turn: 'u1' }, null],
  'message-dropped': [
    { type: 'message-dropped', id: 'm1', text: 'T', why: 'its run has ended' },
    'note: not delivered, its run has ended: T',
  ],
  'context-checked': [
    { type: 'context-checked', known: 3, found: 2, missing: ['u1'] },
    'note: the thread came back with 2 of its 3 turns',
  ],
  interrupted: [
    { type: 'interrupted', survivors: ['pid 7: T'] },
    'note: the turn was interrupted, but these still run: pid 7: T',
  ],
  'work-requested': [{ type: 'work-requested', key: 'look', action: { type: 'look', thread: 't1' } }, null],
  'work-returned': [{ type: 'work-returned', key: 'look', result: { type: 'unknown', why: 'T' } }, null],
  'thread-bound': [
    { type: 'thread-bound', thread: 't1', server: 's1', rollout: null, model: 'T', writableRoots: [] },
    null,
  ],
  'thread-dropped': [{ type: 'thread-dropped', thread: 't1', why: 'T' }, 'note: T'],
  'thread-reported': [{ type: 'thread-reported', report: { at: 1, state: 'idle', waiting: false } }, null],
  observed: [{ type: 'observed', server: 's1', thread: 't1' }, null],
  'turn-started': [{ type: 'turn-started', turn: 'u1' }, null],
  activity: [{ type: 'activity', turn: 'u1', line: 'T' }, null],
  item: [{ type: 'item', turn: 'u1', item: { kind: 'message', id: 'i1', text: 'T' } }, 'codex: T'],
  progress: [{ type: 'progress' }, null],
  'request-opened': [
    {
      type: 'request-opened',
      request: {
        id: 'r1',
        run: 1,
        origin: origin(),
        ask: approval({ question: 'T?', command: 'T' }),
        openedAt: 1,
        ruled: null,
        undone: 0,
        state: { type: 'open' },
      },
    },
    'asks: r1 approval: T?\n$ T',
  ],
  'answer-committed': [
    {
      type: 'answer-committed',
      requestId: 'r1',
      answer: { type: 'text', text: 'x' },
      by: 'me',
      why: 'T',
      intervention: 'deny',
    },
    'answer: r1 deny by me: T',
  ],
  'request-ruled': [{ type: 'request-ruled', requestId: 'r1', why: 'T' }, null],
  'answer-undone': [
    { type: 'answer-undone', requestId: 'r1', why: 'T' },
    'note: the answer to r1 could not be delivered: T',
  ],
  'request-closed': [
    { type: 'request-closed', requestId: 'r1', how: 'elsewhere', why: 'T' },
    'note: r1 elsewhere: T',
  ],
  trouble: [{ type: 'trouble', cause: 'network', message: 'T', until: null }, 'note: network: T'],
  tokens: [{ type: 'tokens', tokens: { input: 1, cached: 0, output: 1, total: 2 } }, null],
  'turn-ended': [{ type: 'turn-ended', turn: 'u1', outcome: 'failed', detail: 'T' }, null],
  'server-gone': [{ type: 'server-gone', server: 's1', detail: 'T' }, 'note: the app-server is gone: T'],
  'look-due': [{ type: 'look-due', why: 'T' }, null],
  'end-requested': [
    { type: 'end-requested', mode: 'stop', by: 'me', graceMs: 0 },
    'user: stop asked for by me',
  ],
  swept: [
    { type: 'swept', mode: 'kill', by: 'user', survivors: [] },
    'user: kill asked for by user: what it left running is ended',
  ],
  'predecessor-done': [{ type: 'predecessor-done', session: 'abc123' }, 'note: abc123 has ended well'],
  'run-ended': [{ type: 'run-ended', end: { type: 'lost', detail: 'T' } }, null],
  base: [{ type: 'base', base: { type: 'none', why: 'T' } }, null],
  changes: [{ type: 'changes', changes: { files: 1, added: 1, removed: 0 } }, null],
  note: [{ type: 'note', text: 'T' }, null],
  seen: [{ type: 'seen' }, null],
  archived: [{ type: 'archived' }, null],
  attached: [{ type: 'attached' }, null],
  status: [
    {
      type: 'status',
      status: { phase: 'lost', detail: 'T', since: 1, because: [], confidence: 'certain' },
    },
    'status: lost: T',
  ],
};

test.each(Object.entries(FACTS))('%s', (_, [body, expected]) => {
  expect(told(body)).toBe(expected);
});

test.each<[FactBody, string | null]>([
  [
    { type: 'run-opened', n: 2, prompt: '', thread: 't1', why: 'from elsewhere' },
    'note: run 2: from elsewhere',
  ],
  [{ type: 'interrupted', survivors: [] }, 'note: the turn was interrupted'],
  [{ type: 'request-closed', requestId: 'r1', how: 'answered', why: null }, null],
  [{ type: 'request-closed', requestId: 'r1', how: 'withdrawn', why: null }, 'note: r1 withdrawn: '],
])('%j', (body, expected) => {
  expect(told(body)).toBe(expected);
});

const ITEMS: { [Kind in Item['kind']]: [Item & { kind: Kind }, string | null] } = {
  user: [{ kind: 'user', id: 'i', text: 'T', message: 'm1' }, null],
  message: [{ kind: 'message', id: 'i', text: 'T\nT' }, 'codex: T\nT'],
  reasoning: [{ kind: 'reasoning', id: 'i' }, null],
  command: [
    {
      kind: 'command',
      id: 'i',
      command: 'ls',
      cwd: '/p',
      state: 'failed',
      exitCode: 2,
      durationMs: 1,
      output: 'T\n',
    },
    'runs: ls (failed, exit 2)\nT',
  ],
  patch: [
    { kind: 'patch', id: 'i', files: [{ path: 'a', kind: 'add' }], state: 'completed' },
    'edits: add a (completed)',
  ],
  tool: [{ kind: 'tool', id: 'i', name: 'server.T', state: 'declined' }, 'calls: server.T (declined)'],
  compaction: [{ kind: 'compaction', id: 'i' }, 'note: Codex compacted its context'],
  other: [{ kind: 'other', id: 'i', type: 'webSearch' }, 'note: webSearch'],
};

test.each(Object.entries(ITEMS))('an item: %s', (_, [item, expected]) => {
  expect(told({ type: 'item', turn: 'u1', item })).toBe(expected);
});

const BECAUSE = [{ source: 'app-server', fact: 'F', at: 1 }] as const;
test.each<[Partial<Status> & { phase: Status['phase'] }, string]>([
  [{ phase: 'queued', after: ['abc123', 'def456'] }, 'queued after abc123, def456'],
  [{ phase: 'starting' }, 'starting'],
  [{ phase: 'working' }, 'working'],
  [{ phase: 'waiting', need: 'approval', requestId: 'r1' }, 'waiting/approval r1'],
  [{ phase: 'throttled', cause: 'rate-limit', until: null }, 'throttled/rate-limit: F'],
  [{ phase: 'done', doubts: [] }, 'done'],
  [{ phase: 'done', doubts: ['no-changes', 'blocked-work'] }, 'done, doubts: no-changes, blocked-work'],
  [{ phase: 'failed', reason: 'auth', detail: 'T' }, 'failed/auth: T'],
  [{ phase: 'stopped', survivors: [] }, 'stopped: F'],
  [{ phase: 'lost', detail: 'T' }, 'lost: T'],
  [{ phase: 'unknown', why: 'T' }, 'unknown: T'],
])('a status: $phase', (given, expected) => {
  const status = { ...given, since: 1, because: [...BECAUSE], confidence: null } as Status;
  expect(told({ type: 'status', status })).toBe(`status: ${expected}`);
});

test('an entry has its number and time, and its lines say when and who', () => {
  const entry = entryOf({
    type: 'item',
    turn: 'u1',
    item: { kind: 'message', id: 'i', text: 'one\n\n  two' },
  });
  expect(entry).toEqual({ seq: 7, at: AT, kind: 'codex', text: 'one\n\n  two' });
  expect(entry === null ? [] : logLines(entry)).toEqual([
    '2026-01-02T03:04:05Z codex  one',
    '                          | ',
    '                          |   two',
  ]);
});

test('a fact of a newer daemon says nothing', () => {
  const event = { schemaVersion: 1, seq: 1, session: 's', at: AT, source: 'coxswain', fact: {} } as const;
  expect(logEntry({ ...event, type: 'of-tomorrow' })).toBe(null);
});

/** What could end a line, move a terminal or look like an entry, and much of each. */
const nasty = fc
  .array(
    fc.constantFrom(
      '\n',
      '\r',
      '\r\n',
      '\v',
      '\f',
      '\x85',
      '\u2028',
      '\u2029',
      '\x1b[1A',
      '\x1b[2K',
      '\x1b]0;done\x07',
      '\x9b2J',
      '\0',
      '\b',
      '\x7f',
      '\u202e',
      '\ufeff',
      '\t',
      '   ',
      '| ',
      '2026-01-02T03:04:05Z status done',
      '2026-01-02T03:04:05Z answer r1 approve by me: yes',
      'word',
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** Every fact above that has a text of others, with that text in all its places. */
const WITH_TEXT = [
  ...Object.values(FACTS).map(([body]) => body),
  ...Object.values(ITEMS).map(([item]): FactBody => ({ type: 'item', turn: 'u1', item })),
].filter((body) => told(body)?.includes('T') === true);

function filled(body: FactBody, text: string): FactBody {
  return JSON.parse(JSON.stringify(body), (_, value: unknown) =>
    typeof value === 'string' && value.includes('T') ? value.replaceAll('T', () => text) : value,
  ) as FactBody;
}

describe('whatever a session prints', () => {
  const HEAD = /^2026-01-02T03:04:05Z (\w+) /;
  const MORE = `${' '.repeat(20)} ${'|'.padStart(6)} `;

  test.each(WITH_TEXT.map((body) => [body.type, body] as const))('%s: it is one entry', (_, body) => {
    fc.assert(
      fc.property(nasty, (text) => {
        const entry = entryOf(filled(body, text));
        const [first = '', ...more] = entry === null ? [] : logLines(entry);
        expect(HEAD.exec(first)?.[1]).toBe(entry?.kind);
        for (const line of more) expect(line.slice(0, MORE.length)).toBe(MORE);
        // Nothing that ends a line elsewhere, and nothing that a terminal would obey.
        for (const line of [first, ...more])
          expect(line).toMatch(/^(?:\t|[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\u200d)*$/u);
      }),
      { numRuns: 100 },
    );
  });

  test('it is all there: nothing vanishes', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const entry: LogEntry = { seq: 1, at: AT, kind: 'codex', text };
        const kept = logLines(entry).map((line, index) => line.slice(index === 0 ? 28 : MORE.length));
        const codes = (plain: string) =>
          plain.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) =>
            String.fromCodePoint(Number.parseInt(hex, 16)),
          );
        expect(codes(kept.join('\n'))).toBe(text);
      }),
    );
  });
});

test('the column of who speaks is as wide as the longest', () => {
  expect(Math.max(...LOG_KINDS.map((kind) => kind.length))).toBe(6);
});
