import type { FactBody } from '../core/session/fact.ts';
import type { Item } from '../core/session/item.ts';
import type { Status } from '../core/session/status.ts';
import { plain } from './plain.ts';
import type { EventView } from './view.ts';

/** Who speaks in a line of the log. */
export const LOG_KINDS = [
  'user',
  'codex',
  'runs',
  'edits',
  'calls',
  'asks',
  'answer',
  'status',
  'note',
] as const;
export type LogKind = (typeof LOG_KINDS)[number];

/** One entry of a session's log; `text` may have several lines and is not yet safe for a terminal. */
export type LogEntry = { seq: number; at: string; kind: LogKind; text: string };

/** `cox logs --json`. */
export type LogView = { schemaVersion: 1; session: string; items: LogEntry[] };

/** What a fact says to people; null for facts that only the supervisor needs. Pure. */
export function logEntry({ seq, at, type, fact }: EventView): LogEntry | null {
  const said = tell({ type, ...fact } as FactBody);
  return said === null ? null : { seq, at, kind: said[0], text: said[1] };
}

/**
 * An entry as lines for a terminal: time, who, what. Further lines of its text are marked, so that what a session
 * prints cannot pass for an entry of ours.
 */
export function logLines({ at, kind, text }: LogEntry): string[] {
  const [first = '', ...more] = plain(text).split('\n');
  const margin = ' '.repeat(20);
  return [
    `${at.slice(0, 19)}Z ${kind.padEnd(6)} ${first}`,
    ...more.map((line) => `${margin} ${'|'.padStart(6)} ${line}`),
  ];
}

function tell(body: FactBody): [LogKind, string] | null {
  switch (body.type) {
    case 'session-created':
      return ['user', body.prompt];
    case 'run-opened':
      return body.prompt === '' ? ['note', `run ${body.n}: ${body.why}`] : ['user', body.prompt];
    case 'message-accepted':
      return ['user', `(${body.message.how}) ${body.message.text}`];
    case 'message-held':
      return ['note', `the instruction ${body.id} waits for the end of the turn: ${body.why}`];
    case 'message-dropped':
      return ['note', `not delivered, ${body.why}: ${body.text}`];
    case 'context-checked': {
      const { known, found } = body;
      return ['note', `the thread came back with ${found} of its ${known} turns`];
    }
    case 'item':
      return tellItem(body.item);
    case 'request-opened': {
      const { id, ask } = body.request;
      const command = ask.need === 'approval' ? `\n$ ${ask.command}` : '';
      return ['asks', `${id} ${ask.need}: ${ask.question}${command}`];
    }
    case 'answer-committed':
      return ['answer', `${body.requestId} ${body.intervention} by ${body.by}: ${body.why}`];
    case 'answer-undone':
      return ['note', `the answer to ${body.requestId} could not be delivered: ${body.why}`];
    case 'request-closed':
      return body.how === 'answered' ? null : ['note', `${body.requestId} ${body.how}: ${body.why ?? ''}`];
    case 'trouble':
      return ['note', `${body.cause}: ${body.message}`];
    case 'end-requested':
      return ['user', `${body.mode} asked for by ${body.by}${body.why === undefined ? '' : `: ${body.why}`}`];
    case 'predecessor-done':
      return ['note', `${body.session} has ended well`];
    case 'swept':
      return [
        'user',
        `${body.mode} asked for by ${body.by}: what it left running is ended${survivors(body.survivors)}`,
      ];
    case 'interrupted':
      return ['note', `the turn was interrupted${survivors(body.survivors)}`];
    case 'server-gone':
      return ['note', `the app-server is gone: ${body.detail}`];
    case 'thread-dropped':
      return ['note', body.why];
    case 'relaunched':
      return ['note', `goes on with Codex ${body.codexVersion}`];
    case 'status':
      return ['status', tellStatus(body.status)];
    default:
      return null;
  }
}

function tellItem(item: Item): [LogKind, string] | null {
  switch (item.kind) {
    case 'user':
      // Prompts and instructions that are ours are facts of their own.
      return item.message === undefined ? ['user', `(elsewhere) ${item.text}`] : null;
    case 'reasoning':
      return null;
    case 'message':
      return ['codex', item.text];
    case 'command': {
      const exit = item.exitCode === null ? '' : `, exit ${item.exitCode}`;
      const output = item.output === undefined ? '' : `\n${item.output.replace(/\n$/, '')}`;
      return ['runs', `${item.command} (${item.state}${exit})${output}`];
    }
    case 'patch':
      return ['edits', `${item.files.map(({ path, kind }) => `${kind} ${path}`).join(', ')} (${item.state})`];
    case 'tool':
      return ['calls', `${item.name} (${item.state})`];
    case 'compaction':
      return ['note', 'Codex compacted its context'];
    case 'other':
      return ['note', item.type];
    default:
      return item satisfies never;
  }
}

function tellStatus(status: Status): string {
  const because = status.because[0]?.fact ?? '';
  switch (status.phase) {
    case 'waiting':
      return `waiting/${status.need} ${status.requestId}`;
    case 'throttled':
      return `throttled/${status.cause}: ${because}`;
    case 'failed':
      return `failed/${status.reason}: ${status.detail}`;
    case 'done':
      return status.doubts.length === 0 ? 'done' : `done, doubts: ${status.doubts.join(', ')}`;
    case 'stopped':
      return `stopped: ${because}`;
    case 'lost':
      return `lost: ${status.detail}`;
    case 'unknown':
      return `unknown: ${status.why}`;
    case 'queued':
      return `queued after ${status.after.join(', ')}`;
    case 'starting':
    case 'working':
      return status.phase;
    default:
      return status satisfies never;
  }
}

function survivors(list: readonly string[]): string {
  return list.length === 0 ? '' : `, but these still run: ${list.join(', ')}`;
}
