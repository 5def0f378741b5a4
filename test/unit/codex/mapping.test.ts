import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AskContext, mapAsk } from '../../../src/codex/app-server/ask.ts';
import { mapTurnError, throttleCause } from '../../../src/codex/app-server/map-error.ts';
import { mapItem } from '../../../src/codex/app-server/map-item.ts';
import { mapNotification } from '../../../src/codex/app-server/map-notification.ts';
import { replyTo } from '../../../src/codex/app-server/reply.ts';
import type { CodexErrorInfo } from '../../../src/codex/generated/v2/CodexErrorInfo.ts';
import type { Answer } from '../../../src/core/session/request.ts';

/** Messages of the real Codex 0.169.0, recorded with the lab; ids are shortened, noise is left out. */
const GOLDEN = new URL('../../golden/0.169.0/app-server/', import.meta.url);

type Entry =
  | { message: { method: string; params: unknown }; evidence: unknown[] }
  | {
      request: { id: number; method: string; params: unknown };
      asked: unknown;
      replies: { answer: Answer; reply: unknown }[];
    };

const CONTEXT: AskContext = {
  filesOf: () => [{ path: '/var/tmp/lab-patch-outside.txt', kind: 'add' }],
  writableOf: () => [],
  realPath: (path) => path,
};

const isOurs = (rpcId: string) => rpcId === '0';

function mapped(entry: Entry): unknown {
  if ('message' in entry) {
    const { method, params } = entry.message;
    return { message: entry.message, evidence: mapNotification(method, params, 's1', isOurs).evidence };
  }
  const { method, params } = entry.request;
  const asked = mapAsk(method, params, CONTEXT);
  if (asked === null) return null;
  const replies = entry.replies.map(({ answer }) => ({ answer, reply: replyTo(asked.ask, params, answer) }));
  return { request: entry.request, asked, replies };
}

test.each(readdirSync(GOLDEN))('what Codex said: %s', (file) => {
  const entries = JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as Entry[];
  expect(entries.map(mapped)).toEqual(entries);
});

describe('notifications', () => {
  const evidence = (method: string, params: unknown) => mapNotification(method, params, 's1', isOurs);
  test.each([
    [
      'thread/teleported',
      { threadId: 't1' },
      { thread: 't1', evidence: [{ type: 'unrecognised', name: 'thread/teleported' }] },
    ],
    ['x/y', null, { thread: null, evidence: [{ type: 'unrecognised', name: 'x/y' }] }],
    ['x/y', { threadId: 7 }, { thread: null, evidence: [{ type: 'unrecognised', name: 'x/y' }] }],
    ['thread/name/updated', { threadId: 't1' }, { thread: 't1', evidence: [] }],
    ['account/updated', {}, { thread: null, evidence: [] }],
    [
      'item/reasoning/textDelta',
      { threadId: 't1', turnId: 'u1' },
      { thread: 't1', evidence: [{ type: 'progress', thread: 't1', turn: 'u1' }] },
    ],
    [
      'thread/closed',
      { threadId: 't1' },
      {
        thread: 't1',
        evidence: [{ type: 'thread-status', thread: 't1', state: 'not-loaded', waiting: false }],
      },
    ],
    [
      'thread/status/changed',
      { threadId: 't1', status: { type: 'notLoaded' } },
      {
        thread: 't1',
        evidence: [{ type: 'thread-status', thread: 't1', state: 'not-loaded', waiting: false }],
      },
    ],
  ])('%s', (method, params, expected) => {
    expect(evidence(method, params)).toEqual(expected);
  });

  test('a resolved request names it as JSON, whether number or text', () => {
    const rpcIds = [0, '0'].map(
      (requestId) => evidence('serverRequest/resolved', { threadId: 't1', requestId }).evidence,
    );
    expect(rpcIds).toEqual([
      [{ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true }],
      [{ type: 'request-resolved', server: 's1', rpcId: '"0"', thread: 't1', ours: false }],
    ]);
  });
});

