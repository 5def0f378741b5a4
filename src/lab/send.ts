import type { ServerResponse } from 'node:http';
import type { Answer, StreamEnd } from './answer.ts';
import type { StreamEvent, TimedEvent } from './events.ts';

/** What is told of an answer on its way. */
export interface Sending {
  /** All of it has left. */
  readonly sent: () => void;
  /** Nothing more will come, and the request stays open. */
  readonly silent: () => void;
}

/** Sends an answer. It ends where the response closes, whoever closes it; then neither is told. */
export function sendAnswer(response: ServerResponse, answer: Answer, tell: Sending): void {
  switch (answer.kind) {
    case 'stream':
      sendStream(response, answer.events, answer.end, tell);
      return;
    case 'http':
      sendBody(response, answer.status, answer.body, answer.headers, tell.sent);
      return;
    case 'reset':
      tell.sent();
      response.socket?.resetAndDestroy();
      return;
    case 'never':
      tell.silent();
      return;
    default:
      return answer satisfies never;
  }
}

/** A text is sent as it is, all else as JSON. Given headers win. */
export function sendBody(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: { readonly [name: string]: string } = {},
  sent: () => void = () => {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const contentType = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': contentType, ...headers });
  response.end(text, sent);
}

function sendStream(
  response: ServerResponse,
  events: readonly TimedEvent[],
  end: StreamEnd,
  tell: Sending,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  // A stream without events has headers all the same.
  response.flushHeaders();
  let timer: NodeJS.Timeout | undefined;
  response.once('close', () => clearTimeout(timer));
  const from = (first: number): void => {
    const next = events.findIndex(({ afterMs }, index) => index > first && afterMs > 0);
    const now = events.slice(first, next === -1 ? events.length : next);
    const text = now.map(({ event }) => textOf(event)).join('');
    if (next === -1) endStream(response, text, end, tell);
    else {
      response.write(text);
      timer = setTimeout(() => from(next), events[next]?.afterMs);
    }
  };
  from(0);
}

function endStream(response: ServerResponse, text: string, end: StreamEnd, tell: Sending): void {
  switch (end.how) {
    case 'finish':
      response.end(text, tell.sent);
      return;
    case 'cut':
    case 'reset':
      response.write(text, () => {
        tell.sent();
        if (end.how === 'cut') response.destroy();
        else response.socket?.resetAndDestroy();
      });
      return;
    case 'silent':
      if (text !== '') response.write(text);
      tell.silent();
      if (end.keepAliveMs !== null) keepAlive(response, end.keepAliveMs);
      return;
    default:
      return end satisfies never;
  }
}

function keepAlive(response: ServerResponse, everyMs: number): void {
  const timer = setInterval(() => response.write(': keep-alive\n\n'), everyMs);
  response.once('close', () => clearInterval(timer));
}

function textOf(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
