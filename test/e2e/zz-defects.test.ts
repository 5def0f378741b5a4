import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isMeasured, refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

/** Each of these fails: it is what should hold, and does not. */

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

async function ended(prompt: string, ...flags: string[]): Promise<string> {
  const { id } = await world.run(prompt, ...flags);
  await world.ended(id);
  await world.facts(id, (facts) => isMeasured(facts));
  return id;
}

async function held(gate: string): Promise<string> {
  const { id } = await world.run(play('work-gated', { gate, path: `${gate}.txt` }));
  await atGate(gate);
  return id;
}

function atGate(gate: string): Promise<unknown> {
  return world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
}

function live(...args: string[]): LiveCommand {
  const command = new LiveCommand(world, args);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  return command;
}

describe('A. a thread that is taken up again without its history', () => {
  test('its file has lost the newest turn: Codex lists it all the same, the model does not get it', async () => {
    const id = await ended(play('plain'));
    const { thread } = await world.show(id);
    const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'thread-bound'));
    const file = String(facts.find(({ type }) => type === 'thread-bound')?.fact.rollout);
    const before = readFileSync(file, 'utf8');
    await told(world, 'send', ['resume', id, 'The turn that is lost.']);
    await world.ended(id);
    await world.cox(['daemon', 'stop']);
    writeFileSync(file, before);
    const requests = world.lab.requestsOf(String(thread)).length;
    await told(world, 'send', ['resume', id, 'Said without it.']);
    expect((await world.ended(id)).phase).toBe('lost');
    expect(world.lab.requestsOf(String(thread))).toHaveLength(requests);
  });
});

describe('B. while the folder is measured after the end', () => {
  let go: string;
  /** A git that does nothing until it may: as long as in a large repository. */
  beforeAll(async () => {
    await world.cox(['daemon', 'stop']);
    const folder = join(world.root, 'slow');
    go = join(world.root, 'go');
    mkdirSync(folder);
    const slow = `#!/bin/sh\nuntil test -e '${go}'; do test -d '${folder}' || exit 1; sleep 0.05; done\nexec env PATH='${world.env.PATH}' git "$@"\n`;
    writeFileSync(join(folder, 'git'), slow);
    chmodSync(join(folder, 'git'), 0o755);
    writeFileSync(go, '');
    await world.cox(['daemon', 'start'], { env: { PATH: `${folder}:${world.env.PATH}` } });
  });
  afterAll(() => writeFileSync(go, ''));

  /** A session that has just ended, and whose measurement waits. */
  async function unmeasured(gate: string, prompt: string): Promise<string> {
    writeFileSync(go, '');
    const { id } = await world.run(prompt);
    await atGate(gate);
    rmSync(go);
    return id;
  }

  test('wait tells what will be found: a verdict does not change after it was waited for', async () => {
    const id = await unmeasured('doubtful', play('steps', { gates: ['doubtful'] }));
    const waiting = live('wait', id, '--json');
    await waiting.connects();
    world.lab.release('doubtful');
    await world.facts(id, (facts) => facts.some(({ type }) => type === 'run-ended'));
    // By the time that this is answered, a wait that ends with the run has ended.
    await world.cox(['ls']);
    writeFileSync(go, '');
    await waiting.ended;
    const { items } = viewSchemas['session-list'].parse(JSON.parse(waiting.stdout));
    await world.facts(id, (facts) => isMeasured(facts));
    expect((await world.show(id)).result?.doubts).toEqual(['no-changes']);
    expect(items[0]?.result?.doubts).toEqual(['no-changes']);
  });

  test('rm is not refused: the session has ended', async () => {
    const id = await unmeasured('removed', play('work-gated', { gate: 'removed', path: 'removed.txt' }));
    world.lab.release('removed');
    await world.facts(id, (facts) => facts.some(({ type }) => type === 'run-ended'));
    const removing = live('rm', id);
    await removing.connects();
    await world.cox(['ls']);
    writeFileSync(go, '');
    expect([await removing.ended, removing.stderr]).toEqual([0, '']);
  });
});