describe('items', () => {
  test('a type that is not known keeps its name', () => {
    const item = { type: 'hologram', id: 'i9' } as unknown as Parameters<typeof mapItem>[0];
    expect(mapItem(item)).toEqual({ kind: 'other', id: 'i9', type: 'hologram' });
  });

  test('a long text is cut', () => {
    const item = { type: 'agentMessage', id: 'i1', text: 'x'.repeat(9_000) } as Parameters<typeof mapItem>[0];
    expect(mapItem(item)).toEqual({ kind: 'message', id: 'i1', text: `${'x'.repeat(8_000)}…` });
  });
});

describe('errors', () => {
  type Row = [info: CodexErrorInfo | null, reason: string, cause: string | null];
  test.each<Row>([
    ['unauthorized', 'auth', null],
    [{ httpConnectionFailed: { httpStatusCode: 401 } }, 'auth', null],
    [{ httpConnectionFailed: { httpStatusCode: null } }, 'network', 'network'],
    [{ responseStreamDisconnected: { httpStatusCode: null } }, 'network', 'network'],
    [{ responseStreamDisconnected: { httpStatusCode: 429 } }, 'quota', 'rate-limit'],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 503 } }, 'model-error', 'capacity'],
    ['serverOverloaded', 'model-error', 'capacity'],
    ['usageLimitExceeded', 'quota', 'usage-limit'],
    ['contextWindowExceeded', 'context-window', 'network'],
    ['sandboxError', 'sandbox', 'network'],
    ['other', 'model-error', 'network'],
    [null, 'model-error', 'network'],
    ['constructor' as unknown as CodexErrorInfo, 'model-error', 'network'],
  ])('%j', (codexErrorInfo, reason, cause) => {
    const error = { message: 'm', codexErrorInfo, additionalDetails: 'd', misalignment: null };
    expect([mapTurnError(error), throttleCause(error)]).toEqual([{ reason, message: 'm (d)' }, cause]);
  });
});

