import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { RunBody, SessionList } from '../../src/client/index.ts';
import { placesOf, unixTransport } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { CAN_BE_NOBODY, NOBODY, runCox, runNode } from './command.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  const { id } = await world.run(play('plain'));
  await world.ended(id);
});
afterAll(() => world.close());

function mode(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

test('everything of ours is for the user alone', () => {
  const { socket, runtimeDirectory, stateDirectory, serversDirectory, database, log, daemonRecord } =
    world.places;
  expect([stateDirectory, runtimeDirectory, serversDirectory].map(mode)).toEqual(['700', '700', '700']);
  expect([socket, database, log, daemonRecord].map(mode)).toEqual(['600', '600', '600', '600']);
  for (const root of [stateDirectory, runtimeDirectory]) {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      // Codex's socket is a link; links have no mode of their own.
      if (!entry.isSymbolicLink()) expect([path, lstatSync(path).mode & 0o077]).toEqual([path, 0]);
    }
  }
});

test.runIf(CAN_BE_NOBODY)('another user gets nowhere', async () => {
  // In a folder that others can enter, so that nothing but our own modes keeps them out.
  const folder = mkdtempSync(join(tmpdir(), 'cox-'));
  chmodSync(folder, 0o755);
  const home = join(folder, 'cox');
  mkdirSync(home, { mode: 0o755 });
  const env = { PATH: '/usr/bin:/bin', HOME: folder, COX_HOME: home };
  expect((await runCox(['daemon', 'start'], { env, cwd: '/' })).code).toBe(0);
  onTestFinished(async () => {
    await runCox(['daemon', 'stop'], { env, cwd: '/' });
    rmSync(folder, { recursive: true, force: true });
  });
  const { socket, database, stateDirectory } = placesOf(env);
  const program = `
    const fs = require('node:fs'), net = require('node:net');
    const tried = (act) => { try { act(); return 'ok'; } catch (error) { return error.code; } };
    const found = [
      tried(() => fs.readFileSync(${JSON.stringify(database)})),
      tried(() => fs.readdirSync(${JSON.stringify(stateDirectory)})),
      tried(() => fs.lstatSync(${JSON.stringify(socket)})),
    ];
    const probe = net.connect(${JSON.stringify(socket)});
    const end = (word) => { console.log(JSON.stringify([...found, word])); process.exit(0); };
    probe.once('connect', () => end('ok'));
    probe.once('error', (error) => end(error.code));`;
  const tried = await runNode(['-e', program], { env: {}, cwd: '/', uid: NOBODY });
  expect(tried.json()).toEqual(['EACCES', 'EACCES', 'EACCES', 'EACCES']);
  const foreign = await runCox(['ls', '--json'], { env, cwd: '/', uid: NOBODY });
  expect([foreign.code, viewSchemas.error.parse(foreign.json()).error.code]).toEqual([4, 'not-permitted']);
});

type Event = { id: string; data: string };

