import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/cox', import.meta.url));

/** Far longer than any command takes: what passes it hangs. */
const HANGS_MS = 120_000;

/** The uid of nobody. */
export const NOBODY = 65_534;

/**
 * Whether commands can be run as another user: we are root, and others can get at this repository, this Node and
 * the temporary directory.
 */
export const CAN_BE_NOBODY =
  process.getuid?.() === 0 && [BIN, process.execPath, tmpdir()].every((path) => othersCanReach(path));

function othersCanReach(path: string): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

export type CommandOptions = {
  env: Readonly<Record<string, string>>;
  cwd: string;
  stdin?: string;
  /** Runs it as another user; only root can. */
  uid?: number;
};

/** What a command said and how it ended. */
export type Ran = {
  code: number | null;
  stdout: string;
  stderr: string;
  /** From the start of the process to its end. */
  ms: number;
  /** The one JSON document of stdout; throws where stdout is anything else. */
  json(): unknown;
};

/** Runs `cox` on the Node that runs the tests, with exactly this environment. */
export function runCox(args: readonly string[], options: CommandOptions): Promise<Ran> {
  return runNode([BIN, ...args], options);
}

/** Runs a Node program to its end. Rejects where it cannot be started or hangs. */
export function runNode(args: readonly string[], options: CommandOptions): Promise<Ran> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A command that does not read its stdin may be gone before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')} hangs; stdout: ${stdout}; stderr: ${stderr}`));
    }, HANGS_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      const json = (): unknown => oneDocument(stdout, stderr);
      resolve({ code, stdout, stderr, ms: performance.now() - begun, json });
    });
  });
}

function oneDocument(stdout: string, stderr: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`stdout is not one JSON document: ${stdout}; stderr: ${stderr}`, { cause: error });
  }
}
