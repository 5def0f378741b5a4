import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Places, placesOf } from '../../client/places.ts';
import { type CodexBinary, findCodex } from '../../codex/launch/binary.ts';
import { type Launch, planLaunch } from '../../codex/launch/launch.ts';
import { ScratchHomes } from '../../codex/probe/scratch.ts';
import { type Answer, asksForLogin, type Trial, takesConfiguration } from '../../codex/probe/try.ts';
import { CoxError } from '../../core/errors.ts';
import { loadSettings } from '../config.ts';
import { NotTried } from './check.ts';
import { inspectState, type StateInspection } from './inspection.ts';

/** What `cox doctor` was asked: `--codex` and `--codex-home`, absolute. */
export type DoctorRequest = { codex: string | null; codexHome: string | null };

/** One command of Codex; the longest that was measured takes 0.2 s. */
const TRIAL_DEADLINE_MS = 8_000;

/** What checks share: each question is asked once. */
export type Context = {
  environment: Readonly<Record<string, string>>;
  places: Places;
  signal: AbortSignal;
  /** CODEX_HOME as it was named, whether it is there or not. */
  codexHome: string;
  /** @throws CoxError where there is none that can be used */
  codex(): Promise<CodexBinary>;
  /** What a session would be launched with. @throws CoxError where CODEX_HOME cannot be used */
  launch(): Promise<Launch>;
  /** @throws NotTried where Codex cannot be tried */
  takesConfiguration(): Promise<Answer<null>>;
  asksForLogin(): Promise<Answer<{ requiresLogin: boolean }>>;
  /** To try Codex with a configuration that it takes. @throws NotTried */
  trial(): Promise<Trial>;
  /** Versions that other places have: finds the Codex at a path. @throws CoxError */
  codexAt(path: string): Promise<CodexBinary>;
  state(): Promise<StateInspection>;
  /** Removes what was made to try things. */
  close(): Promise<void>;
};

export function openContext(
  request: DoctorRequest,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Context {
  const cwd = process.cwd();
  const places = placesOf(environment);
  const named = request.codexHome ?? environment.CODEX_HOME;
  const codexHome = resolve(cwd, named ?? join(environment.HOME ?? homedir(), '.codex'));
  let opened: ScratchHomes | null = null;

  const homes = once(async () => {
    try {
      opened = new ScratchHomes(codexHome);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new NotTried(words, 'Make the temporary directory writable, or set TMPDIR to one that is.');
    }
    return opened;
  });
  const codexAt = async (flag: string | null): Promise<CodexBinary> => {
    // One that is asked for its version writes into its home.
    const { variables } = await (await homes()).make();
    return findCodex({ flag, environment: { ...environment, ...variables }, cwd });
  };
  const codex = once(() => codexAt(request.codex));
  const launch = once(async () =>
    planLaunch({
      // A home is right or wrong whatever runs in it.
      binary: await codex().catch(() => NO_BINARY),
      codexHome: request.codexHome,
      environment,
      passed: passedVariables(places, environment),
      extra: {},
      overrides: [],
      umask: process.umask(),
      cwd,
    }),
  );
  const plainTrial = once(async (): Promise<Trial> => {
    const binary = await needed(codex(), 'there is no Codex that can be used', 'codex');
    const { environment: passed } = await needed(launch(), 'CODEX_HOME cannot be used', 'codex-home');
    return {
      binary,
      homes: await homes(),
      environment: passed,
      deadlineMs: TRIAL_DEADLINE_MS,
      signal,
    };
  });
  const takesIt = once(async () => takesConfiguration(await plainTrial()));
  const trial = once(async () => {
    const taken = await takesIt();
    const remedy = 'See the check codex-config.';
    if (taken.type === 'no') throw new NotTried('Codex does not take its configuration', remedy);
    if (taken.type === 'unknown')
      throw new NotTried('Codex does not say whether it takes its configuration', remedy);
    return plainTrial();
  });
  return {
    environment,
    places,
    signal,
    codexHome,
    codex,
    launch,
    takesConfiguration: takesIt,
    asksForLogin: once(async () => asksForLogin(await trial())),
    trial,
    codexAt,
    state: once(() => inspectState(places.database, environment, signal)),
    close: async () => opened?.remove(),
  };
}

const NO_BINARY: CodexBinary = { path: '', version: '', file: '' };

/** A settings file that is not in order is the check `settings` to report. */
function passedVariables(places: Places, environment: Readonly<Record<string, string>>): string[] {
  try {
    return loadSettings(places, environment).passedVariables;
  } catch {
    return [];
  }
}

/** What another check refuses is for that check to tell. */
async function needed<Result>(asked: Promise<Result>, why: string, check: string): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof CoxError ? new NotTried(why, `See the check ${check}.`) : error;
  }
}

/** Asked again, it answers as the first time. */
function once<Result>(ask: () => Promise<Result>): () => Promise<Result> {
  let asked: Promise<Result> | null = null;
  return () => {
    asked ??= ask();
    return asked;
  };
}
