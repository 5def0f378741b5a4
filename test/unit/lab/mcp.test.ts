import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { type McpMessage, mcpSession } from '../../../src/lab/mcp.ts';

function session(): { receive: (message: McpMessage) => void; sent: McpMessage[] } {
  const sent: McpMessage[] = [];
  return { receive: mcpSession((message) => sent.push(message)), sent };
}

const callOf = (id: number, name: string, given = {}): McpMessage => ({
  id,
  method: 'tools/call',
  params: { name, arguments: given },
});

test('speaks the version that it is asked for, and lists its tools', () => {
  const { receive, sent } = session();
  receive({ id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18' } });
  receive({ method: 'notifications/initialized' });
  receive({ id: 1, method: 'tools/list' });
  expect(sent[0]?.result).toMatchObject({ protocolVersion: '2025-06-18', capabilities: { tools: {} } });
  const listed = sent[1]?.result as
    | { tools: { name: string; annotations?: { readOnlyHint: boolean } }[] }
    | undefined;
  expect(listed?.tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint ?? false])).toEqual([
    ['echo', true],
    ['write', false],
    ['ask', true],
    ['hang', true],
  ]);
});

test('echo answers, hang does not, ask waits for the answer to its elicitation', () => {
  const { receive, sent } = session();
  receive(callOf(1, 'hang'));
  receive(callOf(2, 'ask', { message: 'Which?' }));
  receive(callOf(3, 'echo', { text: 'hi' }));
  expect(sent).toMatchObject([
    { id: 'elicit-2', method: 'elicitation/create', params: { message: 'Which?' } },
    { id: 3, result: { content: [{ type: 'text', text: 'hi' }] } },
  ]);
  receive({ id: 'elicit-2', result: { action: 'decline' } });
  receive({ id: 'elicit-2', result: { action: 'accept' } });
  expect(sent.slice(2)).toEqual([
    { id: 2, result: { content: [{ type: 'text', text: '{"action":"decline"}' }] } },
  ]);
});

test('what it does not have is refused', () => {
  const { receive, sent } = session();
  receive({ id: 1, method: 'resources/list' });
  receive(callOf(2, 'nope'));
  expect(sent.map(({ error }) => error?.code)).toEqual([-32601, -32602]);
});

test('the program speaks over stdio, and ends with its input', async () => {
  const program = new URL('../../../src/lab/mcp-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stdin.end(`${JSON.stringify(callOf(1, 'echo', { text: 'hi' }))}\n`);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'hi' }] } },
  ]);
});
