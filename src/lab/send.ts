import type { ServerResponse } from 'node:http';
import type { Answer, StreamEvent } from './events.ts';

/** Sends an answer; `sent` is called once all of it has left, never for an answer that never comes. */
export function sendAnswer(response: ServerResponse, answer: Answer, sent: () => void): void {
  switch (answer.kind) {
    case 'stream':
      sendStream(response, answer.events, answer.cut, sent);
      return;
    case 'http':
      sendBody(response, answer.status, answer.body, answer.headers, sent);
      return;
    case 'never':
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
  events: readonly StreamEvent[],
  cut: boolean,
  sent: () => void,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  if (!cut) {
    response.end(text, sent);
    return;
  }
  response.write(text, () => {
    sent();
    response.destroy();
  });
}
