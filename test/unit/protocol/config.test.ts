import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CoxError } from '../../../src/core/errors.ts';
import { readConfig, toSettings } from '../../../src/protocol/config.ts';
import { durationMs, sizeBytes, sizeInWords } from '../../../src/protocol/quantities.ts';
import { publishedSchemas } from '../../../src/protocol/schemas.ts';
import { SETTING_KEYS, type Settings } from '../../../src/protocol/settings.ts';

const FILE = '/home/user/config.toml';

const read = (text: string | null, environment: Record<string, string> = {}) =>
  readConfig(FILE, text, environment);

const DEFAULTS: Settings = {
  idle: { daemonMs: 1_800_000, serverMs: 600_000, threadMs: 600_000 },
  retention: { ageMs: 2_592_000_000, sizeBytes: 2_147_483_648 },
  passedVariables: [],
  logLevel: 'info',
};

function refusal(text: string | null, environment: Record<string, string> = {}): CoxError['failure'] {
  try {
    read(text, environment);
  } catch (error) {
    if (error instanceof CoxError) return error.failure;
    throw error;
  }
  throw new Error('it was taken');
}

describe('settings that are taken', () => {
  test.each([
    ['no file', null],
    ['an empty file', ''],
    ['comments and empty tables', '# mine\n[lifecycle]\n[env]\n'],
  ])('%s: every setting has its default', (_, text) => {
    const found = read(text);
    expect(found.map(({ key, from, line }) => [key, from, line])).toEqual(
      SETTING_KEYS.map((key) => [key, 'default', null]),
    );
    expect(toSettings(found)).toEqual(DEFAULTS);
  });

  test('all that can be said, each with the line that says it', () => {
    const text = `# mine
lifecycle.daemon_idle = "2h"
lifecycle.server_idle = "90s"
lifecycle . "thread_idle" = "250ms"

[retention] # for long
size = "1.5MiB"
'age' = "1d"

[env]
pass = [
  "MY_TOKEN",
  "_x1",
]

[log]
level = "debug"
`;
    const found = read(text);
    expect(found.map(({ key, from, line }) => [key, from, line])).toEqual([
      ['lifecycle.daemon_idle', 'file', 2],
      ['lifecycle.server_idle', 'file', 3],
      ['lifecycle.thread_idle', 'file', 4],
      ['retention.age', 'file', 8],
      ['retention.size', 'file', 7],
      ['env.pass', 'file', 11],
      ['log.level', 'file', 17],
    ]);
    expect(toSettings(found)).toEqual({
      idle: { daemonMs: 7_200_000, serverMs: 90_000, threadMs: 250 },
      retention: { ageMs: 86_400_000, sizeBytes: 1_572_864 },
      passedVariables: ['MY_TOKEN', '_x1'],
      logLevel: 'debug',
    });
  });

  test('COX_LOG_LEVEL overrides the file; empty, it says nothing', () => {
    const level = (environment: Record<string, string>) =>
      read('[log]\nlevel = "warn"\n', environment).find(({ key }) => key === 'log.level');
    expect(level({ COX_LOG_LEVEL: 'trace' })).toMatchObject({
      value: 'trace',
      from: 'environment',
      line: null,
    });
    expect(level({ COX_LOG_LEVEL: '' })).toMatchObject({ value: 'warn', from: 'file', line: 2 });
    expect(refusal(null, { COX_LOG_LEVEL: 'loud' })).toMatchObject({
      code: 'config-invalid',
      message: 'COX_LOG_LEVEL takes one of silent, fatal, error, warn, info, debug, trace, not loud.',
    });
  });
});

describe('settings that are refused', () => {
  test.each([
    ['an unknown table', '\n[retentoin]\n', 2, 'unknown key retentoin; did you mean retention?'],
    ['an unknown key', '[log]\n\nlevl = "info"\n', 3, 'unknown key levl; did you mean level?'],
    [
      'an unknown dotted key',
      'x.y = 1\nenv.pass = []\n',
      1,
      'unknown key x. Known here: lifecycle, retention,',
    ],
    ['an unknown key on one line', '\nlog = { levl = "info" }\n', 2, 'unknown key levl; did you mean level?'],
    ['no TOML', '[lifecycle]\ndaemon_idle = 30m\n', 2, ''],
    [
      'zero',
      '[lifecycle]\nserver_idle = "0s"\n',
      2,
      'lifecycle.server_idle takes a duration longer than nothing',
    ],
    [
      'a negative duration',
      'lifecycle.thread_idle = "-5m"\n',
      1,
      'lifecycle.thread_idle takes a duration such as',
    ],
    ['a duration without a unit', '[retention]\nage = "30"\n', 2, 'retention.age takes a duration such as'],
    [
      'a duration as a number',
      '[retention]\nage = 30\n',
      2,
      'retention.age takes a duration such as "90s", "30m" or "2h", not 30',
    ],
    [
      'a duration past all sense',
      '[retention]\nage = "99999d"\n',
      2,
      'retention.age takes a duration longer than nothing and at most 3650d',
    ],
    ['a size of nothing', '[retention]\nsize = "0B"\n', 2, 'retention.size takes a size larger than nothing'],
    [
      'a size in other units',
      '[retention]\nsize = "2GB"\n',
      2,
      'retention.size takes a size such as "500MiB" or "2GiB", not "2GB"',
    ],
    ['one name', '[env]\npass = "A"\n', 2, 'env.pass takes a list of names'],
    ['what is no name', '[env]\npass = ["A=b"]\n', 2, 'env.pass takes names of variables, not "A=b"'],
    [
      'a name that is no text',
      '[env]\npass = [1]\n',
      2,
      'env.pass takes names of variables in quotes, not 1',
    ],
    [
      'another level',
      '[log]\nlevel = "INFO"\n',
      2,
      'log.level takes one of silent, fatal, error, warn, info, debug, trace, not "INFO"',
    ],
    ['a table as a value', '\nlog = "info"\n', 2, 'log is a table: write [log] on a line of its own'],
    ['a table as a list', '[[log]]\nlevel = "info"\n', 1, 'log is a table'],
  ])('%s', (_, text, line, message) => {
    const { code, message: said, details } = refusal(text);
    expect([code, details.path, details.line]).toEqual(['config-invalid', FILE, line]);
    expect(said).toContain(`${FILE}:${line}: ${message}`);
  });
});

test('durations and sizes', () => {
  expect(['1ms', '90s', '1.5m', '2h', '30d', '5', '5 m', 'm', '-1s', ''].map(durationMs)).toEqual([
    1,
    90_000,
    90_000,
    7_200_000,
    2_592_000_000,
    null,
    null,
    null,
    null,
    null,
  ]);
  expect(['1B', '2KiB', '0.5GiB', '1TiB', '5', '1kb'].map(sizeBytes)).toEqual([
    1,
    2048,
    536_870_912,
    1_099_511_627_776,
    null,
    null,
  ]);
  expect([0, 1023, 1024, 1_572_864, 2 ** 41].map(sizeInWords)).toEqual([
    '0 B',
    '1023 B',
    '1 KiB',
    '1.5 MiB',
    '2 TiB',
  ]);
});

test('the published schemas are those of the code; npm run schema writes them', () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL('../../../docs/user/schema.json', import.meta.url), 'utf8'),
  );
  expect(published).toEqual(JSON.parse(JSON.stringify(publishedSchemas())));
});
