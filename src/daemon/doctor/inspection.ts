import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../codex/probe/run.ts';
import type { Inspection } from '../../store/inspect.ts';

/** What a look at the state database found; `unknown` where it could not be finished. */
export type StateInspection =
  | { type: 'none' }
  | { type: 'looked'; found: Inspection }
  | { type: 'refused'; words: string }
  | { type: 'unknown'; words: string };

/** SQLite reads about 1 GB a second from a disk that has it at hand. */
const DEADLINE_MS = 15_000;

/** Looks at the state database in a process of its own: SQLite does not return before it is done. */
export async function inspectState(
  file: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<StateInspection> {
  if (!existsSync(file)) return { type: 'none' };
  const entry = fileURLToPath(new URL('./inspect-main.js', import.meta.url));
  const options = { environment, cwd: '/', deadlineMs: DEADLINE_MS, signal };
  const ran = await runProgram(process.execPath, [entry, file], options);
  if (ran.timedOut) return { type: 'unknown', words: `it took longer than ${DEADLINE_MS / 1_000} s` };
  if (ran.code !== 0) return { type: 'refused', words: ran.stdout.trim() || ran.stderr.trim() };
  return { type: 'looked', found: JSON.parse(ran.stdout) as Inspection };
}
