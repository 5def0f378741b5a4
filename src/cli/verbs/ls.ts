import { PHASES } from '../../core/session/status.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import { oneOf, pairs } from '../parse.ts';
import { collect, type Define } from '../verb.ts';
import { sessionLine } from '../words.ts';

const NONE = 'No sessions. Start one: cox run "fix the failing test"';

type ListOptions = {
  all?: boolean;
  phase?: string;
  label?: string[];
  quiet?: boolean;
  json?: boolean;
};

export const defineLs: Define = (command, { done }) => {
  command
    .option('-a, --all', 'also ended ones that you have seen')
    .option('--phase <PHASE>', 'only this phase')
    .option('--label <K=V>', 'only with this label; may be given again', collect)
    .option('-q, --quiet', 'ids only')
    .action(async (options: ListOptions) => done(await ls(options)));
};

/** `cox ls`: sessions, those that need you first; ended ones that you have seen only with `-a`. */
export async function ls(options: ListOptions): Promise<number> {
  const phase = options.phase === undefined ? null : oneOf(options.phase, PHASES, '--phase');
  const labels = Object.entries(pairs(options.label ?? [], '--label'));
  const client = await daemonClient();
  const list = await client.sessions(options.all === true || phase !== null);
  const items = list.items.filter(
    (view) =>
      (phase === null || view.phase === phase) && labels.every(([key, value]) => view.labels[key] === value),
  );
  if (options.json === true) printJson({ ...list, items });
  else if (options.quiet === true) for (const { id } of items) print(id);
  else if (items.length === 0)
    say(options.all === true ? NONE : 'Nothing is open or unseen; ended sessions: cox ls -a');
  else for (const view of items) print(sessionLine(view, Date.now()));
  return 0;
}
