/** The levels of the daemon's log, from the one that says least (pino's). */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What kind of value a setting takes. */
export type SettingKind = 'duration' | 'size' | 'names' | 'log-level';

type Setting = {
  kind: SettingKind;
  byDefault: string | readonly string[];
  meaning: string;
  /** Why the default is what it is. */
  reason: string;
};

/** Every setting of config.toml by table and key, and the default where the file says nothing. */
export const SETTINGS = {
  'lifecycle.daemon_idle': {
    kind: 'duration',
    byDefault: '30m',
    meaning: 'The daemon ends when it has had no open run and no client for this long.',
    reason: 'The next command starts another in a moment; half an hour spares that to who works with it.',
  },
  'lifecycle.server_idle': {
    kind: 'duration',
    byDefault: '10m',
    meaning: 'An app-server ends when it has had no thread for this long.',
    reason: 'It takes about 60 MB of memory, and is started again when it is needed.',
  },
  'lifecycle.thread_idle': {
    kind: 'duration',
    byDefault: '10m',
    meaning: 'A thread stays loaded for this long after the end of its run.',
    reason: 'A further instruction, or a person who attaches, mostly comes soon, and finds it as it was.',
  },
  'retention.age': {
    kind: 'duration',
    byDefault: '30d',
    meaning: 'A session is removed this long after its end, unless it is archived.',
    reason: 'Long enough to ask what was done last month.',
  },
  'retention.size': {
    kind: 'size',
    byDefault: '2GiB',
    meaning:
      'While the database holds more than this, the session that ended longest ago is removed, unless archived.',
    reason: 'Room for a long history, and no surprise on a small disk.',
  },
  'env.pass': {
    kind: 'names',
    byDefault: [],
    meaning: "More variables of the caller's environment that a session gets, by name.",
    reason: 'A session gets no more than it needs, so that no secret of the caller reaches a model unasked.',
  },
  'log.level': {
    kind: 'log-level',
    byDefault: 'info',
    meaning: `How much the daemon's log says: ${LOG_LEVELS.join(', ')}. COX_LOG_LEVEL overrides it.`,
    reason: 'One line for each phase, action and outcome: enough to see what happened.',
  },
} as const satisfies Record<`${string}.${string}`, Setting>;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** The settings as the daemon uses them: plain data, lengths of time in milliseconds, sizes in bytes. */
export type Settings = {
  idle: { daemonMs: number; serverMs: number; threadMs: number };
  retention: { ageMs: number; sizeBytes: number };
  /** Names of variables that a session gets beside the usual ones. */
  passedVariables: string[];
  logLevel: LogLevel;
};
