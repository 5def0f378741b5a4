import { execFileSync, spawnSync } from 'node:child_process';
import { vi } from 'vitest';
import { PATIENCE_MS } from './world.ts';

/** Whether a real terminal multiplexer is there to look through. */
export const HAS_TMUX = spawnSync('tmux', ['-V']).status === 0;

/** A command in a real terminal of 120 by 40, with a tmux server of its own. */
export class Terminal {
  readonly #socket: string;

  constructor(
    socket: string,
    command: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.#socket = socket;
    const variables = Object.entries({ ...env, TERM: 'xterm-256color', LANG: 'C.UTF-8' });
    // What it printed last stays to be looked at.
    this.#tmux('new-session', '-d', '-x', '120', '-y', '40', '-c', cwd, 'cat');
    this.#tmux('set-option', '-g', 'remain-on-exit', 'on');
    const argv = ['env', '-i', ...variables.map(([name, value]) => `${name}=${value}`), ...command];
    this.#tmux('respawn-pane', '-k', '-c', cwd, argv.map(quoted).join(' '));
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** Resolves once the screen shows it. */
  shows(text: string | RegExp): Promise<string> {
    return vi.waitFor(
      () => {
        const screen = this.screen();
        if (!(typeof text === 'string' ? screen.includes(text) : text.test(screen)))
          throw new Error(`${text} is not on the screen:\n${screen}`);
        return screen;
      },
      { timeout: PATIENCE_MS, interval: 50 },
    );
  }

  keys(...names: string[]): void {
    this.#tmux('send-keys', ...names);
  }

  /** Resolves once the command has ended. */
  async ended(): Promise<void> {
    await vi.waitFor(
      () => {
        if (this.#tmux('display-message', '-p', '#{pane_dead}').trim() !== '1') throw new Error('it runs');
      },
      { timeout: PATIENCE_MS, interval: 50 },
    );
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