/** Events from a place on, until there are so many; the connection is cut right after. */
async function events(headers: Record<string, string>, query: string, count: number): Promise<Event[]> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  const transport = unixTransport(world.places.socket);
  const request = {
    method: 'GET',
    path: `/v1/events${query}`,
    body: undefined,
    headers,
    signal: abort.signal,
  } as const;
  const { chunks } = await transport(request);
  const decoder = new TextDecoder();
  let text = '';
  const found = (): Event[] =>
    [...text.matchAll(/^data: (.*)\nid: (\d+)\n\n/gm)].map(([, data = '', id = '']) => ({ id, data }));
  try {
    for await (const chunk of chunks) {
      text += decoder.decode(chunk, { stream: true });
      if (found().length >= count) return found().slice(0, count);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  throw new Error(`only ${found().length} of ${count} events came: ${text}`);
}

test('a stream that is taken up with Last-Event-ID has no gap and nothing twice', async () => {
  const whole = await events({}, '?after=0', 12);
  expect(whole.map(({ id }) => Number(id))).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  for (const cut of [1, 5, 11]) {
    const first = await events({}, '', cut);
    const rest = await events({ 'last-event-id': first.at(-1)?.id ?? '' }, '', whole.length - cut);
    expect([...first, ...rest]).toEqual(whole);
    expect(await events({}, `?after=${cut}`, whole.length - cut)).toEqual(rest);
  }
});

test('a stream that is cut again and again while a session works misses nothing', async () => {
  const client = await world.client();
  const last = await lastSeq();
  const { id } = await world.run(play('steps', { gates: [] }));
  await world.ended(id);
  const end = await lastSeq();
  const pieces: Event[] = [];
  while (pieces.length < end - last) {
    const from = pieces.at(-1)?.id ?? String(last);
    pieces.push(...(await events({ 'last-event-id': from }, '', Math.min(7, end - last - pieces.length))));
  }
  expect(pieces.map((event) => Number(event.id))).toEqual(
    Array.from({ length: end - last }, (_, index) => last + 1 + index),
  );
  expect((await client.session(id, false)).phase).toBe('done');
});

/** Number of the newest fact: that of a session's last, which is that it was shown. */
async function lastSeq(): Promise<number> {
  const { items } = await world.ask<SessionList>('ls', '-a');
  const facts = await world.facts(items[0]?.id ?? '', (seen) => seen.some(({ type }) => type === 'seen'));
  return facts.at(-1)?.seq ?? 0;
}

function body(prompt: string): RunBody {
  return {
    prompt,
    cwd: world.work,
    name: null,
    labels: {},
    model: null,
    sandbox: 'workspace-write',
    approval: 'on-request',
    policy: null,
    codex: null,
    codexHome: null,
    environment: { ...world.env },
    extra: {},
    overrides: [],
  };
}

test('the same command sent again answers as the first time and starts nothing', async () => {
  const client = await world.client();
  const before = (await client.sessions(true)).items.length;
  const key = randomUUID();
  const first = await client.run(body(play('empty')), key);
  const second = await client.run(body(play('empty')), key);
  expect(second.id).toBe(first.id);
  expect((await client.sessions(true)).items).toHaveLength(before + 1);
  expect((await client.run(body(play('empty')), randomUUID())).id).not.toBe(first.id);
});

test('the same command sent twice at the same moment starts one session', async () => {
  // A binary without the record of its package has to be asked for its version, which takes a while; a daemon
  // that has just begun does not know it yet.
  const codex = join(world.root, 'lone', 'codex');
  mkdirSync(join(world.root, 'lone'));
  linkSync(readlinkSync(`/proc/${world.servers()[0]?.process.pid}/exe`), codex);
  await world.ask('daemon', 'stop');
  await world.ask('daemon', 'start');
  const client = await world.client();
  const before = (await client.sessions(true)).items.length;
  const command = { ...body(play('empty')), codex };
  const key = randomUUID();
  const both = await Promise.all([client.run(command, key), client.run(command, key)]);
  expect(new Set(both.map(({ id }) => id)).size).toBe(1);
  expect((await client.sessions(true)).items).toHaveLength(before + 1);
});

test('a body that is not right is refused by name, and so is a path that is not there', async () => {
  const client = await world.client();
  const wrong = { ...body('x'), sandbox: 'everything' } as unknown as RunBody;
  await expect(client.run(wrong, randomUUID())).rejects.toMatchObject({ failure: { code: 'usage' } });
  const transport = unixTransport(world.places.socket);
  for (const [method, path, text] of [
    ['GET', '/v1/nothing', undefined],
    ['POST', '/v1/sessions', 'no object'],
    ['POST', '/v1/requests/r_2222/answer', {}],
  ] as const) {
    const { status, chunks } = await transport({ method, path, body: text, headers: {}, signal: null });
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    expect([status, viewSchemas.error.parse(JSON.parse(Buffer.concat(parts).toString())).error.code]).toEqual(
      [400, 'usage'],
    );
  }
});
