import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AppServerDriver } from '../codex/drivers/app-server.ts';
import type { Launch } from '../codex/launch/launch.ts';
import { CoxError, failure } from '../core/errors.ts';
import type { Session } from '../core/session/session.ts';
import { ensurePrivateDirectory } from '../machine/private-directory.ts';
import type { AttachView } from '../protocol/diff-view.ts';
import { launchOf } from '../store/launches.ts';
import type { Store } from '../store/store.ts';
import type { Loop } from './loop.ts';

/**
 * How to join a session's thread with Codex's own terminal interface. From here on a turn that is begun there is
 * taken for the user's own.
 *
 * @throws CoxError `conflict` where there is no thread yet, `codex-unreachable` where Codex does not serve it.
 */
export async function attachTo(
  store: Store,
  loop: Loop,
  driver: AppServerDriver,
  session: Session,
  homeDirectory: string,
): Promise<AttachView> {
  const { spec, run } = session;
  const launch = launchOf<Launch>(store, spec.identity);
  if (run.thread === null || launch === null) {
    const message = `The session ${spec.id} has no thread to join.`;
    throw new CoxError(failure('conflict', message, {}, `See cox show ${spec.id}; try again in a moment.`));
  }
  const { socket, upgrades } = await driver.join(session, run.thread).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CoxError(failure('codex-unreachable', `The thread cannot be joined: ${why}.`));
  });
  loop.submit(spec.id, { type: 'command', command: { type: 'attach' } });
  return {
    schemaVersion: 1,
    session: spec.id,
    thread: run.thread,
    command: [
      launch.binary.path,
      'resume',
      run.thread,
      '--remote',
      `unix://${socket}`,
      // What it would ask at its start changes things for everybody, whichever key is pressed (codex-facts A3, A4).
      '-c',
      'check_for_update_on_startup=false',
      '-c',
      `notice={model_migrations={${migrations(upgrades)}}}`,
    ],
    // No -C: with it, 0.169 asks whether the folder is trusted, and stores the answer.
    cwd: spec.cwd,
    environment: { CODEX_HOME: terminalHome(homeDirectory, launch.codexHome) },
  };
}

/** Models whose successor the user is taken to have heard of, as an inline table of TOML. */
function migrations(upgrades: Readonly<Record<string, string>>): string {
  return Object.entries(upgrades)
    .map(([model, next]) => `${JSON.stringify(model)}=${JSON.stringify(next)}`)
    .join(',');
}

/**
 * A CODEX_HOME for terminals: a terminal that joins a server writes what it finds out about itself into the
 * config.toml of its own (0.169: `[tui] screen_reader_detection_done`), and the user's stays as it is. It begins with
 * a copy of the user's, so that the terminal looks as it always does; all else comes from the server.
 */
function terminalHome(directory: string, codexHome: string): string {
  ensurePrivateDirectory(directory);
  const config = join(directory, 'config.toml');
  rmSync(config, { force: true });
  try {
    copyFileSync(join(codexHome, 'config.toml'), config);
  } catch {
    // A home without a configuration is a home, too.
  }
  return directory;
}
