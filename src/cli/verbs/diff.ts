import { plain } from '../../protocol/plain.ts';
import { daemonClient } from '../daemon-client.ts';
import { printJson, say, write } from '../out.ts';
import type { Define } from '../verb.ts';

export const defineDiff: Define = (command, { done }) => {
  command.action(async (target: string, options: { json?: boolean }) => done(await diff(target, options)));
};

/** `cox diff`: what the session changed, as a patch, measured from git without touching the repository. */
async function diff(target: string, options: { json?: boolean }): Promise<number> {
  const made = await (await daemonClient()).diff(target);
  if (options.json === true) printJson(made);
  else if (made.patch === '') say('Nothing has changed.');
  // A file keeps its bytes; a terminal gets no sequence that a session wrote.
  else write(process.stdout.isTTY ? plain(made.patch) : made.patch);
  return 0;
}
