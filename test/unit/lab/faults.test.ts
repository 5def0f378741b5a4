import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { builtinScenarios, type Lab, type Step, startLab, stepTypes } from '../../../src/lab/index.ts';

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function start(...steps: Step[]): Promise<Lab> {
  lab = await startLab({ scenarios: [{ name: 's', steps }] });
  return lab;
}

function ask(on: Lab, signal?: AbortSignal): Promise<Response> {
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: '#lab:s' }] }];
  const body = JSON.stringify({ model: 'm', input });
  return fetch(`${on.url}/responses`, { method: 'POST', body, signal: signal ?? null });
}

/** The events of a stream, in order. */
const typesIn = (text: string) => [...text.matchAll(/^event: (.+)$/gm)].map(([, type]) => type);

const states = (on: Lab) => on.requests().map(({ state }) => state);

test('stall: headers alone, and silence until the caller hangs up', async () => {
  const on = await start({ type: 'stall', where: 'after-headers' });
  const control = new AbortController();
  const response = await ask(on, control.signal);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  await on.waitForRequest(({ state }) => state === 'silent');
  control.abort();
  await on.waitForRequest(({ state }) => state === 'dropped');
});

test('stall: in mid-stream with comments, ended by close', async () => {
  const on = await start({ type: 'stall', where: 'mid-stream', text: 'half', keepAliveMs: 5 });
  const parts = ((await ask(on)).body ?? new ReadableStream())
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let text = '';
  while (text.split(': keep-alive\n\n').length < 4) text += (await parts.read()).value;
  expect(typesIn(text)).toEqual([
    'response.created',
    'response.output_item.added',
    'response.output_text.delta',
  ]);
  await on.close();
  const rest = async () => {
    while (!(await parts.read()).done);
  };
  await expect(rest()).rejects.toThrow();
  expect(states(on)).toEqual(['dropped']);
});

test.each(['before-headers', 'mid-stream'] as const)('reset %s: the connection is reset', async (where) => {
  const on = await start({ type: 'reset', where });
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: '#lab:s' }] }];
  const body = JSON.stringify({ input });
  const socket = connect(on.port, '127.0.0.1');
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
  expect([error.code, typesIn(text).length]).toEqual(['ECONNRESET', where === 'mid-stream' ? 3 : 0]);
  expect(on.requests().map(({ state, answeredWith }) => [state, answeredWith.status])).toEqual([
    ['answered', where === 'mid-stream' ? 200 : null],
  ]);
});

test('failed and incomplete: the events, then the end of the stream', async () => {
  const on = await start(
    { type: 'failed', code: 'slow_down', message: 'less' },
    { type: 'incomplete', reason: 'content_filter', text: 'half' },
  );
  const failed = await (await ask(on)).text();
  expect(typesIn(failed)).toEqual(['response.created', 'response.failed']);
  expect(failed).toContain('"error":{"code":"slow_down","message":"less"}');
  const incomplete = await (await ask(on)).text();
  expect(typesIn(incomplete).at(-1)).toBe('response.incomplete');
  expect(incomplete).toContain('"incomplete_details":{"reason":"content_filter"}');
});

test('a paced answer comes word by word, thoughts first', async () => {
  const on = await start(
    { type: 'reasoning', text: 'one two', everyMs: 1 },
    { type: 'message', text: 'three four five', everyMs: 1 },
  );
  const text = await (await ask(on)).text();
  const deltas = [...text.matchAll(/"delta":"([^"]*)"/g)].map(([, delta]) => delta);
  expect(deltas).toEqual(['one', ' two', 'three', ' four', ' five']);
  expect(typesIn(text).at(-1)).toBe('response.completed');
  expect(states(on)).toEqual(['answered']);
});

test('a paced answer ends when the caller hangs up', async () => {
  const on = await start({ type: 'message', text: 'one two three', everyMs: 60_000 });
  const control = new AbortController();
  await ask(on, control.signal);
  await on.waitForRequest(({ state }) => state === 'sending');
  control.abort();
  await on.waitForRequest(({ state }) => state === 'dropped');
});

test('gates and times hold for the new faults as for the old ones', async () => {
  const on = await start(
    { type: 'failed', code: 'x', times: 2, gate: 'g' },
    { type: 'repeat', call: { type: 'tool', command: 'ls' }, times: 2, delayMs: 1 },
    { type: 'message', text: 'end' },
  );
  const first = ask(on);
  await on.waitForRequest(({ gate, state }) => gate === 'g' && state === 'held');
  on.release('g');
  await (await first).text();
  for (let more = 0; more < 4; more++) await (await ask(on)).text();
  expect(
    on.requests().map(({ position, attempt, answeredWith }) => [position, attempt, answeredWith.summary]),
  ).toEqual([
    [0, 1, 'failed x'],
    [0, 2, 'failed x'],
    [1, 1, 'repeat [tool "ls"]'],
    [1, 2, 'repeat [tool "ls"]'],
    [2, 1, 'message "end"'],
  ]);
});

test('the slow download has its length, and its bytes in their time', async () => {
  const on = await start({ type: 'empty' });
  const slow = on.url.replace('/v1', '/lab/slow');
  const started = performance.now();
  const response = await fetch(`${slow}?bytesPerSecond=1000&seconds=1`);
  expect(response.headers.get('content-length')).toBe('1000');
  expect((await response.arrayBuffer()).byteLength).toBe(1000);
  expect(performance.now() - started).toBeGreaterThan(800);
  const wrong = await fetch(`${slow}?bytesPerSecond=9&seconds=1`);
  expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('from 10 to')]);
});

test('close ends a slow download', async () => {
  const on = await start({ type: 'empty' });
  const response = await fetch(`${on.url.replace('/v1', '/lab/slow')}?bytesPerSecond=10&seconds=60`);
  const ended = expect(response.arrayBuffer()).rejects.toThrow();
  await on.close();
  await ended;
});

test('every built-in scenario is made from its defaults, and every kind of step is known', () => {
  const made = builtinScenarios.map((source) => source.make({}));
  expect(new Set(made.map(({ name }) => name)).size).toBe(builtinScenarios.length);
  const kinds = made.flatMap(({ steps }) => steps.map(({ type }) => type));
  expect(kinds.filter((type) => !stepTypes.includes(type))).toEqual([]);
});
