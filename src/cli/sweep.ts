import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CoxError, failure } from '../core/errors.ts';
import type { ErrorView, SweptView } from '../protocol/view.ts';
import { print, printJson, say } from './out.ts';

/** A polite signal, a final one, and the proof take 12 s at most. */
const DEADLINE_MS = 60_000;

/**
 * Ends everything of this state directory although no daemon can be had. The daemon's layer does it, as a process.
 *
 * @throws CoxError `survivors` where something still runs, and what the sweep itself could not do.
 */
export async function sweep(because: CoxError, json: boolean): Promise<number> {
  say(
    `No daemon can be had (${because.failure.message}) Everything that it has started is ended by its mark.`,
  );
  const entry = fileURLToPath(new URL('../daemon/sweep-main.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [entry], { timeout: DEADLINE_MS });
  const swept = JSON.parse(stdout) as SweptView | ErrorView;
  if (!swept.ok) throw new CoxError(swept.error);
  if (swept.survivors.length > 0) {
    const message = `These still run: ${swept.survivors.join(', ')}.`;
    throw new CoxError(failure('survivors', message, { survivors: swept.survivors }));
  }
  if (json) printJson(swept);
  else print(swept.ended.length === 0 ? 'nothing was running' : `ended\n  ${swept.ended.join('\n  ')}`);
  return 0;
}
