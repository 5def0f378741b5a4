import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DAEMON_FLAGS } from '../src/client/start-daemon.ts';
import type { World } from '../test/e2e/world.ts';
import type { LoopDelay } from './loop-delay.ts';

const DAEMON = fileURLToPath(new URL('../dist/daemon/main.js', import.meta.url));
const PROBE = new URL('./loop-delay.ts', import.meta.url).href;

/** A world's daemon, started by hand with a probe in it. It ends with its world. */
export class ProbedDaemon {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves once the daemon listens; rejects where it does not. */
  static async start(world: World): Promise<ProbedDaemon> {
    const child = spawn(process.execPath, [...DAEMON_FLAGS, '--import', PROBE, DAEMON], {
      cwd: '/',
      env: { ...world.env },
      detached: true,
      // 3 is where a daemon says that it listens.
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'ipc'],
    });
    const ready = child.stdio[3];
    if (ready === null || ready === undefined)
      throw new Error('the daemon has no descriptor to say that it listens');
    const [said] = (await once(ready, 'data')) as [Buffer];
    if (!String(said).includes('"ready":true'))
      throw new Error(`the daemon does not listen: ${String(said)}`);
    child.unref();
    child.channel?.unref();
    return new ProbedDaemon(child);
  }

  /** How late its event loop was since this was last asked. */
  async loopDelay(): Promise<LoopDelay> {
    const answer = once(this.#child, 'message');
    this.#child.send('delay');
    return ((await answer) as [LoopDelay])[0];
  }
}
