import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CoxError, failure } from '../../core/errors.ts';
import type { DoctorView } from '../../protocol/doctor-view.ts';
import { plain } from '../../protocol/plain.ts';
import { print, printJson } from '../out.ts';
import { callersPath } from '../parse.ts';
import type { Define } from '../verb.ts';

/** Each check ends by itself after 20 s at most; this is for a machine that does not let it. */
const DEADLINE_MS = 60_000;

type Options = { codex?: string; codexHome?: string; json?: boolean };

export const defineDoctor: Define = (command, { done }) => {
  command
    .option('--codex <PATH>', 'the Codex to look at; else COX_CODEX, PATH, the one beside Coxswain')
    .option('--codex-home <DIR>', "CODEX_HOME; else the caller's")
    .addHelpText('after', '\nIt changes nothing. Exit code 1 where a check failed, 0 with warnings only.')
    .action(async (options: Options) => done(await doctor(options)));
};

/** `cox doctor`: whether this machine, this Coxswain and this Codex are fit for sessions that nobody watches. */
async function doctor(options: Options): Promise<number> {
  const view = await examine({
    codex: options.codex === undefined ? null : callersPath(options.codex),
    codexHome: options.codexHome === undefined ? null : callersPath(options.codexHome),
  });
  if (options.json === true) printJson(view);
  else tell(view);
  return view.ok ? 0 : 1;
}

/** The checks are of another layer: they run as a process. */
async function examine(request: { codex: string | null; codexHome: string | null }): Promise<DoctorView> {
  const entry = fileURLToPath(new URL('../../daemon/doctor/main.js', import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  });
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  process.off('exit', end);
  try {
    return JSON.parse(said) as DoctorView;
  } catch {
    throw new CoxError(
      failure('internal', 'The checks did not come to an end.', { words: complaint.slice(-2_000) }),
    );
  }
}

function tell({ checks }: DoctorView): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, status, summary, remedy } of checks) {
    print(`${status.padEnd(4)}  ${name.padEnd(width)}  ${plain(summary)}`);
    if (remedy !== null) print(`${' '.repeat(width + 8)}${plain(remedy)}`);
  }
  const count = (wanted: string): number => checks.filter(({ status }) => status === wanted).length;
  print(`\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`);
}
