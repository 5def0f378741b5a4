import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';

/** What a session gets of its caller's environment unless told otherwise: basics, locale, proxy, certificates. */
const PASSED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TERM',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'CODEX_CA_CERTIFICATE',
  'OPENAI_API_KEY',
  'CODEX_API_KEY',
]);

/**
 * So that no command of Codex waits in an editor or a pager (codex-facts D2). A caller who passes one of these
 * with `--env` overrides it.
 */
const NON_INTERACTIVE = {
  GIT_EDITOR: 'true',
  EDITOR: 'true',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
  CI: '1',
};

/**
 * The caller's environment cut down to the allow-list, the names in `more`, and the keys that the home's model
 * providers name.
 */
export function passedEnvironment(
  caller: Readonly<Record<string, string>>,
  codexHome: string,
  more: readonly string[],
): Record<string, string> {
  const passed: Record<string, string> = { ...NON_INTERACTIVE };
  const keys = providerKeys(codexHome);
  for (const [name, value] of Object.entries(caller)) {
    if (PASSED.has(name) || name.startsWith('LC_') || keys.has(name) || more.includes(name))
      passed[name] = value;
  }
  return passed;
}

/** `env_key` of every model provider in the home's config.toml; none where it cannot be read. */
function providerKeys(codexHome: string): Set<string> {
  const keys = new Set<string>();
  let config: unknown;
  try {
    config = parse(readFileSync(join(codexHome, 'config.toml'), 'utf8'));
  } catch {
    // A missing or broken file is Codex's to report, in its own words.
    return keys;
  }
  if (typeof config !== 'object' || config === null || !('model_providers' in config)) return keys;
  for (const provider of Object.values(config.model_providers ?? {})) {
    if (typeof provider !== 'object' || provider === null) continue;
    if ('env_key' in provider && typeof provider.env_key === 'string') keys.add(provider.env_key);
    if ('env_http_headers' in provider && typeof provider.env_http_headers === 'object') {
      for (const name of Object.values(provider.env_http_headers ?? {}))
        if (typeof name === 'string') keys.add(name);
    }
  }
  return keys;
}
