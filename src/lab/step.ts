/** What the model does on one request. The order here is the order of the table in docs/lab.md. */
export const stepTypes = [
  'message',
  'tool',
  'patch',
  'ask',
  'mcp',
  'call',
  'code',
  'tools',
  'repeat',
  'poll',
  'reasoning',
  'usage',
  'raw',
  'http',
  'failed',
  'incomplete',
  'no-headers',
  'stall',
  'cut',
  'reset',
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

/** How fast a text comes. */
export interface Pace {
  /** The text comes word by word, one word every so many milliseconds; all of it at once unless told. */
  readonly everyMs?: number;
}

export interface Escalation {
  readonly justification: string;
  /** The command prefix that Codex offers as "do not ask again". */
  readonly prefix_rule?: readonly string[];
}

/** Assistant text. Without a call beside it in the same response, it ends Codex' turn. */
export interface MessageCall extends Pace {
  readonly type: 'message';
  readonly text: string;
}

/** A shell command, by the shell tool that the calling version offers. */
export interface ToolCall {
  readonly type: 'tool';
  /** `$LAB_URL` in it is replaced by the lab's own address, `http://127.0.0.1:PORT`. */
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

/** A tool of an MCP server, by the names that the server's configuration and the server itself give. */
export interface McpCall {
  readonly type: 'mcp';
  readonly server: string;
  readonly tool: string;
  readonly arguments?: { readonly [name: string]: unknown };
}

/** Any other function tool of Codex, by its name; Codex answers a call of a tool that it does not have. */
export interface FunctionCall {
  readonly type: 'call';
  readonly tool: string;
  readonly arguments?: { readonly [name: string]: unknown };
}

/** JavaScript for the code-mode tool; only where code mode is offered (gpt-6 models). */
export interface CodeCall {
  readonly type: 'code';
  readonly source: string;
}

export const callTypes = ['message', 'tool', 'patch', 'ask', 'mcp', 'call', 'code'] as const;
export type Call = MessageCall | ToolCall | PatchCall | AskCall | McpCall | FunctionCall | CodeCall;

/** Several calls in one response. */
export interface ToolsStep {
  readonly type: 'tools';
  readonly calls: readonly Call[];
}

/** The same call again and again, whatever comes of it: so many requests get it, `times`. */
export interface RepeatStep {
  readonly type: 'repeat';
  readonly call: Exclude<Call, MessageCall>;
}

/** Asks again for the output of the command that is still running, until it has ended; else it is skipped. */
export interface PollStep {
  readonly type: 'poll';
  /** Milliseconds one poll may take; 5000 to 300000 on Codex 0.169. */
  readonly timeoutMs?: number;
}

/** Not an answer of its own: a summary of thoughts, put before the items of the next answer. */
export interface ReasoningStep extends Pace {
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

/** A stream that ends with `response.failed`. Which codes Codex tells apart is in docs/lab.md. */
export interface FailedStep {
  readonly type: 'failed';
  readonly code: string;
  readonly message?: string;
}

/** A stream that says `text` without finishing it, and ends with `response.incomplete`. */
export interface IncompleteStep {
  readonly type: 'incomplete';
  /** `max_output_tokens` or `content_filter` in the Responses API. */
  readonly reason: string;
  readonly text?: string;
}

/** The request is accepted and never answered. */
export interface NoHeadersStep {
  readonly type: 'no-headers';
}

/** A stream that falls silent and stays open: before its first event, or after it has said `text`. */
export interface StallStep {
  readonly type: 'stall';
  readonly where: 'after-headers' | 'mid-stream';
  readonly text?: string;
  /** An SSE comment, which is no event, every so many milliseconds; none unless told. */
  readonly keepAliveMs?: number;
}

/** A stream that starts, says `text` without finishing it, and loses its connection. */
export interface CutStep {
  readonly type: 'cut';
  readonly text?: string;
}

/** The connection is reset (TCP RST): instead of an answer, or after the stream has said `text`. */
export interface ResetStep {
  readonly type: 'reset';
  readonly where: 'before-headers' | 'mid-stream';
  readonly text?: string;
}

/** A completed response without any output. */
export interface EmptyStep {
  readonly type: 'empty';
}

/** Put before the next answer; no answer themselves. */
export type PrefixStep = ReasoningStep | UsageStep;
type FaultStep =
  | RawStep
  | HttpStep
  | FailedStep
  | IncompleteStep
  | NoHeadersStep
  | StallStep
  | CutStep
  | ResetStep
  | EmptyStep;
/** What one request is answered with. */
export type PlayedStep = ((Call | ToolsStep | PollStep) & Hold) | CountedStep;
export type Step = PrefixStep | PlayedStep;
/** A step whose attempts the lab counts: Codex' history need not show it, or shows it once for each attempt. */
export type CountedStep = (RepeatStep | FaultStep) & Hold & Repeat;
