import { APPROVALS, SANDBOXES } from '../../core/session/session.ts';
import { PHASES } from '../../core/session/status.ts';
import { SETTING_KEYS } from '../../protocol/settings.ts';

/** What stands for a value: words of a fixed set, one or a list with commas; or something that is looked up. */
export type Value =
  | { type: 'words'; words: readonly string[]; list: boolean }
  | { type: 'files' }
  | { type: 'directories' }
  | { type: 'sessions' }
  | { type: 'requests' }
  | { type: 'schemas' };

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const words = (...given: string[]): Value => ({ type: 'words', words: given, list: false });
const CONDITIONS = ['done', 'attention', 'stuck', 'exit', 'gate'];

/** Values of one verb's flag or argument, by `VERB FLAG` and `VERB ARGUMENT`. A test asks the verbs themselves. */
export const VALUES: Readonly<Record<string, Value>> = {
  'run --sandbox': words(...SANDBOXES),
  'run --approval': words(...APPROVALS),
  'ls --phase': words(...PHASES),
  'ls --sort': words('attention', 'age'),
  'wait --for': { type: 'words', words: CONDITIONS, list: true },
  'approve --for': words('once', 'session', 'prefix'),
  'report --format': words('md', 'json'),
  'completion SHELL': words(...SHELLS),
  'config explain KEY': words(...SETTING_KEYS),
  'config schema NAME': { type: 'schemas' },
};

/** Values by the name that stands for them in the help, for every verb. */
export const VALUES_BY_NAME: Readonly<Record<string, Value>> = {
  ID: { type: 'sessions' },
  REQ: { type: 'requests' },
  FILE: { type: 'files' },
  PATH: { type: 'files' },
  DIR: { type: 'directories' },
};
