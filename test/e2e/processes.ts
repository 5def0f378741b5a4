import { readFileSync } from 'node:fs';
import { findByEnvironment } from '../../src/machine/environment-scan.ts';
import { isAlive, type ProcessIdentity } from '../../src/machine/identity.ts';

/** Live processes with this entry in their environment, as `PID COMMAND LINE`. */
export function processesWith(name: string, value: string): string[] {
  return identitiesWith(name, value).flatMap((identity) => {
    const line = commandLine(identity.pid);
    return isAlive(identity) ? [`${identity.pid} ${line}`] : [];
  });
}

export function identitiesWith(name: string, value: string): readonly ProcessIdentity[] {
  return findByEnvironment([{ name, value }]).found;
}

/** Commands that Codex runs for a thread, with all their descendants that kept their environment. */
export function processesOfThread(thread: string): string[] {
  return processesWith('CODEX_THREAD_ID', thread);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '(gone)';
  }
}
