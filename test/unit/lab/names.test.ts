import { expect, test } from 'vitest';
import { namesOf } from '../../../src/codex/names/index.ts';
import { itemOfCall } from '../../../src/lab/items.ts';
import { offerOf } from '../../../src/lab/offer.ts';
import type { Call } from '../../../src/lab/step.ts';

const tool = (name: string, ...fields: string[]) => ({
  type: 'function',
  name,
  parameters: { properties: Object.fromEntries(fields.map((field) => [field, {}])) },
});
const escalated: Call = {
  type: 'tool',
  command: 'x',
  timeoutMs: 5,
  tty: true,
  escalated: { justification: 'why', prefix_rule: ['x'] },
};
const offer = (body: Readonly<Record<string, unknown>>) => offerOf(body, null, 'http://127.0.0.1:9');
const argsOf = (call: Call, tools: readonly unknown[]): unknown =>
  JSON.parse(String(itemOfCall(call, 'id', offer({ tools })).arguments));

test('the version table holds from its version on', () => {
  const since = ['0.20.0', '0.47.1', '0.98.0', '0.168.9', '0.169.0', '1.0.0', null, 'x'].map(
    (v) => namesOf(v).since,
  );
  expect(since).toEqual(['0.47.0', '0.47.0', '0.98.0', '0.98.0', '0.169.0', '0.169.0', '0.169.0', '0.169.0']);
});

test('arguments are spelled as the offered tool declares them', () => {
  expect(argsOf(escalated, [tool('exec_command', 'cmd', 'sandbox_permissions')])).toEqual({
    cmd: 'x',
    yield_time_ms: 5,
    tty: true,
    sandbox_permissions: 'require_escalated',
    justification: 'why',
    prefix_rule: ['x'],
  });
  expect(argsOf(escalated, [tool('shell', 'command', 'with_escalated_permissions')])).toEqual({
    command: ['bash', '-lc', 'x'],
    timeout_ms: 5,
    with_escalated_permissions: true,
    justification: 'why',
  });
});

test('a patch goes by the tool on offer, else by the shell', () => {
  const call: Call = { type: 'patch', path: 'a', content: 'b\n' };
  const patch = '*** Begin Patch\n*** Add File: a\n+b\n*** End Patch\n';
  const custom = itemOfCall(call, 'id', offer({ tools: [{ type: 'custom', name: 'apply_patch' }] }));
  expect([custom.type, custom.input]).toEqual(['custom_tool_call', patch]);
  expect(argsOf(call, [tool('apply_patch', 'input')])).toEqual({ input: patch });
  expect(argsOf(call, [tool('exec_command', 'cmd')])).toEqual({
    cmd: `apply_patch <<'COX_EOF'\n${patch}COX_EOF`,
  });
});

test('a question without the question tool is refused', () => {
  const call: Call = { type: 'ask', questions: [] };
  expect(() => itemOfCall(call, 'id', offer({ tools: [tool('shell', 'command')] }))).toThrow(
    'request_user_input',
  );
});

const codeMode = (() => {
  const names = ['exec', 'wait', 'request_user_input'];
  const tools = names.map((name) => ({ type: name === 'exec' ? 'custom' : 'function', name }));
  return { input: [{ type: 'additional_tools', tools: [{ type: 'namespace', name: 'functions', tools }] }] };
})();

test('code mode wraps calls into its JavaScript, but for the question', () => {
  const call = itemOfCall({ type: 'tool', command: 'ls' }, 'id', offer(codeMode));
  expect([call.name, call.input]).toEqual(['exec', 'text(await tools.exec_command({"cmd":"ls"}));\n']);
  expect(itemOfCall({ type: 'ask', questions: [] }, 'id', offer(codeMode)).name).toBe('request_user_input');
});

test('a tool of an MCP server is called by namespace and name, in code mode by one name', () => {
  const call: Call = { type: 'mcp', server: 'lab', tool: 'echo', arguments: { text: 'a' } };
  const item = itemOfCall(call, 'id', offer({}));
  expect([item.namespace, item.name, item.arguments]).toEqual(['mcp__lab', 'echo', '{"text":"a"}']);
  expect(itemOfCall(call, 'id', offer(codeMode)).input).toBe(
    'text(await tools.mcp__lab__echo({"text":"a"}));\n',
  );
});

test('any other function tool is called as it is told', () => {
  const call: Call = { type: 'call', tool: 'update_plan', arguments: { plan: [] } };
  const { namespace, name, arguments: given } = itemOfCall(call, 'id', offer({}));
  expect([namespace, name, given]).toEqual([undefined, 'update_plan', '{"plan":[]}']);
});

test('$LAB_URL in a command is the address of the lab', () => {
  const call: Call = { type: 'tool', command: 'curl $LAB_URL/lab/slow' };
  expect(argsOf(call, [tool('exec_command', 'cmd')])).toEqual({ cmd: 'curl http://127.0.0.1:9/lab/slow' });
});

test('code without code mode is refused', () => {
  const call: Call = { type: 'code', source: 'text(1)' };
  expect(() => itemOfCall(call, 'id', offer({}))).toThrow('gpt-6-sol');
  expect(itemOfCall(call, 'id', offer(codeMode)).input).toBe('text(1)');
});
