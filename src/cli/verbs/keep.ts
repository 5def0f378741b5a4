import type { Client } from '../../client/client.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import type { Define } from '../verb.ts';

export const defineArchive: Define = (command, { done }) => {
  command.action(async (targets: string[], options: { json?: boolean }) =>
    done(await each(targets, options, 'archived', (client, id) => client.archive(id))),
  );
};

export const defineRm: Define = (command, { done }) => {
  command.action(async (targets: string[], options: { json?: boolean }) =>
    done(await each(targets, options, 'removed', (client, id) => client.remove(id))),
  );
};

/** Does the same to each of several sessions, one after another; the first refusal ends it. */
async function each(
  targets: readonly string[],
  options: { json?: boolean },
  word: string,
  act: (client: Client, id: string) => Promise<unknown>,
): Promise<number> {
  const client = await daemonClient();
  // All of them are there before anything is done to one.
  const views = await Promise.all(targets.map((target) => client.session(target, false)));
  const done: unknown[] = [];
  for (const id of new Set(views.map((view) => view.id))) {
    done.push(await act(client, id));
    if (options.json !== true) print(`${id} ${word}`);
  }
  if (options.json === true) printJson(done.length === 1 ? done[0] : { schemaVersion: 1, items: done });
  return 0;
}
