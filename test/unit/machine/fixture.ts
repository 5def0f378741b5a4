import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { ProcessIdentity } from '../../../src/machine/identity.ts';
import { identify } from '../../../src/machine/identity.ts';
import { ownerEnvironment } from '../../../src/machine/owner-mark.ts';

export interface Fixture {
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
  /** The next line of its output; rejects when the output ends first. */
  line(): Promise<string>;
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/processes/${name}`, import.meta.url));
}

export interface FixtureOptions {
  /** Marks the process and its children as owned by this id. */
  readonly owner?: string;
  readonly env?: Record<string, string>;
  /** A session of its own. */
  readonly detached?: boolean;
}

const started: ChildProcess[] = [];

/** Ends what a test has left, by the handles of the processes it started. */
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

export function freshOwner(): string {
  return `test-${randomUUID()}`;
}

export function startCommand(file: string, args: readonly string[], options: FixtureOptions = {}): Fixture {
  const mark = options.owner === undefined ? {} : ownerEnvironment({ owner: options.owner });
  const child = spawn(file, [...args], {
    env: { PATH: process.env.PATH ?? '', ...mark, ...options.env },
    detached: options.detached ?? false,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const identity = child.pid === undefined ? null : identify(child.pid);
  if (identity === null) throw new Error(`not started: ${file}`);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    identity,
    child,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`no more output from ${args.join(' ')}`);
      return next.value;
    },
  };
}

/** Starts a program of test/fixtures/processes with this Node. */
export function startFixture(
  name: string,
  args: readonly string[] = [],
  options: FixtureOptions = {},
): Fixture {
  return startCommand(process.execPath, [fixturePath(name), ...args], options);
}
