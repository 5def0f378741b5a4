import { readFileSync } from 'node:fs';
import { configPath, readConfigText } from '../client/config-file.ts';
import type { Places } from '../client/places.ts';
import { CoxError } from '../core/errors.ts';
import { readConfig, toSettings } from '../protocol/config.ts';
import type { Settings } from '../protocol/settings.ts';
import { keepFile } from './keep-file.ts';

/**
 * The settings of these places; read once, when the daemon starts. Of the environment, COX_LOG_LEVEL is read.
 *
 * @throws CoxError `config-invalid`, with the line, for a file that is not in order.
 */
export function loadSettings(
  places: Places,
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  return toSettings(readConfig(configPath(places), readConfigText(places), environment));
}

/**
 * The settings of these places; where the file is not in order, those that were in use last, and what is wrong: a
 * mistake in it does not leave sessions without a supervisor.
 *
 * @throws CoxError `config-invalid` where there were none before.
 */
export function settingsOrLast(
  places: Places,
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings; problem: string | null } {
  try {
    const settings = loadSettings(places, environment);
    keepIfPossible(places.lastSettings, JSON.stringify(settings));
    return { settings, problem: null };
  } catch (error) {
    const last = readLast(places.lastSettings);
    if (last === null || !(error instanceof CoxError) || error.failure.code !== 'config-invalid') throw error;
    return { settings: last, problem: error.failure.message };
  }
}

/** Without them the daemon starts all the same: a full disk is no reason to be without one. */
function keepIfPossible(path: string, text: string): void {
  try {
    keepFile(path, text);
  } catch {
    // The next start tries again.
  }
}

function readLast(file: string): Settings | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Settings;
  } catch {
    return null;
  }
}
