import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { PATIENCE_MS, type World } from './world.ts';

const BIN = fileURLToPath(new URL('../../bin/cox', import.meta.url));

/** A `cox` that goes on by itself: what it prints can be waited for, and it can be told to end. */
export class LiveCommand {
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  /** The exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(world: World, args: readonly string[]) {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: world.work,
      env: { ...world.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const watcher of this.#watchers) watcher();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Whole lines of its output so far. */
  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** Resolves once its output has this; rejects where it ends or takes too long without. */
  async shows(wanted: string | RegExp): Promise<void> {
    const isThere = (): boolean =>
      typeof wanted === 'string' ? this.stdout.includes(wanted) : wanted.test(this.stdout);
    const missing = (why: string): Error =>
      new Error(`${why} without ${wanted}; stdout: ${this.stdout}; stderr: ${this.stderr}`);
    if (isThere()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(missing('too long')), PATIENCE_MS);
      const look = (): void => {
        if (!isThere()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      void this.ended.then((code) => reject(missing(`it ended with ${code}`)));
    });
  }

  /** Resolves once it has a connection, to the daemon: a socket beside its stdout and stderr. */
  async connects(): Promise<void> {
    const folder = `/proc/${this.#child.pid}/fd`;
    const isSocket = (fd: string): boolean => readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    const look = (): void => expect(readdirSync(folder).filter(isSocket).length).toBeGreaterThan(2);
    await vi.waitFor(look, { timeout: PATIENCE_MS, interval: 20 });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it by a signal; the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal);
    return this.ended;
  }
}