describe('C. what follows does not outlive the daemon, unlike wait and events -f', () => {
  test.each([
    ['logs -f', (gate: string) => live('logs', `c-${gate}`, '-f')],
    [
      'run --follow',
      (gate: string) =>
        live('run', '--follow', play('work-gated', { gate: `${gate}-of-run`, path: 'c.txt' })),
    ],
  ] as const)('%s', async (name, follow) => {
    const gate = name.replaceAll(/\W/g, '');
    await world.run(play('work-gated', { gate, path: `${gate}.txt` }), '--name', `c-${gate}`);
    await atGate(gate);
    const command = follow(gate);
    await command.shows(/runs {3}ls/);
    expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
    world.lab.release(gate);
    world.lab.release(`${gate}-of-run`);
    expect([await command.ended, command.stderr.replace(/^started \w+\n/, '')]).toEqual([0, '']);
    expect(command.stdout).toMatch(/ status done\n$/);
  });

  test('ls --watch', async () => {
    const id = await held('watched');
    const watching = live('ls', '--watch');
    await watching.shows(id);
    expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
    world.lab.release('watched');
    await watching.shows(new RegExp(`^${id} .* done/`, 'm'));
    expect([await watching.end('SIGINT'), watching.stderr]).toEqual([130, '']);
  });
});

describe('D. small ones', () => {
  let id: string;
  beforeAll(async () => {
    id = await ended(play('plain'), '--name', 'small');
  });

  test('events -n 0 shows no event, as logs -n 0 shows no line', async () => {
    expect((await told(world, 'events', ['events', id, '-n', '0'])).items).toEqual([]);
  });

  test('events --after with -n is bounded, too', async () => {
    expect((await told(world, 'events', ['events', id, '--after', '0', '-n', '2'])).items).toHaveLength(2);
  });

  test('wait --any --for done of one that has failed says so by its exit code', async () => {
    const failed = await ended(play('quota'));
    const open = await held('any');
    const { code } = await world.cox(['wait', failed, open, '--any', '--for', 'done']);
    expect(code).toBe(5);
  });

  test('wait that gives up at once still says how its sessions are', async () => {
    const open = await held('at-once');
    const ran = await world.cox(['wait', open, '--timeout', '0s', '--json']);
    expect([ran.code, viewSchemas['session-list'].parse(ran.json()).items.map((view) => view.id)]).toEqual([
      124,
      [open],
    ]);
    await refused(world, 'not-found', ['wait', 'nobody', '--timeout', '0s']);
  });

  test('rm of the same session twice removes it once, without an error', async () => {
    const twice = await ended(play('plain'), '--name', 'twice');
    const ran = await world.cox(['rm', 'twice', twice]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  });

  test('rm of several sessions prints a document of a published shape', async () => {
    const several = [await ended(play('plain')), await ended(play('plain'))];
    const ran = await world.cox(['rm', ...several, '--json']);
    expect(fitting(ran.json())).not.toEqual([]);
  });

  test('lab serve --json prints a document of a published shape', async () => {
    const command = live('lab', 'serve', '--json');
    await command.shows('\n');
    expect(await command.end('SIGTERM')).toBe(0);
    expect(fitting(JSON.parse(command.stdout))).not.toEqual([]);
  });

  test('lab serve --json is refused in one document, as every other verb', async () => {
    const error = await refused(world, 'usage', ['lab', 'serve', '--port', 'x']);
    expect(error.message).toContain('65535');
  });

  test('logs --events, which is for people without --json, has no control characters of a session', async () => {
    const hostile = await ended(
      play('early-done', { text: 'C1 \u009b31m, right to left \u202e, line \u2028.' }),
    );
    const { stdout } = await world.cox(['logs', hostile, '--events']);
    expect(stdout).toContain('C1 ');
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
  });

  test('a text that begins with a dash can be sent after --', async () => {
    const open = await held('dash');
    const ran = await world.cox(['send', open, '--json', '--', '- first this\n- then that']);
    expect([ran.code, viewSchemas.send.safeParse(ran.json()).success]).toEqual([0, true]);
  });

  test('the hint of a usage error names the verb', async () => {
    const { hint } = await refused(world, 'usage', ['logs', id, '-n', 'few']);
    expect(hint).toContain('cox logs --help');
  });
});

/** Names of the published shapes that a document fits. */
function fitting(document: unknown): string[] {
  return Object.entries(viewSchemas).flatMap(([name, schema]) =>
    schema.safeParse(document).success ? [name] : [],
  );
}
