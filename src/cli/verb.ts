import type { Command } from 'commander';

/** What the call of a verb comes with, and where its exit code goes. */
export type Call = {
  /** What stood after `--`. */
  rest: string[];
  done(exitCode: number): void;
};

/** Gives a verb its flags and its action. Lives in the verb's own module, which is loaded when it is called. */
export type Define = (command: Command, call: Call) => void;

export type VerbGroup = 'Sessions' | 'Requests' | 'Results' | 'Coxswain';

/** A verb as `cox --help` lists it. */
export type VerbEntry = {
  /** Name and arguments, as commander reads them: `logs <ID>`. */
  usage: string;
  alias?: string;
  about: string;
  /** One command line, run by a test. */
  example: string;
  group: VerbGroup;
  /** Whether arguments after `--` are its own. */
  takesRest?: boolean;
  /** False for verbs that are for people only: they print no document. */
  json?: false;
  load(): Promise<Define>;
};

/** For a flag that may be given again: the values so far and one more. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
