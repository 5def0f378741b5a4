import { get } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Lab, type LabOptions, type Scenario, startLab } from '../../../src/lab/index.ts';

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function start(scenario: Scenario, options: LabOptions = {}): Promise<Lab> {
  lab = await startLab({ ...options, scenarios: [scenario] });
  return lab;
}

const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

function ask(on: Lab, thread: string, input: readonly unknown[], signal?: AbortSignal): Promise<Response> {
  return fetch(`${on.url}/responses`, {
    method: 'POST',
    headers: { 'thread-id': thread, authorization: 'Bearer secret' },
    body: JSON.stringify({ model: 'm', input, client_metadata: { turn_id: 'turn-1' } }),
    signal: signal ?? null,
  });
}

/** The output items of a stream, as the history of the next request. */
async function itemsIn(
  response: Response,
): Promise<{ type: string; call_id?: string; content?: { text: string }[] }[]> {
  const events = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return events
    .map((line) => JSON.parse(line.slice(6)))
    .flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
}

const textIn = async (response: Response) => (await itemsIn(response))[0]?.content?.[0]?.text;
const two: Scenario = {
  name: 's',
  steps: [
    { type: 'tool', command: 'ls' },
    { type: 'message', text: 'end' },
  ],
};

test('plays per thread, without mixing, and ends in "Done."', async () => {
  const on = await start(two);
  const play = async (thread: string) => {
    const [call] = await itemsIn(await ask(on, thread, [user('#lab:s')]));
    const answered = [
      user('#lab:s'),
      call,
      { type: 'function_call_output', call_id: call?.call_id, output: '' },
    ];
    const end = await textIn(await ask(on, thread, answered));
    const after = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: end }] };
    return [call?.type, end, await textIn(await ask(on, thread, [...answered, after, user('more')]))];
  };
  const threads = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const seen = await Promise.all(threads.map(play));
  expect(seen).toEqual(threads.map(() => ['function_call', 'end', 'Done.']));
  expect(on.requestsOf('t3').map((request) => request.position)).toEqual([0, 1, 2]);
});

test('records what came and what was answered', async () => {
  const on = await start(two);
  await (await ask(on, 't', [user('<environment_context>'), user('#lab:s please')])).text();
  const request = await on.waitForRequest((one) => one.state === 'answered');
  const { at, headers, body, version, ...rest } = request;
  expect(rest).toEqual({
    seq: 1,
    thread: 't',
    turn: 'turn-1',
    kind: null,
    model: 'm',
    userTexts: ['#lab:s please'],
    scenario: 's',
    position: 0,
    attempt: 1,
    answeredWith: { type: 'tool', summary: 'tool "ls"', status: 200 },
    state: 'answered',
    gate: null,
  });
  expect([headers.authorization, body?.model]).toEqual(['[redacted]', 'm']);
});

test('a gate holds until it is released, over HTTP too, and stays open', async () => {
  const on = await start({ name: 's', steps: [{ type: 'message', text: 'end', gate: 'g/1' }] });
  const first = ask(on, 'a', [user('#lab:s')]);
  await on.waitForRequest((request) => request.gate === 'g/1' && request.state === 'held');
  const control = on.url.replace('/v1', '/lab');
  const released = await fetch(`${control}/release/${encodeURIComponent('g/1')}`, { method: 'POST' });
  expect(await released.json()).toEqual({ schemaVersion: 1, gate: 'g/1', released: 1 });
  expect(await textIn(await first)).toBe('end');
  expect(await textIn(await ask(on, 'b', [user('#lab:s')]))).toBe('end');
  expect(on.release('never-used')).toBe(0);
});

test('faults end by their attempts, counted for each thread', async () => {
  const on = await start({
    name: 's',
    steps: [
      { type: 'http', status: 429, headers: { 'retry-after': '1' }, body: { error: 'slow' }, times: 2 },
      { type: 'message', text: 'end' },
    ],
  });
  const statuses: number[] = [];
  for (const thread of ['a', 'b', 'a', 'a', 'b'])
    statuses.push((await ask(on, thread, [user('#lab:s')])).status);
  expect(statuses).toEqual([429, 429, 429, 200, 429]);
  expect(on.requestsOf('a').map((request) => request.attempt)).toEqual([1, 2, 1]);
});

test('cut: the stream starts, then its connection is lost', async () => {
  const on = await start({ name: 's', steps: [{ type: 'cut', text: 'half' }] });
  const response = await ask(on, 't', [user('#lab:s')]);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test('no-headers: silent until the caller hangs up', async () => {
  const on = await start({ name: 's', steps: [{ type: 'no-headers' }] });
  const control = new AbortController();
  const answer = ask(on, 't', [user('#lab:s')], control.signal);
  await on.waitForRequest((request) => request.state === 'silent');
  control.abort();
  await expect(answer).rejects.toThrow();
  expect((await on.waitForRequest((request) => request.state === 'dropped')).seq).toBe(1);
});

test('close ends what is never answered, and what is waited for', async () => {
  const on = await start({ name: 's', steps: [{ type: 'no-headers' }] });
  const answer = expect(ask(on, 't', [user('#lab:s')])).rejects.toThrow();
  await on.waitForRequest((request) => request.state === 'silent');
  const waiting = expect(on.waitForRequest(() => false)).rejects.toThrow('closed');
  await on.close();
  await Promise.all([answer, waiting]);
});

test('an unknown scenario and wrong parameters are refused with what there is', async () => {
  const on = await start(two);
  const refused = await ask(on, 't', [user('#lab:nope')]);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('plain, escalate')]);
  const wrong = await ask(on, 't', [user('#lab:escalate{"command":5}')]);
  expect(await wrong.text()).toContain('must be a string, not a number');
});

test('old bodies are dropped, old requests too', async () => {
  const on = await start(two, { keepRequests: 3, keepBodies: 1 });
  for (const thread of ['a', 'b', 'c', 'd']) await (await ask(on, thread, [user('hi')])).text();
  expect(on.requests().map((request) => [request.thread, request.body !== null])).toEqual([
    ['b', false],
    ['c', false],
    ['d', true],
  ]);
});

test('a deadline says what was seen', async () => {
  const on = await start(two);
  await (await ask(on, 't', [user('#lab:s')])).text();
  await expect(on.waitForRequest(() => false, { deadlineMs: 1 })).rejects.toThrow('#1 s/0 tool');
});

test('a foreign host name is refused', async () => {
  const on = await start(two);
  const status = await new Promise((resolve, reject) => {
    const options = {
      port: on.port,
      host: '127.0.0.1',
      path: '/lab/requests',
      headers: { host: 'evil.example' },
    };
    get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
  expect(status).toBe(403);
});
