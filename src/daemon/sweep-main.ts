import { readFileSync } from 'node:fs';
import { placesOf } from '../client/places.ts';
import { endStrays } from '../codex/app-server/server.ts';
import { CoxError, failure } from '../core/errors.ts';
import { errorView, type SweptView } from '../protocol/view.ts';

/**
 * Ends every process that carries the mark of the state directory, without a daemon and without its database: for
 * when neither can be had. Prints one JSON document. The next daemon finds out what that did to the sessions.
 */
try {
  const { ended, survivors } = await endStrays(ownerOf(placesOf(process.env).ownerMark), []);
  const view: SweptView = {
    schemaVersion: 1,
    ok: true,
    ended: ended.map(({ pid }) => `pid ${pid}`),
    survivors: survivors.map(({ identity, command }) => `pid ${identity.pid}: ${command}`),
  };
  process.stdout.write(`${JSON.stringify(view)}\n`);
} catch (error) {
  const what =
    error instanceof CoxError
      ? error.failure
      : failure('internal', `The sweep failed: ${error instanceof Error ? error.message : String(error)}`);
  process.stdout.write(`${JSON.stringify(errorView(what))}\n`);
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    const message = `Nothing has been started from this state directory: ${file} is not there.`;
    throw new CoxError(failure('not-found', message, { file }, 'Check COX_HOME.'));
  }
}
