import { fileURLToPath } from 'node:url';
import { MCP_SERVER } from './mcp.ts';

/** What a CODEX_HOME needs so that the real Codex talks to a lab. */
export interface LabConfigOptions {
  /** With the path, as `lab.url` has it: `http://127.0.0.1:PORT/v1`. */
  readonly baseUrl: string;
  /** A model with plain function tools; gpt-5.5 unless told. gpt-6 models get code mode. */
  readonly model?: string;
  /** Real paths of folders to trust, so that no dialog asks. */
  readonly trust?: readonly string[];
  readonly approvalPolicy?: string;
  readonly sandboxMode?: string;
  /** Whether the question tool may be used outside of plan mode; false unless told. */
  readonly questions?: boolean;
  /** Retries of a failed request, and of a cut stream; Codex' own numbers unless told. */
  readonly requestMaxRetries?: number;
  readonly streamMaxRetries?: number;
  /** Milliseconds of silence in a stream before Codex gives it up; 300000 unless told. */
  readonly streamIdleTimeoutMs?: number;
  /** Whether Codex starts the lab's MCP server, `lab`, with its tools echo, write, ask, hang; false unless told. */
  readonly mcp?: boolean;
  /** Whether the tool `request_permissions` is on offer; false unless told. */
  readonly permissions?: boolean;
  /** Tokens in the context from which on Codex compacts it; Codex' own number for the model unless told. */
  readonly compactAt?: number;
  /** Whether Codex leaves compaction to the provider, as it does for OpenAI; false unless told. */
  readonly remoteCompaction?: boolean;
}

/**
 * The text of `config.toml`. No login is asked for: a provider of one's own needs none unless it says
 * `requires_openai_auth = true` or names an `env_key` (measured on Codex 0.169.0, 0.98.0 and 0.47.0).
 */
export function codexHomeConfig(options: LabConfigOptions): string {
  const lines = [
    `model = ${quoted(options.model ?? 'gpt-5.5')}`,
    'model_provider = "lab"',
    'check_for_update_on_startup = false',
    ...line('model_auto_compact_token_limit', options.compactAt),
    ...line('approval_policy', options.approvalPolicy),
    ...line('sandbox_mode', options.sandboxMode),
    '',
    '[model_providers.lab]',
    // Codex 0.169.0 knows a provider that compacts by this name (measured).
    `name = ${quoted(options.remoteCompaction === true ? 'OpenAI' : 'lab')}`,
    `base_url = ${quoted(options.baseUrl)}`,
    'wire_api = "responses"',
    ...line('request_max_retries', options.requestMaxRetries),
    ...line('stream_max_retries', options.streamMaxRetries),
    ...line('stream_idle_timeout_ms', options.streamIdleTimeoutMs),
    ...featureLines(options),
    ...(options.mcp === true ? mcpLines() : []),
    ...(options.trust ?? []).flatMap((path) => ['', `[projects.${quoted(path)}]`, 'trust_level = "trusted"']),
  ];
  return `${lines.join('\n')}\n`;
}

function featureLines({ questions, permissions }: LabConfigOptions): string[] {
  const features = [
    ...(questions === true ? ['default_mode_request_user_input = true'] : []),
    ...(permissions === true ? ['request_permissions_tool = true'] : []),
  ];
  return features.length === 0 ? [] : ['', '[features]', ...features];
}

function mcpLines(): string[] {
  // Beside this file, which is TypeScript in tests and JavaScript once it is built.
  const program = import.meta.url.endsWith('.ts') ? './mcp-server.ts' : './mcp-server.js';
  const path = fileURLToPath(new URL(program, import.meta.url));
  return [
    '',
    `[mcp_servers.${MCP_SERVER}]`,
    `command = ${quoted(process.execPath)}`,
    `args = [${quoted(path)}]`,
  ];
}

function line(key: string, value: string | number | undefined): string[] {
  if (value === undefined) return [];
  return [`${key} = ${typeof value === 'number' ? value : quoted(value)}`];
}

/** A TOML basic string; JSON's escapes are a subset of TOML's, but for DEL. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
