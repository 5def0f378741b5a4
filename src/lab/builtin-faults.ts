import { defineScenario, type ScenarioSource } from './scenario.ts';
import type { Step } from './step.ts';

const always: number | 'always' = 'always' as number | 'always';

/** Scenarios in which the model or the network fails. */
export const faultScenarios: readonly ScenarioSource[] = [
  defineScenario('unauthorized', 'HTTP 401, always unless told', { times: always }, ({ times }) => [
    { type: 'http', status: 401, body: error('invalid_api_key', 'The lab refuses this key.'), times },
    message(),
  ]),
  defineScenario(
    'rate-limited',
    'HTTP 429 with retry-after, then work goes on',
    { times: 2, retryAfter: 1 },
    ({ times, retryAfter }) => [
      {
        type: 'http',
        status: 429,
        headers: { 'retry-after': String(retryAfter) },
        body: error('rate_limit_exceeded', `Rate limit reached. Try again in ${retryAfter}s.`),
        times,
      },
      message(),
    ],
  ),
  defineScenario(
    'usage-limit',
    'HTTP 429 of a used-up plan, always unless told',
    { times: always, resetsInSeconds: 3600 },
    ({ times, resetsInSeconds }) => [
      {
        type: 'http',
        status: 429,
        body: {
          error: {
            type: 'usage_limit_reached',
            message: 'The usage limit has been reached',
            plan_type: 'plus',
            resets_in_seconds: resetsInSeconds,
          },
        },
        times,
      },
      message(),
    ],
  ),
  defineScenario('server-error', 'HTTP 500, then work goes on', { times: 2 }, ({ times }) => [
    { type: 'http', status: 500, body: error('server_error', 'The lab fails.'), times },
    message(),
  ]),
  defineScenario('no-headers', 'the request is accepted and never answered', { times: 1 }, ({ times }) => [
    { type: 'no-headers', times },
    message(),
  ]),
  defineScenario('cut', 'the stream breaks in mid-answer, then work goes on', { times: 2 }, ({ times }) => [
    { type: 'cut', times },
    message(),
  ]),
  defineScenario('empty', 'a completed response without any output', { times: 1 }, ({ times }) => [
    { type: 'empty', times },
    message(),
  ]),
];

function message(): Step {
  return { type: 'message', text: 'Done: it went through.' };
}

function error(type: string, text: string): { readonly error: Readonly<Record<string, string>> } {
  return { error: { type, code: type, message: text } };
}
