import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/cox', import.meta.url));

export type Spawned = { ms: number; stdout: string };

/** How a Node program is run: with exactly this environment, there. */
export type Where = { env: Readonly<Record<string, string>>; cwd: string };

/** `cox` on this Node; see `timeNode`. */
export function timeCox(args: readonly string[], where: Where): Promise<Spawned> {
  return timeNode([BIN, ...args], where);
}

/** What every start of a Node program costs: the baseline of the command line. */
export function timeBareNode(where: Where): Promise<Spawned> {
  return timeNode(['-e', '0'], where);
}

/** Milliseconds from just before the start of a Node program to its exit. Rejects where it does not succeed. */
function timeNode(args: readonly string[], where: Where): Promise<Spawned> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, [...args], {
      cwd: where.cwd,
      env: { ...where.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let ms = 0;
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += String(chunk);
    });
    child.once('error', reject);
    child.once('exit', () => {
      ms = performance.now() - begun;
    });
    child.once('close', (code) => {
      if (code === 0) resolve({ ms, stdout });
      else reject(new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`));
    });
  });
}

/**
 * Runs these one after the other, round after round, so that whatever the machine does meets all of them alike.
 * One more round comes first and is not counted. Returns the milliseconds of each; none of one that is null.
 */
export async function interleaved<Name extends string>(
  rounds: number,
  works: Readonly<Record<Name, (() => Promise<Spawned>) | null>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const ran = await works[name]?.();
      if (ran !== undefined && round > 0) samples[name].push(ran.ms);
    }
  }
  return samples;
}
