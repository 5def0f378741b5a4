import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../src/lab/index.ts';
import { Codex, type Message } from './codex.ts';

let lab: Lab;
let codex: Codex;
beforeAll(async () => {
  lab = await startLab();
  codex = await Codex.start(lab, { mcp: true, permissions: true });
});
afterEach(() => {
  codex.answer = () => undefined;
});
afterAll(async () => {
  await codex?.close();
  await lab?.close();
});

const codeMode = { model: 'gpt-6-sol' };
const plain = {};

/** Plays, with this answer to the one request that Codex makes; the turn is then said to wait for an approval. */
async function playedWith(prompt: string, result: unknown): Promise<{ thread: string; request: Message }> {
  const requests: Message[] = [];
  codex.answer = (request) => {
    requests.push(request);
    return result;
  };
  const { thread, status } = await codex.play(prompt);
  expect([status, requests.length]).toEqual(['completed', 1]);
  const flags = codex.of(thread, 'thread/status/changed').flatMap((one) => one.status.activeFlags ?? []);
  expect(flags).toEqual(['waitingOnApproval']);
  return { thread, request: requests[0] ?? {} };
}

test.each([
  ['plain tools', plain],
  ['code mode', codeMode],
])('mcp: the tool answers (%s)', async (_, thread) => {
  const played = await codex.play('#lab:mcp{"arguments":{"text":"again"}}', thread);
  expect(played.status).toBe('completed');
  const result = { content: [{ type: 'text', text: 'again' }] };
  expect(codex.items(played.thread, 'mcpToolCall')).toMatchObject([
    { server: 'lab', tool: 'echo', status: 'completed', result },
  ]);
});

test('mcp-approval: Codex asks for approval by an elicitation that it marks', async () => {
  const { thread, request } = await playedWith('#lab:mcp-approval', {
    action: 'accept',
    content: {},
    _meta: null,
  });
  expect([request.method, request.params._meta.codex_approval_kind]).toEqual([
    'mcpServer/elicitation/request',
    'mcp_tool_call',
  ]);
  expect(codex.items(thread, 'mcpToolCall')).toMatchObject([{ tool: 'write', status: 'completed' }]);
});

test("mcp-ask: the tool's own elicitation has no mark, and its answer reaches the tool", async () => {
  const content = { environment: 'staging' };
  const { thread, request } = await playedWith('#lab:mcp-ask', { action: 'accept', content, _meta: null });
  expect([request.method, request.params._meta, request.params.message]).toEqual([
    'mcpServer/elicitation/request',
    null,
    'Which environment?',
  ]);
  const [{ result }] = codex.items(thread, 'mcpToolCall');
  expect(JSON.parse(result.content[0].text)).toEqual({ action: 'accept', content });
});

test('mcp-hang: the call stays open, and an interrupt ends the turn', async () => {
  const running = await codex.begin('#lab:mcp-hang');
  await codex.heard(() =>
    codex.of(running.thread, 'item/started').some(({ item }) => item.type === 'mcpToolCall'),
  );
  expect((await codex.interrupt(running)).status).toBe('interrupted');
});

test('permissions: Codex asks, and the answer goes back to the model', async () => {
  const permissions = { network: { enabled: true } };
  const { thread, request } = await playedWith('#lab:permissions', { permissions, scope: 'turn' });
  expect([request.method, request.params.reason]).toEqual([
    'item/permissions/requestApproval',
    'May I use the network?',
  ]);
  expect(codex.items(thread, 'commandExecution')).toMatchObject([{ exitCode: 0 }]);
});

test('code-mode: one script runs two commands', async () => {
  const { thread, status } = await codex.play('#lab:code-mode', codeMode);
  expect(status).toBe('completed');
  expect(codex.items(thread, 'commandExecution')).toMatchObject([
    { id: expect.stringMatching(/^exec-/), exitCode: 0 },
    { id: expect.stringMatching(/^exec-/), exitCode: 0 },
  ]);
});

test('code-mode: a model without it gets a clear refusal', async () => {
  const { status, message } = await codex.play('#lab:code-mode');
  expect([status, message]).toEqual(['failed', expect.stringContaining('offers no code mode')]);
});
