import { configPath, readConfigText } from '../client/config-file.ts';
import type { Places } from '../client/places.ts';
import { readConfig, toSettings } from '../protocol/config.ts';
import type { Settings } from '../protocol/settings.ts';

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
