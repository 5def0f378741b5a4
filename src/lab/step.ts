/** What the model does on one request. The order here is the order of the table in docs/lab.md. */
export const stepTypes = [
  'message',
  'tool',
  'patch',
  'ask',
  'tools',
  'poll',
  'reasoning',
  'usage',
  'raw',
  'http',
  'no-headers',
  'cut',
  'empty',
] as const;
export type StepType = (typeof stepTypes)[number];

/** Both may be given: the delay starts when the gate opens. */
export interface Hold {
  /** Milliseconds between the arrival of the request and the first byte of the answer. */
  readonly delayMs?: number;
  /** The answer is held back until this gate is released. A released gate stays open. */
  readonly gate?: string;
}

/** Attempts of the same position that get this step before the play moves on; 1 unless told. */
export interface Repeat {
  readonly times?: number | 'always';
}

export interface Escalation {
  readonly justification: string;
  /** The command prefix that Codex offers as "do not ask again". */
  readonly prefix_rule?: readonly string[];
}

/** Assistant text. Without a call beside it in the same response, it ends Codex' turn. */
export interface MessageCall {
  readonly type: 'message';
  readonly text: string;
}

/** A shell command, by the shell tool that the calling version offers. */
export interface ToolCall {
  readonly type: 'tool';
  readonly command: string;
  readonly escalated?: Escalation;
  readonly workdir?: string;
  /** Milliseconds. For `exec_command` the time until it yields, 30000 at most (Codex clamps it). */
  readonly timeoutMs?: number;
  /** A PTY for the command; left out where the offered tool has no such argument. */
  readonly tty?: boolean;
}

/** A patch: the text in `patch`, or one file to add. */
export type PatchCall =
  | { readonly type: 'patch'; readonly patch: string }
  | { readonly type: 'patch'; readonly path: string; readonly content: string };

export interface Question {
  readonly id: string;
  readonly header: string;
  readonly question: string;
  readonly options: readonly { readonly label: string; readonly description: string }[];
}

/** Questions to the person, by the tool `request_user_input`. */
export interface AskCall {
  readonly type: 'ask';
  readonly questions: readonly Question[];
}

export type Call = MessageCall | ToolCall | PatchCall | AskCall;

/** Several calls in one response. */
export interface ToolsStep {
  readonly type: 'tools';
  readonly calls: readonly Call[];
}

/** Asks again for the output of the command that is still running, until it has ended; else it is skipped. */
export interface PollStep {
  readonly type: 'poll';
  /** Milliseconds one poll may take; 5000 to 300000 on Codex 0.169. */
  readonly timeoutMs?: number;
}

/** Not an answer of its own: put before the items of the next answer. */
export interface ReasoningStep {
  readonly type: 'reasoning';
  readonly text: string;
}

/** Not an answer of its own: the token numbers that the next answer reports. */
export interface UsageStep {
  readonly type: 'usage';
  readonly input: number;
  readonly output: number;
  readonly cached?: number;
  readonly reasoning?: number;
}

/** Server-sent events as they stand; each one needs a `type`. The stream ends after the last. */
export interface RawStep {
  readonly type: 'raw';
  readonly events: readonly { readonly type: string; readonly [key: string]: unknown }[];
}

/** An HTTP answer that is no stream. An object as body is sent as JSON. */
export interface HttpStep {
  readonly type: 'http';
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: { readonly [name: string]: string };
}

/** The request is accepted and never answered. */
export interface NoHeadersStep {
  readonly type: 'no-headers';
}

/** A stream that starts, says `text` without finishing it, and loses its connection. */
export interface CutStep {
  readonly type: 'cut';
  readonly text?: string;
}

/** A completed response without any output. */
export interface EmptyStep {
  readonly type: 'empty';
}

/** Put before the next answer; no answer themselves. */
export type PrefixStep = ReasoningStep | UsageStep;
/** What one request is answered with. */
export type PlayedStep =
  | ((Call | ToolsStep | PollStep) & Hold)
  | ((RawStep | HttpStep | NoHeadersStep | CutStep | EmptyStep) & Hold & Repeat);
export type Step = PrefixStep | PlayedStep;
/** A step that Codex' history need not show, so that the lab counts its attempts. */
export type CountedStep = Extract<PlayedStep, Repeat & { readonly type: CountedType }>;

export const countedTypes = ['raw', 'http', 'no-headers', 'cut', 'empty'] as const;
export type CountedType = (typeof countedTypes)[number];
