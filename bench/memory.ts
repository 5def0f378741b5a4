import { readFileSync } from 'node:fs';
import { identitiesWith } from '../test/e2e/processes.ts';
import type { World } from '../test/e2e/world.ts';

/**
 * PSS of every process of a world, in MB (10^6 bytes): its Coxswain's, its Codex's, and all that these started.
 * PSS counts a page that several processes share in parts, so that the sum counts it once.
 */
export function memoryOf(world: World): number {
  const owned = [
    ...identitiesWith('COX_HOME', world.coxHome),
    ...identitiesWith('CODEX_HOME', world.codexHome),
  ];
  const pids = new Set(owned.map(({ pid }) => pid));
  return [...pids].reduce((sum, pid) => sum + pssOf(pid), 0);
}

/** 0 for a process that has ended meanwhile. */
function pssOf(pid: number): number {
  try {
    // proc_pid_smaps_rollup(5): "Pss: 1234 kB", where kB is 1024 bytes.
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return (Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}
