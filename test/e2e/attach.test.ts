import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { play } from './scenarios.ts';
import { HAS_TMUX, Terminal } from './tmux.ts';
import { PATIENCE_MS, World } from './world.ts';

const BIN = fileURLToPath(new URL('../../bin/cox', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe.skipIf(!HAS_TMUX)('in a real terminal', () => {
  let terminal: Terminal;
  afterEach(() => terminal.close());
  const attach = (target: string): void => {
    const command = [process.execPath, BIN, 'attach', target];
    terminal = new Terminal(join(world.root, 'tmux'), command, world.work, world.env);
  };

  test('a pending approval is there; answered there, it is answered elsewhere here', async () => {
    const file = join(world.outside, 'attached');
    const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
    const request = await world.request(id);
    attach(id);
    const screen = await terminal.shows('Would you like to run the following command?');
    expect(screen).toContain(`$ touch ${file}`);
    // Looking changes nothing.
    expect(await world.show(id)).toMatchObject({
      phase: 'waiting',
      need: { requestId: request.requestId },
      turn: expect.any(String),
    });
    terminal.keys('y');
    const ended = await world.ended(id);
    expect(ended).toMatchObject({ phase: 'done', lastMessage: 'Done: the command was handled.' });
    expect(existsSync(file)).toBe(true);
    const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'request-closed'));
    expect(facts.find(({ type }) => type === 'request-closed')?.fact).toMatchObject({
      requestId: request.requestId,
      how: 'elsewhere',
    });
    const late = await world.cox(['approve', request.requestId, '--json']);
    expect([late.code, viewSchemas.error.parse(late.json()).error.code]).toEqual([6, 'conflict']);
    const report = viewSchemas.report.parse((await world.cox(['report', id, '--json'])).json());
    expect(report.requests).toMatchObject([{ id: request.requestId, how: 'elsewhere', by: null }]);
    await leave();
  });

  test('leaving a dialog answers nothing, and gives the terminal back', async () => {
    const file = join(world.outside, 'not-touched');
    const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
    const { requestId } = await world.request(id);
    attach(id);
    await terminal.shows('Would you like to run the following command?');
    await leave();
    expect(terminal.screen()).toContain(`left ${id}`);
    expect(await world.show(id)).toMatchObject({ phase: 'waiting', need: { requestId } });
    expect(existsSync(file)).toBe(false);
    expect((await world.cox(['deny', requestId])).code).toBe(0);
    expect(await world.ended(id)).toMatchObject({ phase: 'done' });
  });

  test('leaving in mid turn does not touch the turn, nor the configuration', async () => {
    const { id } = await world.run(play('work-gated', { gate: 'leave', path: 'left.txt' }));
    const isHeld = { deadlineMs: PATIENCE_MS };
    await world.lab.waitForRequest(({ gate, state }) => gate === 'leave' && state === 'held', isHeld);
    attach(id);
    await terminal.shows(/esc to interrupt/);
    const before = await world.show(id);
    await leave();
    const after = await world.show(id);
    expect([after.phase, after.turn]).toEqual(['working', before.turn]);
    world.lab.release('leave');
    expect(await world.ended(id)).toMatchObject({ phase: 'done', runs: [{ n: 1 }] });
    expect(existsSync(join(world.work, 'left.txt'))).toBe(true);
    expect(readFileSync(join(world.codexHome, 'config.toml'), 'utf8')).toBe(world.config);
  });

  test('a turn that is begun there is a run here, also after the session was stopped', async () => {
    const { id } = await world.run(play('plain', {}));
    await world.ended(id);
    await world.cox(['stop', id]);
    attach(id);
    await terminal.shows('Done: the file is there.');
    terminal.keys('-l', 'say something else');
    await terminal.shows('say something else');
    terminal.keys('Enter');
    await world.facts(id, (seen) => seen.some(({ type }) => type === 'run-opened'));
    const ended = await world.ended(id);
    expect(ended).toMatchObject({
      phase: 'done',
      runs: [
        { n: 1, end: 'done' },
        { n: 2, end: 'done' },
      ],
    });
    await leave();
  });

  async function leave(): Promise<void> {
    terminal.keys('C-\\', 'd');
    await terminal.ended();
  }
});

test('without a terminal it says what to do instead; the command itself can be had', async () => {
  const { id } = await world.run(play('plain', {}));
  const { thread } = await world.ended(id);
  const refused = await world.cox(['attach', id]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('--print');
  const { code, json } = await world.cox(['attach', id, '--print', '--json']);
  const view = viewSchemas.attach.parse(json());
  expect([code, view.thread, view.command.slice(1, 3)]).toEqual([0, thread, ['resume', thread]]);
  expect(view.environment.CODEX_HOME).toBe(join(world.coxHome, 'state', 'terminals'));
  const missing = await world.cox(['attach', 'nobody', '--print', '--json']);
  expect([missing.code, viewSchemas.error.parse(missing.json()).error.code]).toEqual([3, 'not-found']);
});
