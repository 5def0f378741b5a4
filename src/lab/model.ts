import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, answerOf } from './answer.ts';
import { BodyError, readJsonBody } from './body.ts';
import { callerOf, redacted } from './caller.ts';
import type { Gates } from './gates.ts';
import { type Offer, offerOf } from './offer.ts';
import type { AnsweredWith, RequestLog } from './record.ts';
import { ScenarioError } from './scenario.ts';
import { sendAnswer, sendBody } from './send.ts';
import type { Scene, Stage } from './stage.ts';
import type { Hold } from './step.ts';
import { summaryOf } from './summary.ts';

/** What the model's side of the server works with. */
export interface ModelSide {
  readonly stage: Stage;
  readonly log: RequestLog;
  readonly gates: Gates;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Answers one `POST …/responses`: chooses, records, holds, sends. */
export async function answerModelRequest(
  side: ModelSide,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = side.now();
  let body: Readonly<Record<string, unknown>>;
  try {
    body = await readJsonBody(request);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    sendBody(response, 400, errorBody(error.message));
    return;
  }
  const caller = callerOf(request.headers, body);
  const scene = side.stage.scene(caller, body.input);
  const seq = side.log.nextSeq();
  const offer = offerOf(body, caller.version, `http://${request.headers.host}`);
  const { answer, answeredWith } = plan(scene, offer, seq);
  const hold: Hold = scene.error === null ? scene.choice.step : {};
  const gate = hold.gate !== undefined && !side.gates.isOpen(hold.gate) ? hold.gate : null;
  side.log.add({
    seq,
    at,
    ...caller,
    userTexts: scene.userTexts,
    scenario: scene.scenario,
    position: scene.choice.position,
    attempt: scene.choice.attempt,
    headers: redacted(request.headers),
    body,
    answeredWith,
    state: 'held',
    gate,
  });
  holdThenSend(side, response, seq, hold, answer);
}

function holdThenSend(
  side: ModelSide,
  response: ServerResponse,
  seq: number,
  hold: Hold,
  answer: Answer,
): void {
  // It may have closed while its body was read; then nobody tells it again.
  if (response.destroyed) {
    side.log.update(seq, { state: 'dropped', gate: null });
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  let done = false;
  const send = () => {
    if (isPaced(answer)) side.log.update(seq, { state: 'sending', gate: null });
    sendAnswer(response, answer, {
      sent: () => {
        done = true;
        side.log.update(seq, { state: 'answered', gate: null });
      },
      silent: () => side.log.update(seq, { state: 'silent', gate: null }),
    });
  };
  const delay = () => {
    if (hold.delayMs === undefined) send();
    else timer = setTimeout(send, hold.delayMs);
  };
  let takeBack = () => {};
  response.once('close', () => {
    takeBack();
    clearTimeout(timer);
    if (!done) side.log.update(seq, { state: 'dropped', gate: null });
  });
  if (hold.gate === undefined) delay();
  else takeBack = side.gates.whenOpen(hold.gate, delay);
}

/** Whether the answer takes time once it has begun. */
function isPaced(answer: Answer): boolean {
  return answer.kind === 'stream' && answer.events.some(({ afterMs }) => afterMs > 0);
}

function plan(scene: Scene, offer: Offer, seq: number): { answer: Answer; answeredWith: AnsweredWith } {
  if (scene.error !== null) return refusal(scene.error);
  try {
    const answer = answerOf(scene.choice, offer, seq);
    const { step } = scene.choice;
    return { answer, answeredWith: { type: step.type, summary: summaryOf(step), status: statusOf(answer) } };
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return refusal(error.message);
  }
}

/** Codex does not retry a 400 and shows its text, so that a wrong mark is seen at once. */
function refusal(message: string): { answer: Answer; answeredWith: AnsweredWith } {
  return {
    answer: { kind: 'http', status: 400, headers: {}, body: errorBody(message) },
    answeredWith: { type: 'error', summary: message, status: 400 },
  };
}

function statusOf(answer: Answer): number | null {
  switch (answer.kind) {
    case 'stream':
      return 200;
    case 'http':
      return answer.status;
    case 'reset':
    case 'never':
      return null;
    default:
      return answer satisfies never;
  }
}

function errorBody(message: string): { readonly error: Readonly<Record<string, string>> } {
  return { error: { type: 'lab_error', message } };
}
