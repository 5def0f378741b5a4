import type { Argument, Command, Option } from 'commander';
import { VALUES, VALUES_BY_NAME, type Value } from './values.ts';

/** One thing that may stand there, and what it is. */
export type Candidate = { value: string; about: string };

/** What may stand at the end of a command line. `before` is what of the word stays as it is: `--phase=`, `done,`. */
export type Wanted =
  | { type: 'candidates'; candidates: Candidate[] }
  | { type: 'value'; value: Value; before: string };

const NOTHING: Wanted = { type: 'candidates', candidates: [] };

/**
 * What may stand for the last word of a verb's command line. `words` are those after the verb; the last is the
 * one that is being written, maybe empty.
 */
export function wantedAt(verb: Command, words: readonly string[]): Wanted {
  const current = words.at(-1) ?? '';
  let command = verb;
  let place = verb.name();
  let positionals = 0;
  let pending: Option | null = null;
  for (const word of words.slice(0, -1)) {
    if (word === '--') return NOTHING;
    if (pending !== null && !(pending.optional && word.startsWith('-'))) {
      pending = null;
      continue;
    }
    pending = null;
    const inner = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (word.startsWith('-') && word !== '-') {
      const option = optionsOf(command, verb).find(({ long, short }) => word === long || word === short);
      if (option?.required || option?.optional) pending = option;
    } else if (inner !== undefined && positionals === 0) {
      command = inner;
      place = `${place} ${inner.name()}`;
    } else positionals += 1;
  }
  if (pending?.required) return wantedValue(pending, place, '', current);
  const [, name, rest] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined) {
    const option = optionsOf(command, verb).find(({ long }) => long === name);
    return option === undefined ? NOTHING : wantedValue(option, place, `${name}=`, rest ?? '');
  }
  if (current.startsWith('-')) return flags(command, verb);
  if (command.commands.length > 0 && positionals === 0)
    return candidates(command.commands.map((one) => ({ value: one.name(), about: one.description() })));
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[positionals] ?? (last?.variadic ? last : undefined);
  return argument === undefined ? NOTHING : wantedValue(argument, place, '', current);
}

function candidates(found: Candidate[]): Wanted {
  return { type: 'candidates', candidates: found };
}

/** A subcommand takes the flags of its verb, too: `--json`. */
function optionsOf(command: Command, verb: Command): readonly Option[] {
  return command === verb ? command.options : [...command.options, ...verb.options];
}

function flags(command: Command, verb: Command): Wanted {
  const known = optionsOf(command, verb).filter((option) => !option.hidden);
  const found = known.map(({ long, short, description }) => ({
    value: long ?? short ?? '',
    about: description,
  }));
  const unique = found.filter(({ value }, index) => found.findIndex((one) => one.value === value) === index);
  return candidates([...unique, { value: '--help', about: 'the help of this command' }]);
}

/** The value of a flag or an argument: `before` what of the word is the flag, `current` what is written of the value. */
function wantedValue(of: Option | Argument, place: string, before: string, current: string): Wanted {
  const choices = of.argChoices;
  const value =
    choices === undefined
      ? (VALUES[`${place} ${nameOf(of)}`] ?? VALUES_BY_NAME[placeholderOf(of)])
      : ({ type: 'words', words: choices, list: false } as const);
  if (value === undefined) return NOTHING;
  const isList = value.type === 'words' && value.list;
  return {
    type: 'value',
    value,
    before: before + (isList ? current.slice(0, current.lastIndexOf(',') + 1) : ''),
  };
}

function nameOf(of: Option | Argument): string {
  return 'long' in of ? (of.long ?? of.short ?? '') : of.name();
}

/** The name that stands for the value in the help: `DIR` of `-C, --cd <DIR>`. */
function placeholderOf(of: Option | Argument): string {
  if (!('flags' in of)) return of.name();
  return /[<[]([^>\].]+)/.exec(of.flags)?.[1] ?? '';
}
