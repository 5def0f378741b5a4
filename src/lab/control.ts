import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gates } from './gates.ts';
import type { RequestLog } from './record.ts';
import type { ScenarioSource } from './scenario.ts';
import { sendBody } from './send.ts';
import { answerSlowDownload } from './slow.ts';

/** What the control side of the server works with. */
export interface ControlSide {
  readonly log: RequestLog;
  readonly gates: Gates;
  readonly sources: ReadonlyMap<string, ScenarioSource>;
}

/** Answers `/lab/…`: the record, the scenarios, the gates, the slow download. */
export function answerControlRequest(
  side: ControlSide,
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
): void {
  const route = `${request.method} ${url.pathname}`;
  if (route === 'GET /lab/requests') {
    const thread = url.searchParams.get('thread');
    const requests = side.log.all().filter((entry) => thread === null || entry.thread === thread);
    sendBody(response, 200, { schemaVersion: 1, requests });
    return;
  }
  if (route === 'GET /lab/scenarios') {
    const scenarios = [...side.sources.values()].map(({ name, about, defaults }) => ({
      name,
      about,
      parameters: defaults,
    }));
    sendBody(response, 200, { schemaVersion: 1, scenarios, gatesHolding: side.gates.holding() });
    return;
  }
  if (route === 'GET /lab/slow') {
    answerSlowDownload(url, response);
    return;
  }
  const named = /^POST \/lab\/release\/([^/]+)$/.exec(route)?.[1];
  if (named !== undefined) {
    const gate = decodedName(named);
    sendBody(response, 200, { schemaVersion: 1, gate, released: side.gates.release(gate) });
    return;
  }
  const known =
    'GET /lab/requests[?thread=ID], GET /lab/scenarios, GET /lab/slow?bytesPerSecond=N&seconds=M, POST /lab/release/GATE';
  sendBody(response, 404, { error: { message: `no ${route}; the lab has ${known}` } });
}

function decodedName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
