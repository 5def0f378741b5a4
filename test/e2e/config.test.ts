import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { processesWith } from './processes.ts';
import { World } from './world.ts';

let world: World;
let file: string;
beforeAll(async () => {
  world = await World.open();
  file = join(world.places.configDirectory, 'config.toml');
  mkdirSync(dirname(file), { recursive: true });
});
afterEach(() => rmSync(file, { force: true }));
afterAll(() => world.close());

test('cox config path: where everything is, before anything is there', async () => {
  const { stateDirectory, runtimeDirectory, database, log, socket } = world.places;
  const view = viewSchemas['config-path'].parse(await world.ask('config', 'path'));
  expect(view).toEqual({
    schemaVersion: 1,
    config: file,
    exists: false,
    stateDirectory,
    runtimeDirectory,
    database,
    log,
    socket,
  });
  const told = await world.cox(['config', 'path']);
  expect([told.code, told.stderr]).toEqual([0, '']);
  for (const path of [file, stateDirectory, database, log, socket]) expect(told.stdout).toContain(path);
  expect(existsSync(stateDirectory)).toBe(false);
});

test('cox config explain: every setting, where it comes from, what it means and why; without a daemon', async () => {
  writeFileSync(file, '# mine\n[lifecycle]\ndaemon_idle = "2h"\n\n[env]\npass = ["MY_TOKEN"]\n');
  const ran = await world.cox(['config', 'explain', '--json'], { env: { COX_LOG_LEVEL: 'debug' } });
  const { config, exists, settings } = viewSchemas['config-explain'].parse(ran.json());
  expect([ran.code, config, exists]).toEqual([0, file, true]);
  expect(settings.map(({ key, value, from, line }) => [key, value, from, line])).toEqual([
    ['lifecycle.daemon_idle', '2h', 'file', 3],
    ['lifecycle.server_idle', '10m', 'default', null],
    ['lifecycle.thread_idle', '10m', 'default', null],
    ['retention.age', '30d', 'default', null],
    ['retention.size', '2GiB', 'default', null],
    ['env.pass', ['MY_TOKEN'], 'file', 6],
    ['log.level', 'debug', 'environment', null],
  ]);
  const told = await world.cox(['config', 'explain', 'lifecycle.daemon_idle']);
  expect(told.stdout).toBe(`lifecycle.daemon_idle = "2h"   # ${file}:3; the default is "30m"
  ${settings[0]?.meaning}
  Why this default: ${settings[0]?.reason}
`);
  const table = viewSchemas['config-explain'].parse(await world.ask('config', 'explain', 'retention'));
  expect(table.settings.map(({ key }) => key)).toEqual(['retention.age', 'retention.size']);
  expect(processesWith('COX_HOME', world.coxHome)).toEqual([]);
});

test('a file that is not in order is refused by line, by cox config and by the daemon', async () => {
  writeFileSync(file, '[lifecycle]\n\ndeamon_idle = "2h"\n');
  const message = `${file}:3: unknown key deamon_idle; did you mean daemon_idle? Known here: daemon_idle, server_idle, thread_idle.`;
  for (const args of [['config', 'explain'], ['daemon', 'start'], ['ls']]) {
    const ran = await world.cox([...args, '--json']);
    const { error } = viewSchemas.error.parse(ran.json());
    expect([ran.code, error.code, error.message, error.details.line]).toEqual([
      2,
      'config-invalid',
      message,
      3,
    ]);
  }
  const told = await world.cox(['config', 'explain']);
  expect([told.code, told.stdout]).toEqual([2, '']);
  expect(told.stderr).toContain(message);
  expect((await world.cox(['config', 'path'])).code).toBe(0);
  expect(processesWith('COX_HOME', world.coxHome)).toEqual([]);
});

test('a file that cannot be read is no missing one', async () => {
  mkdirSync(file);
  const ran = await world.cox(['config', 'explain', '--json']);
  rmSync(file, { recursive: true });
  expect([ran.code, viewSchemas.error.parse(ran.json()).error.code]).toEqual([2, 'config-invalid']);
});

test('cox config schema: every shape, or one by its name', async () => {
  const { schemas } = viewSchemas['config-schema'].parse(await world.ask('config', 'schema'));
  expect(Object.keys(schemas)).toEqual([...Object.keys(viewSchemas), 'config.toml', 'policy.toml']);
  expect(await world.ask('config', 'schema', 'doctor')).toEqual(schemas.doctor);
  const told = await world.cox(['config', 'schema', 'config.toml']);
  expect(JSON.parse(told.stdout)).toEqual(schemas['config.toml']);
  const published = readFileSync(new URL('../../docs/user/schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual({ schemaVersion: 1, schemas });
});

test.each([
  [['config'], 'Say what config is to do'],
  [['config', 'explian'], 'explian'],
  [['config', 'explain', 'lifecycel'], 'There is no setting lifecycel. Did you mean lifecycle?'],
  [['config', 'explain', 'x'], 'There is no setting x.'],
  [['config', 'schema', 'sesion'], 'There is no schema sesion. Did you mean session?'],
  [['config', 'schema', 'toString'], 'There is no schema toString.'],
  [['config', 'path', '--nope'], '--nope'],
])('bad input: cox %s', async (args, words) => {
  const told = await world.cox(args);
  expect([told.code, told.stdout]).toEqual([2, '']);
  expect(told.stderr).toContain(words);
  expect((await world.cox([...args, '--json'])).json()).toMatchObject({ error: { code: 'usage' } });
});
