import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { isAlive, type ProcessIdentity } from '../../machine/identity.ts';

/** The provider that a home's config.toml chooses, as far as that file tells; null for Codex's own. */
export type Provider = { name: string; keyVariable: string | null };

/** What is looked at in a home without running Codex. */
export type HomeState = {
  provider: Provider | null;
  /** Where Codex keeps its login; null where the file does not say: a file. */
  credentialStore: string | null;
};

/** Reads config.toml; nothing is known where it is missing or is not TOML. */
export async function readHome(codexHome: string): Promise<HomeState> {
  const config = asTable(await tomlOrNull(join(codexHome, 'config.toml')));
  const profile = asTable(asTable(config.profiles)[text(config.profile) ?? '']);
  const name = text(profile.model_provider) ?? text(config.model_provider);
  const provider = name === null ? null : asTable(asTable(config.model_providers)[name]);
  return {
    provider: name === null || provider === null ? null : { name, keyVariable: text(provider.env_key) },
    credentialStore: text(config.cli_auth_credentials_store),
  };
}

/** What `auth.json` holds (0.169: `OPENAI_API_KEY`, or `tokens` of a login with ChatGPT); null where nothing. */
export async function storedLogin(codexHome: string): Promise<'an API key' | 'ChatGPT' | null> {
  const stored = asTable(await jsonOrNull(join(codexHome, 'auth.json')));
  if ((text(stored.OPENAI_API_KEY) ?? '') !== '') return 'an API key';
  return text(asTable(stored.tokens).access_token) === null ? null : 'ChatGPT';
}

/** Bytes of Codex's own log database with its journal, which it never shrinks (codex-facts A13); 0 without one. */
export async function logBytes(codexHome: string): Promise<number> {
  const sizes = ['logs_2.sqlite', 'logs_2.sqlite-wal'].map((name) =>
    stat(join(codexHome, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The pid of Codex's own shared daemon of a home (from 0.160 on); null where none runs. */
export async function sharedDaemon(codexHome: string): Promise<number | null> {
  const record = asTable(await jsonOrNull(join(codexHome, 'app-server-daemon', 'daemon.pid')));
  const { startTicks, bootId } = asTable(record.processIdentity);
  if (typeof record.pid !== 'number' || typeof startTicks !== 'number' || typeof bootId !== 'string')
    return null;
  const identity: ProcessIdentity = { pid: record.pid, startTime: String(startTicks), bootId };
  return isAlive(identity) ? record.pid : null;
}

async function tomlOrNull(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

async function jsonOrNull(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

function asTable(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
