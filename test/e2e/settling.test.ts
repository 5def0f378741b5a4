import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isMeasured } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

/** Between the end of a session and the measurement of its folder. */

let world: World;
let go: string;
/** The daemon's git does nothing until it may: it takes as long as in a large repository. */
beforeAll(async () => {
  world = await World.open();
  const folder = join(world.root, 'slow');
  go = join(world.root, 'go');
  mkdirSync(folder);
  const slow = `#!/bin/sh\nuntil test -e '${go}'; do test -d '${folder}' || exit 1; sleep 0.05; done\nexec env PATH='${world.env.PATH}' git "$@"\n`;
  writeFileSync(join(folder, 'git'), slow);
  chmodSync(join(folder, 'git'), 0o755);
  writeFileSync(go, '');
  await world.cox(['daemon', 'start'], { env: { PATH: `${folder}:${world.env.PATH}` } });
});
afterAll(async () => {
  writeFileSync(go, '');
  await world.close();
});

function live(...args: string[]): LiveCommand {
  const command = new LiveCommand(world, args);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  return command;
}

/** A session that has just ended, and whose measurement waits. */
async function unmeasured(gate: string, prompt: string): Promise<string> {
  writeFileSync(go, '');
  const { id } = await world.run(prompt);
  await world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
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
