import { always, recovered } from './builtin-parts.ts';
import { defineScenario, type ScenarioSource } from './scenario.ts';

/** Scenarios in which the provider refuses or gives up an answer. */
export const providerScenarios: readonly ScenarioSource[] = [
  defineScenario('unauthorized', 'HTTP 401, always unless told', { times: always }, ({ times }) => [
    { type: 'http', status: 401, body: error('invalid_api_key', 'The lab refuses this key.'), times },
    recovered(),
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
      recovered(),
    ],
  ),
  defineScenario(
    'usage-limit',
    'HTTP 429 of a used-up plan with its reset time, always unless told',
    { times: always, resetsInSeconds: 3600 },
    ({ times, resetsInSeconds }) => [usedUp(resetsInSeconds, times), recovered()],
  ),
  defineScenario(
    'quota',
    'a failed response: the account has no quota left, always unless told',
    { times: always },
    ({ times }) => [
      { type: 'failed', code: 'insufficient_quota', message: 'You exceeded your current quota.', times },
      recovered(),
    ],
  ),
  defineScenario(
    'capacity',
    'a failed response: the model is at capacity, always unless told',
    { times: always },
    ({ times }) => [
      { type: 'failed', code: 'server_is_overloaded', message: 'Our servers are overloaded.', times },
      recovered(),
    ],
  ),
  defineScenario(
    'context-window',
    'a failed response: the input exceeds the context window, always unless told',
    { times: always },
    ({ times }) => [
      {
        type: 'failed',
        code: 'context_length_exceeded',
        message: 'Your input exceeds the context window of this model.',
        times,
      },
      recovered(),
    ],
  ),
  defineScenario('server-error', 'HTTP 500, then work goes on', { times: 2 }, ({ times }) => [
    { type: 'http', status: 500, body: error('server_error', 'The lab fails.'), times },
    recovered(),
  ]),
  defineScenario(
    'failed',
    'a failed response with a code, then work goes on',
    { code: 'server_error', message: 'The lab fails.', times: 2 },
    ({ code, message, times }) => [{ type: 'failed', code, message, times }, recovered()],
  ),
  defineScenario(
    'incomplete',
    'an incomplete response with a reason, then work goes on',
    { reason: 'max_output_tokens', times: 1 },
    ({ reason, times }) => [{ type: 'incomplete', reason, times }, recovered()],
  ),
];

/** Codex 0.169.0 takes the reset time from `resets_at`, and the window in use from these headers (measured). */
function usedUp(resetsInSeconds: number, times: number | 'always') {
  const resetsAt = Math.floor(Date.now() / 1000) + resetsInSeconds;
  return {
    type: 'http' as const,
    status: 429,
    headers: {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': String(resetsAt),
    },
    body: {
      error: {
        type: 'usage_limit_reached',
        message: 'The usage limit has been reached',
        plan_type: 'plus',
        resets_at: resetsAt,
        resets_in_seconds: resetsInSeconds,
      },
    },
    times,
  };
}

function error(type: string, text: string): { readonly error: Readonly<Record<string, string>> } {
  return { error: { type, code: type, message: text } };
}
