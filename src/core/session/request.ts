/**
 * Requests: what Codex asks of a person. Each has an id of ours, since Codex's own restart at 0 with each
 * server and are sent again after a reconnect.
 */
export const NEED_KINDS = [
  'approval',
  'patch',
  'permissions',
  'network',
  'question',
  'elicitation',
  'mcp-approval',
  'login',
  'trust',
  'update',
  'model-choice',
  'hook-review',
  'input',
] as const;
export type NeedKind = (typeof NEED_KINDS)[number];

/** Where a request comes from: what makes it the same request when a server sends it again. */
export type Origin = {
  /** The server instance (ours, not Codex's): a restarted server is another instance. */
  server: string;
  /** Codex's JSON-RPC id as JSON text; unique per server instance only. */
  rpcId: string;
  /** The JSON-RPC method that asked; decides the shape of the reply. */
  method: string;
  thread: string;
  turn: string;
  item: string;
  /** Codex's own start time of the request, milliseconds since the epoch; null where it sends none. */
  startedAt: number | null;
};

/** The same request sent again has the same key. */
export function originKey(origin: Origin): string {
  return [origin.server, origin.rpcId, origin.thread, origin.turn, origin.item, origin.startedAt ?? '-'].join(
    ' ',
  );
}

export type Choice = {
  /** `accept`, `session`, `prefix`, `decline` for approvals; `option-1`… for questions. */
  id: string;
  label: string;
  /** The command prefix that choosing this allows from now on; null for every other choice. */
  prefix: string[] | null;
};

export type Question = { id: string; header: string; text: string; options: string[]; secret: boolean };

export type Ask =
  | {
      need: 'approval';
      question: string;
      /** The whole command line as Codex will run it, unwrapped from `bash -lc`. */
      command: string;
      /** argv of every simple command in the line; null where the line is more than plain words. */
      commands: string[][] | null;
      cwd: string;
      /** Files that the command names or runs and that the session itself can write (security: S8). */
      writable: string[];
      choices: Choice[];
    }
  | {
      need: 'patch';
      question: string;
      files: { path: string; kind: string }[];
      /** A folder that accepting makes writable for the rest of the session; null where it makes none so. */
      grantRoot: string | null;
      choices: Choice[];
    }
  | { need: 'question'; question: string; questions: Question[]; choices: Choice[] }
  | {
      need: 'permissions' | 'network' | 'elicitation' | 'mcp-approval';
      question: string;
      choices: Choice[];
    };

export type Answer = { type: 'choice'; id: string; message: string | null } | { type: 'text'; text: string };

/** Who answered: a person or program through the API, or a rule of the policy. */
export type Answerer = string;

export const CLOSINGS = ['answered', 'elsewhere', 'withdrawn', 'expired'] as const;
export type Closing = (typeof CLOSINGS)[number];

export type RequestState =
  | { type: 'open' }
  | { type: 'answering'; answer: Answer; by: Answerer; at: number }
  | {
      type: 'closed';
      how: Closing;
      at: number;
      answer: Answer | null;
      by: Answerer | null;
      why: string | null;
    };

export type Request = {
  id: string;
  run: number;
  origin: Origin;
  ask: Ask;
  openedAt: number;
  /** Why the policy leaves it to a person; null where it has not been asked or has no rules. */
  ruled: string | null;
  /** Answers that were committed and could not be delivered; after one, only a person answers. */
  undone: number;
  state: RequestState;
};

/** The choice that an answer takes, or null where the answer is free text or no choice of this request. */
export function choiceOf(ask: Ask, answer: Answer): Choice | null {
  if (answer.type !== 'choice') return null;
  return ask.choices.find((choice) => choice.id === answer.id) ?? null;
}

/** True where the answer can be delivered for this ask. */
export function answerFits(ask: Ask, answer: Answer): boolean {
  if (answer.type === 'choice') return choiceOf(ask, answer) !== null;
  if (ask.need !== 'question' || ask.questions.length === 0) return false;
  // One question takes the whole text; several take one line each.
  return ask.questions.length === 1 || answer.text.split('\n').length === ask.questions.length;
}
