/** Shell tools that Codex has offered to models, newest spelling first. */
export const shellTools = ['exec_command', 'shell_command', 'shell'] as const;
export type ShellTool = (typeof shellTools)[number];

/** How one shell tool spells its arguments. `null` means the tool has no such argument. */
export interface ShellSpelling {
  readonly command: string;
  /** `string`: one command line for the user's shell. `argv`: a list, here always `bash -lc LINE`. */
  readonly commandForm: 'string' | 'argv';
  readonly workdir: string;
  /** Milliseconds; for `exec_command` it is the time until the tool yields, not a time-out that kills. */
  readonly timeout: string;
  readonly tty: string | null;
  /** The tool that polls a command which is still running, with its arguments. */
  readonly poll: {
    readonly tool: string;
    readonly session: string;
    readonly chars: string;
    readonly yield: string;
  } | null;
}

/**
 * Argument spellings by shell tool.
 * Measured: `exec_command` on Codex 0.169.0 and 0.98.0 (model gpt-5.5), `shell` on 0.47.0 (gpt-5-codex).
 * `shell_command` is read from Codex' public source, not measured.
 */
export const shellSpellings: { readonly [T in ShellTool]: ShellSpelling } = {
  exec_command: {
    command: 'cmd',
    commandForm: 'string',
    workdir: 'workdir',
    timeout: 'yield_time_ms',
    tty: 'tty',
    poll: { tool: 'write_stdin', session: 'session_id', chars: 'chars', yield: 'yield_time_ms' },
  },
  shell_command: {
    command: 'command',
    commandForm: 'string',
    workdir: 'workdir',
    timeout: 'timeout_ms',
    tty: null,
    poll: null,
  },
  shell: {
    command: 'command',
    commandForm: 'argv',
    workdir: 'workdir',
    timeout: 'timeout_ms',
    tty: null,
    poll: null,
  },
};

/** How a shell call asks to run outside of the sandbox. */
export interface EscalationSpelling {
  readonly field: string;
  readonly value: string | boolean;
  readonly justification: string;
  readonly prefixRule: string | null;
}

/** By field name, newest first; the field that the offered tool declares is the one to use. */
export const escalationSpellings = {
  sandbox_permissions: {
    field: 'sandbox_permissions',
    value: 'require_escalated',
    justification: 'justification',
    prefixRule: 'prefix_rule',
  },
  with_escalated_permissions: {
    field: 'with_escalated_permissions',
    value: true,
    justification: 'justification',
    prefixRule: null,
  },
} as const satisfies Record<string, EscalationSpelling>;

export const patchTool = 'apply_patch';

/**
 * How a patch reaches Codex. `custom`: a freeform tool call whose input is the patch text. `function`: a
 * function call with the text in `input`. `shell`: no such tool is offered; a shell call
 * `apply_patch <<'EOF'`, which Codex intercepts.
 */
export const patchForms = ['custom', 'function', 'shell'] as const;
export type PatchForm = (typeof patchForms)[number];

export interface AskSpelling {
  readonly tool: string;
  readonly questions: string;
}

/** The question tool; the same on 0.98.0 and 0.169.0 (measured). 0.47.0 has none. */
export const askSpelling: AskSpelling = { tool: 'request_user_input', questions: 'questions' };

export interface CodeModeSpelling {
  /** The custom tool whose input is JavaScript. */
  readonly tool: string;
  /** The object that holds the nested tools inside of that JavaScript. */
  readonly scope: string;
}

/** Code mode: what gpt-6 models are offered instead of plain function tools. */
export const codeModeSpelling: CodeModeSpelling = { tool: 'exec', scope: 'tools' };