describe('requests', () => {
  const where = { threadId: 't1', turnId: 'u1', itemId: 'i1', startedAtMs: 5 };
  const command = (given: object) =>
    mapAsk(
      'item/commandExecution/requestApproval',
      {
        kind: 'command',
        ...where,
        environmentId: 'local',
        command: "/bin/bash -lc 'git status'",
        cwd: '/p',
        ...given,
      },
      { ...CONTEXT, writableOf: (commands) => commands.flat() },
    )?.ask;
  const choice = (id: string): Answer => ({ type: 'choice', id, message: null });

  test('a method that we do not answer', () => {
    expect(mapAsk('account/chatgptAuthTokens/refresh', {}, CONTEXT)).toBeNull();
  });

  test('input to a running command is judged by nobody but a person', () => {
    expect(command({ kind: 'stdin' })).toMatchObject({ commands: null, writable: [] });
    expect(command({ kind: undefined })).toMatchObject({ commands: null, writable: [] });
    expect(command({})).toMatchObject({ commands: [['git', 'status']], writable: ['git', 'status'] });
  });

  test('a command that brings more permissions with it is judged by nobody but a person', () => {
    const more = { network: { enabled: true }, fileSystem: { read: null, write: ['/'] } };
    expect(command({ additionalPermissions: more })).toMatchObject({ commands: null });
  });

  test('only what is offered can be chosen', () => {
    const ids = (availableDecisions: unknown[] | null) =>
      command({ availableDecisions })?.choices.map(({ id }) => id);
    const amendment = { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['git', 'status'] } };
    expect([ids(null), ids(['accept', 'acceptForSession', amendment, 'cancel'])]).toEqual([
      ['accept', 'decline'],
      ['accept', 'session', 'prefix', 'decline'],
    ]);
  });

  test('a network request is one, whatever its command', () => {
    const ask = command({ networkApprovalContext: { host: 'example.org', protocol: 'https' } });
    expect(ask).toMatchObject({ need: 'network', question: 'Allow network access to example.org (https)?' });
  });

  test('a patch that asks for a whole folder says so', () => {
    const asked = mapAsk(
      'item/fileChange/requestApproval',
      { ...where, reason: null, grantRoot: '/etc' },
      CONTEXT,
    );
    expect(asked?.ask).toMatchObject({ grantRoot: '/etc', question: expect.stringContaining('/etc') });
  });

  test('permissions are granted as they were asked for, for the turn or the session, or not at all', () => {
    const params = {
      ...where,
      environmentId: null,
      cwd: '/p',
      reason: 'need network',
      permissions: { network: { enabled: true }, fileSystem: null },
    };
    const asked = mapAsk('item/permissions/requestApproval', params, CONTEXT);
    if (asked === null) throw new Error('it is a request');
    const replies = ['accept', 'session', 'decline'].map((id) => replyTo(asked.ask, params, choice(id)));
    const granted = { network: { enabled: true }, fileSystem: null };
    expect([asked.ask.question, replies]).toEqual([
      `need network: ${JSON.stringify(params.permissions)}`,
      [
        { permissions: granted, scope: 'turn' },
        { permissions: granted, scope: 'session' },
        { permissions: {}, scope: 'turn' },
      ],
    ]);
  });

  test('an MCP server asks: its tool may be approved, its own questions only be declined', () => {
    const given = {
      threadId: 't1',
      turnId: null,
      serverName: 'probe',
      mode: 'form',
      message: 'Allow it?',
      requestedSchema: {},
    };
    const tool = mapAsk(
      'mcpServer/elicitation/request',
      { ...given, _meta: { codex_approval_kind: 'mcp_tool_call' } },
      CONTEXT,
    );
    const own = mapAsk('mcpServer/elicitation/request', { ...given, _meta: null }, CONTEXT);
    if (tool === null || own === null) throw new Error('both are requests');
    expect([
      tool.ask.need,
      tool.ask.choices.map(({ id }) => id),
      replyTo(tool.ask, given, choice('accept')),
    ]).toEqual(['mcp-approval', ['accept', 'decline'], { action: 'accept', content: {}, _meta: null }]);
    expect([
      own.ask.need,
      own.ask.choices.map(({ id }) => id),
      replyTo(own.ask, given, choice('decline')),
    ]).toEqual(['elicitation', ['decline'], { action: 'decline', content: null, _meta: null }]);
  });

  test('several questions are answered by text, one line each', () => {
    const question = (id: string) => ({
      id,
      header: id,
      question: `${id}?`,
      isOther: true,
      isSecret: false,
      options: [{ label: 'a', description: '' }],
    });
    const params = {
      ...where,
      questions: [question('x'), question('y')],
      isBlocking: false,
      autoResolutionMs: null,
    };
    const asked = mapAsk('item/tool/requestUserInput', params, CONTEXT);
    if (asked === null) throw new Error('it is a request');
    const reply = (text: string) => replyTo(asked.ask, params, { type: 'text', text });
    expect([
      asked.ask.choices,
      reply('one\ntwo'),
      reply('one'),
      reply('1\n2\n3'),
      replyTo(asked.ask, params, choice('option-1')),
    ]).toEqual([[], { answers: { x: { answers: ['one'] }, y: { answers: ['two'] } } }, null, null, null]);
  });

  test('an answer that is no choice of the request has no reply', () => {
    const patch = mapAsk('item/fileChange/requestApproval', { ...where, reason: null }, CONTEXT);
    if (patch === null) throw new Error('it is a request');
    const replies = ['prefix', 'cancel', 'constructor', 'option-1'].map((id) =>
      replyTo(patch.ask, where, choice(id)),
    );
    expect(replies).toEqual([null, null, null, null]);
  });
});
