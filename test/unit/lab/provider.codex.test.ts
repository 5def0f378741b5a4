import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../src/lab/index.ts';
import { Codex } from './codex.ts';

let lab: Lab;
let codex: Codex;
beforeAll(async () => {
  lab = await startLab();
  codex = await Codex.start(lab);
});
afterAll(async () => {
  await codex?.close();
  await lab?.close();
});

/** What Codex said of the retries and the end, and how many requests it made. */
async function played(mark: string): Promise<unknown[]> {
  const { thread, status, error, retried } = await codex.play(`#lab:${mark}`);
  return [status, error, retried, lab.requestsOf(thread).length];
}

const lost = (httpStatusCode: number | null) => ({ responseStreamDisconnected: { httpStatusCode } });

describe('failures that Codex does not retry', () => {
  test.each([
    ['usage-limit', 'usageLimitExceeded'],
    ['quota', 'usageLimitExceeded'],
    ['capacity', 'serverOverloaded'],
    ['context-window', 'contextWindowExceeded'],
    ['incomplete', 'other'],
    ['failed{"code":"usage_not_included"}', 'usageLimitExceeded'],
    ['failed{"code":"invalid_prompt"}', 'other'],
    ['failed{"code":"cyber_policy"}', 'cyberPolicy'],
    ['failed{"code":"model_not_found"}', 'modelNotFound'],
    ['failed{"code":"flex_unavailable"}', 'flexUnavailable'],
    ['failed{"code":"policy_capacity_unavailable"}', 'policyCapacityUnavailable'],
  ])('%s', async (mark, error) => {
    expect(await played(mark)).toEqual(['failed', error, [], 1]);
  });
});

describe('failures that Codex retries', () => {
  test.each([
    ['unauthorized', { httpConnectionFailed: { httpStatusCode: 401 } }, lost(401)],
    ['rate-limited', { responseTooManyFailedAttempts: { httpStatusCode: 429 } }, lost(429)],
    ['failed', 'other', lost(null)],
    ['failed{"code":"rate_limit_exceeded"}', 'rateLimitExceeded', lost(null)],
    ['failed{"code":"slow_down"}', 'rateLimitExceeded', lost(null)],
    ['incomplete{"reason":"content_filter","times":2}', 'other', lost(null)],
  ])('%s', async (mark, error, retried) => {
    expect(await played(mark)).toEqual(['failed', error, [retried], 2]);
  });

  test('server-error: the request itself is retried too, without a word', async () => {
    const failed = await played('server-error{"times":"always"}');
    expect(failed).toEqual(['failed', 'internalServerError', [lost(null)], 4]);
  });
});

test('a retry goes on with the play, and waits as long as it was told', async () => {
  const { thread, status } = await codex.play('#lab:rate-limited{"times":1}');
  expect(status).toBe('completed');
  const [refused, answered] = lab.requestsOf(thread);
  expect((answered?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(950);
});

test('usage-limit: the reset time is in the message, the used-up window in the rate limits', async () => {
  const { message } = await codex.play('#lab:usage-limit{"resetsInSeconds":7200}');
  expect(message).toMatch(/try again at \d/);
  const told = await codex.heard(
    ({ method, params }) =>
      method === 'account/rateLimits/updated' &&
      params.rateLimits.primary?.resetsAt > Date.now() / 1000 + 7000,
  );
  expect(told.params.rateLimits.primary).toMatchObject({ usedPercent: 100, windowDurationMins: 300 });
});

test('context-window: another prompt in the same thread fails again', async () => {
  const { thread } = await codex.play('#lab:context-window');
  const again = await codex.ended({ thread, turn: await codex.turn(thread, 'go on') });
  expect([again.status, again.error]).toEqual(['failed', 'contextWindowExceeded']);
});
