import { spawn } from '@lydell/node-pty';
import { CoxError, failure } from '../core/errors.ts';
import type { AttachView } from '../protocol/diff-view.ts';

/** ctrl-\, which no dialog of Codex listens to; `d` after it leaves, a second one is passed on. */
const PREFIX = 0x1c;
const PREFIX_CHARACTER = '\u001c';
const LEAVE = 'd'.charCodeAt(0);

/**
 * ctrl-\ as terminals write it once a program has asked for unambiguous keys: kitty's protocol, which Codex 0.169
 * switches on, and xterm's modifyOtherKeys. A key that is let go (event 3) is a sequence of its own.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: every key sequence begins with ESC
const KITTY_KEY = /\u001b\[(\d+)(?::\d*)*;(\d+)(?::(\d))?u/g;
const XTERM_PREFIX = '\u001b[27;5;92~';
const BACKSLASH = 92;
/** Of kitty's modifiers, which count from 1: ctrl; and the locks, which say nothing. */
const CTRL = 4;
const LOCKS = 64 | 128;
const RELEASED = '3';

/**
 * What a program in full screen may have switched on, switched off: it is gone before it could do so. Alternate
 * screen, cursor, bracketed paste, mouse, focus, kitty keys, colours.
 */
const RESET =
  '\u001b[?1049l\u001b[?25h\u001b[?2004l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?1004l\u001b[<u\u001b[0m\r\n';

/** How long it may take to go, milliseconds. */
const GONE_MS = 2_000;

/** How it was left: by our keys, or because the command ended with a code. */
export type Left = { by: 'keys' } | { by: 'end'; code: number };

/**
 * Runs a command in a terminal of its own, shown in ours, until it ends or `ctrl-\ d` is typed: then it is ended by a
 * hang-up, as a closed window does, and is typed nothing. Only where stdin and stdout are a terminal.
 *
 * @throws CoxError `codex-unreachable` where the command cannot be run.
 */
export async function joinedTerminal({ command, cwd, environment }: AttachView): Promise<Left> {
  const { stdin, stdout } = process;
  const [file = '', ...args] = command;
  const terminal = (() => {
    try {
      return spawn(file, args, {
        cwd,
        env: { ...process.env, ...environment },
        name: process.env.TERM ?? 'xterm-256color',
        cols: stdout.columns,
        rows: stdout.rows,
        encoding: null,
      });
    } catch (error) {
      throw new CoxError(failure('codex-unreachable', `Codex cannot be run: ${(error as Error).message}.`));
    }
  })();
  const shown = terminal.onData((data) => stdout.write(data));
  const resize = (): void => terminal.resize(stdout.columns, stdout.rows);
  let left = false;
  const typed = new Typed(
    (bytes) => terminal.write(bytes),
    () => {
      left = true;
      terminal.kill('SIGHUP');
      // One that does not go by itself is made to: our terminal is wanted back.
      setTimeout(() => terminal.kill('SIGKILL'), GONE_MS).unref();
    },
  );
  const onTyped = (data: Buffer): void => typed.take(data);
  stdin.setRawMode(true);
  stdin.on('data', onTyped);
  stdout.on('resize', resize);
  try {
    return await new Promise<Left>((resolve) => {
      terminal.onExit(({ exitCode, signal }) => {
        if (left) resolve({ by: 'keys' });
        else resolve({ by: 'end', code: signal ? 128 + signal : exitCode });
      });
    });
  } finally {
    shown.dispose();
    stdout.off('resize', resize);
    stdin.off('data', onTyped);
    stdin.setRawMode(false);
    stdin.pause();
    if (left) stdout.write(RESET);
  }
}

/** What is typed, on its way: all of it is passed on but the keys that leave. */
export class Typed {
  readonly #pass: (bytes: Buffer) => void;
  readonly #leave: () => void;
  #afterPrefix = false;
  #left = false;

  constructor(pass: (bytes: Buffer) => void, leave: () => void) {
    this.#pass = pass;
    this.#leave = leave;
  }

  take(data: Buffer): void {
    const passed: number[] = [];
    for (const byte of asBytes(data)) {
      if (this.#left) break;
      if (!this.#afterPrefix) {
        if (byte === PREFIX) this.#afterPrefix = true;
        else passed.push(byte);
        continue;
      }
      this.#afterPrefix = false;
      if (byte === LEAVE) this.#left = true;
      // A prefix that was followed by anything else was meant for Codex.
      else if (byte === PREFIX) passed.push(PREFIX);
      else passed.push(PREFIX, byte);
    }
    if (passed.length > 0) this.#pass(Buffer.from(passed));
    if (this.#left) this.#leave();
  }
}

/** Bytes as they are typed, with the prefix as one byte however the terminal writes it. */
function asBytes(data: Buffer): Buffer {
  const text = data.toString('latin1');
  if (!text.includes('\u001b[')) return data;
  const pressed = text
    .replaceAll(XTERM_PREFIX, PREFIX_CHARACTER)
    .replaceAll(KITTY_KEY, (sequence, key: string, modifiers: string, event: string | undefined) => {
      const isPrefix = Number(key) === BACKSLASH && ((Number(modifiers) - 1) & ~LOCKS) === CTRL;
      if (isPrefix) return event === RELEASED ? '' : PREFIX_CHARACTER;
      return sequence;
    });
  return Buffer.from(pressed, 'latin1');
}
