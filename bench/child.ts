import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from './row.ts';

/** Has a process killed when the row ends, where it still runs then. */
export function endWith(bench: Bench, child: ChildProcess): void {
  bench.onEnd(() => kill(child));
}

/** Resolves once the process is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Starts a program of this folder on this Node; its stdout is to be read. It ends with the row at the latest. */
export function startProgram(
  bench: Bench,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const file = fileURLToPath(new URL(`./${name}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWith(bench, child);
  return child;
}
