import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoxError, failure } from '../core/errors.ts';
import type { Places } from './places.ts';

/** Where the settings of these places are. */
export function configPath({ configDirectory }: Places): string {
  return join(configDirectory, 'config.toml');
}

/**
 * The text of config.toml; null where there is none: then every setting has its default.
 *
 * @throws CoxError `config-invalid` for one that is there and cannot be read.
 */
export function readConfigText(places: Places): string | null {
  const path = configPath(places);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new CoxError(
      failure(
        'config-invalid',
        `${path} cannot be read: ${message}.`,
        { path },
        'Make it a file that you can read.',
      ),
    );
  }
}
