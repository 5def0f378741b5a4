import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What a table was measured on. */
export type Machine = { lines: readonly string[]; isBusy: boolean };

/** A load average of the last minute above this share of the cores: something else is at work. */
const BUSY_SHARE = 0.5;

/** Reads the machine as it is now. `codex`: the native Codex executable that is measured. */
export function readMachine(codex: string, now: Date): Machine {
  const cores = cpus();
  const [load = 0] = loadavg();
  return {
    lines: [
      `${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      `${cores.length} cores of ${cpuModel() ?? cores[0]?.model ?? 'an unknown processor'}, ${gigabytes(totalmem())} GB RAM, ${type()} ${release()} ${arch()}`,
      `Node ${process.versions.node}, ${execFileSync(codex, ['--version'], { encoding: 'utf8' }).trim()}`,
      `load average at the start ${load.toFixed(2)}`,
    ],
    isBusy: load > BUSY_SHARE * cores.length,
  };
}

/** As Linux has it; `os.cpus()` knows no model on some processors. */
function cpuModel(): string | null {
  try {
    return /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim() ?? null;
  } catch {
    return null;
  }
}

function gigabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}
