import * as z from 'zod';
import { CoxError, failure } from '../core/errors.ts';
import { DURATION_PATTERN, durationMs, SIZE_PATTERN, sizeBytes } from './quantities.ts';
import {
  LOG_LEVELS,
  type LogLevel,
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
  type SettingKind,
  type Settings,
} from './settings.ts';
import { lineOf } from './toml-lines.ts';
import { checkToml, type TomlKind } from './toml-text.ts';

/** Longest duration, ten years: with it, sums of times stay dates. */
const LONGEST_MS = 3_650 * 86_400_000;

const given = (input: unknown): string => JSON.stringify(input) ?? String(input);

/** What each kind of setting takes. A refusal reads on after the key: `takes …, not …`. */
const VALUES = {
  duration: z
    .string({ error: ({ input }) => `takes a duration such as "90s", "30m" or "2h", not ${given(input)}` })
    .regex(DURATION_PATTERN, {
      error: ({ input }) => `takes a duration such as "90s", "30m" or "2h", not ${given(input)}`,
    })
    .refine((text) => isWithin(durationMs(text), LONGEST_MS), {
      error: ({ input }) => `takes a duration longer than nothing and at most 3650d, not ${given(input)}`,
    }),
  size: z
    .string({ error: ({ input }) => `takes a size such as "500MiB" or "2GiB", not ${given(input)}` })
    .regex(SIZE_PATTERN, {
      error: ({ input }) => `takes a size such as "500MiB" or "2GiB", not ${given(input)}`,
    })
    .refine((text) => isWithin(sizeBytes(text), Number.MAX_SAFE_INTEGER), {
      error: ({ input }) => `takes a size larger than nothing and at most 8191TiB, not ${given(input)}`,
    }),
  names: z.array(
    z
      .string({ error: ({ input }) => `takes names of variables in quotes, not ${given(input)}` })
      .regex(/^[A-Za-z_]\w*$/, { error: ({ input }) => `takes names of variables, not ${given(input)}` }),
    { error: ({ input }) => `takes a list of names, such as ["MY_TOKEN"], not ${given(input)}` },
  ),
  'log-level': z.enum(LOG_LEVELS, {
    error: ({ input }) => `takes one of ${LOG_LEVELS.join(', ')}, not ${given(input)}`,
  }),
} as const satisfies Record<SettingKind, z.ZodType<string | string[]>>;

/** What `config.toml` may hold, made from the table of settings. Unknown keys are refused. */
export const configFile = z.strictObject(
  Object.fromEntries(
    tables().map((table) => {
      const keys = SETTING_KEYS.filter((key) => key.startsWith(`${table}.`));
      const shape = keys.map((key) => {
        const { kind, byDefault, meaning } = SETTINGS[key];
        const value = VALUES[kind].optional().describe(meaning).meta({ default: byDefault });
        return [key.slice(table.length + 1), value];
      });
      const error = `is a table: write [${table}] on a line of its own, and its keys below`;
      return [table, z.strictObject(Object.fromEntries(shape), { error: notATable(error) }).optional()];
    }),
  ),
);

/** A setting as it is in force, and where that comes from; `line` only for what the file says. */
export type FoundSetting = {
  key: SettingKey;
  value: string | string[];
  from: 'default' | 'file' | 'environment';
  line: number | null;
};

/**
 * Every setting as a file (null where there is none) and the environment have it. Of the environment, COX_LOG_LEVEL
 * is read.
 *
 * @throws CoxError `config-invalid`, with the line and, for an unknown key, the nearest known one.
 */
export function readConfig(
  path: string,
  text: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): FoundSetting[] {
  const file = text === null ? {} : checkToml(path, text, KIND);
  return SETTING_KEYS.map((key) => {
    const [table = '', name = ''] = key.split('.');
    const value = (file[table] as Record<string, string | string[] | undefined> | undefined)?.[name];
    const level = environment.COX_LOG_LEVEL ?? '';
    if (key === 'log.level' && level !== '') {
      return { key, value: checkedLevel(level), from: 'environment', line: null };
    }
    if (text !== null && value !== undefined)
      return { key, value, from: 'file', line: lineOf(text, [table, name]) };
    const { byDefault } = SETTINGS[key];
    return {
      key,
      value: typeof byDefault === 'string' ? byDefault : [...byDefault],
      from: 'default',
      line: null,
    };
  });
}

/** Settings in the units of programs. What was read has been checked: nothing is missing or out of range. */
export function toSettings(found: readonly FoundSetting[]): Settings {
  const value = (key: SettingKey): string | string[] => found.find((one) => one.key === key)?.value ?? '';
  const ms = (key: SettingKey): number => durationMs(String(value(key))) ?? 0;
  return {
    idle: {
      daemonMs: ms('lifecycle.daemon_idle'),
      serverMs: ms('lifecycle.server_idle'),
      threadMs: ms('lifecycle.thread_idle'),
    },
    retention: { ageMs: ms('retention.age'), sizeBytes: sizeBytes(String(value('retention.size'))) ?? 0 },
    passedVariables: [value('env.pass')].flat(),
    logLevel: String(value('log.level')) as LogLevel,
  };
}

const KIND: TomlKind<typeof configFile> = {
  code: 'config-invalid',
  schema: configFile,
  keysAt: (table) =>
    table.length === 0
      ? tables()
      : SETTING_KEYS.flatMap((key) => {
          const [first, name = ''] = key.split('.');
          return first === table[0] ? [name] : [];
        }),
  inWords: ({ path, message }) => {
    const [table, key] = path;
    return `${[table, key].filter((part) => part !== undefined).join('.')} ${message}`;
  },
};

function tables(): string[] {
  return [...new Set(SETTING_KEYS.map((key) => key.split('.')[0] ?? ''))];
}

/** Only where something else stands in its place; an unknown key in it has words of its own. */
function notATable(message: string): z.core.$ZodErrorMap {
  return (issue) => (issue.code === 'invalid_type' ? message : undefined);
}

function isWithin(amount: number | null, most: number): boolean {
  return amount !== null && amount >= 1 && amount <= most;
}

function checkedLevel(level: string): LogLevel {
  const known = LOG_LEVELS.find((one) => one === level);
  if (known !== undefined) return known;
  const message = `COX_LOG_LEVEL takes one of ${LOG_LEVELS.join(', ')}, not ${level}.`;
  throw new CoxError(
    failure('config-invalid', message, { level }, 'Set the variable to one of them, or unset it.'),
  );
}
