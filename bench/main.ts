/**
 * The bench: `npm run bench -- [--quick] [NAME…]`. One table on stdout; what is being done on stderr. Ends with 1
 * where a row is broken, never for a number.
 */
import { parseArgs } from 'node:util';
import { nativeCodex } from './codex.ts';
import { Ends } from './ends.ts';
import { readMachine } from './machine.ts';
import type { Bench, Row } from './row.ts';
import type { Line } from './statistics.ts';
import { table } from './table.ts';

/** Every row by name, in the order of the table. */
const ROWS: Readonly<Record<string, () => Promise<{ row: Row }>>> = {
  ls: () => import('./rows/ls.ts'),
  run: () => import('./rows/run.ts'),
  answer: () => import('./rows/answer.ts'),
  memory: () => import('./rows/memory.ts'),
  events: () => import('./rows/events.ts'),
  release: () => import('./rows/release.ts'),
  store: () => import('./rows/store.ts'),
};

/** Rows that take longer than a look may. */
const NOT_QUICK: readonly string[] = ['release', 'store'];

/** The exit code of a program that ctrl-C ended. */
const INTERRUPTED = 130;

const ends = new Ends();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void interrupted());
// What a row that breaks or is interrupted still had under way.
process.on('unhandledRejection', (error) => {
  if (!isInterrupted) console.error(error);
});
process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !(name in ROWS));
  if (unknown !== undefined) {
    console.error(`There is no row ${unknown}; there are ${Object.keys(ROWS).join(', ')}.`);
    return 2;
  }
  const machine = readMachine(await nativeCodex(), new Date());
  const lines: Line[] = [];
  let broken = 0;
  for (const [name, load] of Object.entries(ROWS)) {
    const isAsked =
      positionals.length > 0 ? positionals.includes(name) : !values.quick || !NOT_QUICK.includes(name);
    if (!isAsked) continue;
    const begun = performance.now();
    const say = (text: string): void => {
      if (!isInterrupted) console.error(`${name}: ${text}`);
    };
    const bench: Bench = {
      quick: values.quick,
      say,
      isInterrupted: () => isInterrupted,
      onEnd: (undo) => ends.add(undo),
    };
    try {
      const { row } = await load();
      lines.push(...(await row(bench)));
    } catch (error) {
      broken += 1;
      say(`broken: ${error instanceof Error ? error.stack : String(error)}`);
    }
    await ends.run().catch((error: unknown) => {
      broken += 1;
      say(`not cleaned up: ${String(error)}`);
    });
    if (isInterrupted) return INTERRUPTED;
    say(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  const head = values.quick ? [...machine.lines, 'quick: few repetitions'] : machine.lines;
  console.log(`${head.join('\n')}\n\n${table(lines, machine.isBusy)}`);
  return broken === 0 ? 0 : 1;
}

/** Nothing stays behind; what was measured so far is worth nothing. */
async function interrupted(): Promise<void> {
  if (isInterrupted) return;
  isInterrupted = true;
  console.error('interrupted: cleaning up');
  await ends.run().catch((error: unknown) => console.error(String(error)));
  process.exit(INTERRUPTED);
}
