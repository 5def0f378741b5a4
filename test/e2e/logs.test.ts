import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type * as z from 'zod';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
/** A session that has ended, whose texts have characters of many bytes. */
let ended: string;
beforeAll(async () => {
  world = await World.open();
  const prompt = play('plain', { read: 'echo ä€𝄞; echo second', text: 'Fertig: 5 € für 𝄞.' });
  ended = (await world.run(prompt, '--name', 'ended')).id;
  await world.ended(ended);
});
afterAll(() => world.close());

const entrySchema = viewSchemas.log.shape.items.element;
type Entry = z.infer<typeof entrySchema>;

/** How an entry begins in the log for people; further lines of its text are marked. */
const HEAD = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (?:user|codex|runs|edits|calls|asks|answer|status|note) +/;
const MORE = /^ {20} {6}\| /;

function live(...args: string[]): LiveCommand {
  const command = new LiveCommand(world, args);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  return command;
}

async function text(...args: string[]): Promise<string> {
  const ran = await world.cox(['logs', ...args]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout;
}

function atGate(gate: string): Promise<unknown> {
  return world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
}

test('the log says what was asked, run, changed and said, newest last', async () => {
  const { session, items } = await told(world, 'log', ['logs', 'ended']);
  expect(session).toBe(ended);
  expect(items.map(({ kind, text: words }) => [kind, words])).toEqual([
    ['user', expect.stringMatching(/^#lab:plain/)],
    ['status', 'starting'],
    ['status', 'working'],
    ['runs', expect.stringMatching(/\(completed, exit 0\)\nä€𝄞\nsecond$/)],
    ['edits', expect.stringMatching(/^add .*lab-plain\.txt \(completed\)$/)],
    ['codex', 'Fertig: 5 € für 𝄞.'],
    ['status', 'done'],
  ]);
  const lines = (await text('ended')).trimEnd().split('\n');
  expect(lines.filter((line) => HEAD.test(line)).map((line) => line.slice(0, 19))).toEqual(
    items.map(({ at }) => at.slice(0, 19)),
  );
  expect(lines.filter((line) => MORE.test(line)).map((line) => line.replace(MORE, ''))).toEqual([
    'ä€𝄞',
    'second',
  ]);
  expect(lines).toHaveLength(items.length + 2);
});

test('-n, --since and --grep choose what is shown, of the document as of the text', async () => {
  const [whole, log, two, one, none, codex, document, all, nothing] = await Promise.all([
    text('ended'),
    told(world, 'log', ['logs', 'ended']),
    text('ended', '-n', '2'),
    told(world, 'log', ['logs', 'ended', '-n', '1']),
    text('ended', '-n', '0'),
    text('ended', '--grep', '^Fertig: \\d €'),
    told(world, 'log', ['logs', 'ended', '--grep', '^Fertig']),
    text('ended', '--since', '1d'),
    text('ended', '--since', '2099-01-01T00:00Z'),
  ]);
  const lines = whole.trimEnd().split('\n');
  expect(two.trimEnd().split('\n')).toEqual(lines.slice(-2));
  expect(one.items).toEqual(log.items.slice(-1));
  expect(none).toBe('');
  expect(codex.trimEnd()).toBe(lines.at(-2));
  expect(document.items).toEqual(log.items.slice(-2, -1));
  expect([all, nothing]).toEqual([whole, '']);
  // A time is as good as a duration: from that of the newest entry on, nothing older is shown.
  const newest = log.items.at(-1)?.at ?? '';
  const since = await told(world, 'log', ['logs', 'ended', '--since', newest]);
  expect(since.items).toEqual(log.items.filter(({ at }) => at >= newest));
});

test('--bytes gives the newest bytes, and never a part of a character', async () => {
  const whole = Buffer.from(await text('ended'));
  const note = whole.indexOf('𝄞.');
  // In the middle of each of the four bytes, before it and after it.
  const bytes = [-1, 0, 1, 2, 3, 4].map((offset) => whole.length - note - offset);
  const cuts = await Promise.all(bytes.map((count) => text('ended', '--bytes', String(count))));
  const from = (offset: number): string => whole.subarray(note + offset).toString();
  expect(cuts).toEqual([from(-1), from(0), from(4), from(4), from(4), from(4)]);
  const [much, zero] = await Promise.all([
    text('ended', '--bytes', '1000000'),
    text('ended', '--bytes', '0'),
  ]);
  expect([much, zero]).toEqual([whole.toString(), '']);
});

describe('text of a session', () => {
  const FORGED = '2026-11-23T05:15:26Z status done';
  const evil = `fine\n${FORGED}\r\u001b[2K\u001b]0;title\u0007\u009b31mred\u202e\u2028${FORGED}\u0000`;

  test('cannot forge lines of ours, nor reach the terminal as control sequences', async () => {
    const command = `printf 'out\\n${FORGED}\\r\\033[2K\\n'; true '\n${FORGED}'`;
    const prompt = `${play('plain', { read: command, text: evil })}\n${FORGED}`;
    const { id } = await world.run(prompt, '--name', 'evil');
    await world.ended(id);
    const log = await told(world, 'log', ['logs', id]);
    // What the document carries is what was said.
    expect(log.items.find(({ kind }) => kind === 'codex')?.text).toContain('\u001b[2K');
    const [shown, ...others] = await Promise.all([
      text(id),
      ...[
        ['show', id],
        ['ls', '-a'],
        ['report', id],
        ['events', id],
        ['wait', id],
        ['logs', id, '--events'],
      ].map(async (args) => {
        const ran = await world.cox(args);
        expect(ran.code).toBe(0);
        return ran.stdout;
      }),
    ]);
    const lines = shown.trimEnd().split('\n');
    expect(lines.filter((line) => HEAD.test(line))).toHaveLength(log.items.length);
    expect(lines.filter((line) => !HEAD.test(line) && !MORE.test(line))).toEqual([]);
    for (const printed of [shown, ...others]) {
      expect(printed).not.toMatch(/(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      expect(printed.split('\n').filter((line) => line.startsWith(FORGED))).toEqual([]);
    }
  });
});

test('-f shows what is there and what comes, once, and ends with the session', async () => {
  const { id } = await world.run(play('work-gated', { gate: 'follow', path: 'followed.txt' }));
  await atGate('follow');
  const [lines, document] = [live('logs', id, '-f'), live('logs', id, '-f', '--json')];
  await Promise.all([lines.shows(/runs {3}ls/), document.shows('"runs"')]);
  world.lab.release('follow');
  expect([await lines.ended, await document.ended]).toEqual([0, 0]);
  expect([lines.stderr, document.stderr]).toEqual(['', '']);
  const entries: Entry[] = document.lines.map((line) => entrySchema.parse(JSON.parse(line)));
  const { items } = await told(world, 'log', ['logs', id]);
  expect(entries).toEqual(items);
  expect(lines.stdout).toBe(await text(id));
  expect(entries.at(-1)).toMatchObject({ kind: 'status', text: 'done' });
});

test('-f of what has ended shows it and ends; -n bounds what was, not what comes', async () => {
  expect(await text('ended', '-f')).toBe(await text('ended'));
  const { id } = await world.run(play('work-gated', { gate: 'newest', path: 'newest.txt' }));
  await atGate('newest');
  const newest = live('logs', id, '-f', '-n', '1', '--json');
  await newest.shows('\n');
  world.lab.release('newest');
  expect(await newest.ended).toBe(0);
  const { items } = await told(world, 'log', ['logs', id]);
  const first = items.findIndex(({ text: words }) => words.startsWith('ls (completed'));
  expect(newest.lines.map((line) => entrySchema.parse(JSON.parse(line)))).toEqual(items.slice(first));
});

test('-f of a session that is killed ends, too', async () => {
  const { id } = await world.run(play('steps', { gates: ['never'] }));
  await atGate('never');
  const following = live('logs', id, '-f');
  await following.shows(/runs {3}ls/);
  expect((await world.cox(['kill', id])).code).toBe(0);
  expect(await following.ended).toBe(0);
  expect(following.lines.at(-1)).toMatch(/status stopped: /);
});

test('-f outlives the daemon, with no gap and nothing twice', async () => {
  const { id } = await world.run(play('work-gated', { gate: 'outlives', path: 'outlives.txt' }));
  await atGate('outlives');
  const following = live('logs', id, '-f');
  await following.shows(/runs {3}ls/);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  world.lab.release('outlives');
  expect([await following.ended, following.stderr]).toEqual([0, '']);
  expect(following.stdout).toBe(await text(id));
});

test('--events gives the facts as they are kept', async () => {
  const page = await told(world, 'events', ['logs', 'ended', '--events']);
  expect(page.items.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['session-created', 'thread-bound', 'turn-started', 'item', 'run-ended']),
  );
  expect(page.items.every(({ session }) => session === ended)).toBe(true);
  const [people, some, matching] = await Promise.all([
    text('ended', '--events'),
    told(world, 'events', ['logs', 'ended', '--events', '-n', '3']),
    told(world, 'events', ['logs', 'ended', '--events', '--grep', '"run-ended"']),
  ]);
  expect(
    people
      .trimEnd()
      .split('\n')
      .map((line) => viewSchemas.event.parse(JSON.parse(line))),
  ).toEqual(page.items);
  expect(some.items).toEqual(page.items.slice(-3));
  expect(matching.items.map(({ type }) => type)).toEqual(['run-ended']);
});

test('what logs refuses', async () => {
  for (const [flags, said] of [
    [['--raw'], '--events'],
    [['-n', 'few'], 'few'],
    [['-n', '-1'], '-1'],
    [['--bytes', '1.5'], '1.5'],
    [['--since', 'yesterday'], 'yesterday'],
    [['--grep', '['], 'regular expression'],
  ] as const) {
    const { message, hint } = await refused(world, 'usage', ['logs', 'ended', ...flags]);
    expect([message, hint]).toEqual([expect.stringContaining(said), 'See `cox logs --help`.']);
  }
  await refused(world, 'usage', ['logs']);
  await refused(world, 'not-found', ['logs', 'nobody']);
  await refused(world, 'not-found', ['logs', 'nobody', '-f']);
});
