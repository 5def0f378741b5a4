import { readFileSync } from 'node:fs';
import { identitiesWith } from '../test/e2e/processes.ts';
import type { World } from '../test/e2e/world.ts';

/**
 * Memory of every process of a world, in MB (10^6 bytes): its Coxswain's, its Codex's, and all that these started.
 * It is PSS without the pages of files: a page that several of them share counts once; the program text of Node and
 * Codex, which the kernel keeps once for all processes of the machine and may drop, does not count, or whatever else
 * runs on the machine would change the sum.
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
  let rollup: string;
  try {
    rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch {
    return 0;
  }
  // proc_pid_smaps_rollup(5), Linux 5.5 and newer: "Pss_Anon: 1234 kB", where kB is 1024 bytes.
  const parts = [...rollup.matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+) kB$/gm)];
  if (rollup !== '' && parts.length !== 2) throw new Error(`/proc/${pid}/smaps_rollup has no PSS by kind`);
  return parts.reduce((sum, [, kilobytes]) => sum + (Number(kilobytes) * 1024) / 1e6, 0);
}
