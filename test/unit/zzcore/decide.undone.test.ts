import { describe, expect, test } from 'vitest';
import type { WorkResult } from '../../../src/core/session/fact.ts';
import type { Answer } from '../../../src/core/session/request.ts';
import { message, observed, opened, rule, Story, said, turnEnded } from './fixture.ts';

const ACCEPT: Answer = { type: 'choice', id: 'accept', message: null };
const DECLINE: Answer = { type: 'choice', id: 'decline', message: null };
const GIVEN_UP: WorkResult = { type: 'given-up', why: 'Codex refuses the reply', reason: 'config' };
const RESOLVED = { type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1' } as const;
const STILL_OPEN = observed({ waiting: true, pending: ['s1 0 t1 u1 i1 5'] });

const answer = (story: Story, given: Answer) =>
  story.command({ type: 'answer', requestId: 'r1', answer: given, by: 'me' });

describe('an answer that is given up', () => {
  test('leaves its request to a person, not to the policy, under the same id', () => {
    const policy = { rules: [rule({ command: ['git', 'status'], do: 'approve' })] };
    const story = new Story(policy).begun();
    expect([
      story.say(opened('r1')),
      story.back('answer.r1.0', GIVEN_UP),
      story.after(5_000),
      story.say(opened('r1b')),
    ]).toEqual([
      'request-opened, answer-committed, → answer.r1.0',
      'work-returned, answer-undone, is waiting',
      '',
      '',
    ]);
    const reply = answer(story, ACCEPT);
    expect([
      reply.ok,
      said(story.last),
      story.back('answer.r1.0'),
      story.back('answer.r1.1'),
      story.say({ ...RESOLVED, ours: true }),
    ]).toEqual([true, 'answer-committed, is working, → answer.r1.1', '', 'work-returned', 'request-closed']);
    expect([
      story.session.requests,
      story.session.interventions.map(({ by, outcome }) => [by, outcome]),
    ]).toEqual([
      [
        expect.objectContaining({
          id: 'r1',
          undone: 1,
          state: { type: 'closed', how: 'answered', at: story.now, answer: ACCEPT, by: 'me', why: null },
        }),
      ],
      [
        ['policy:rule-1', 'undone'],
        ['me', 'accepted'],
      ],
    ]);
  });

  test('is so after its last try, too', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, ACCEPT);
    const tries = [1, 2, 3, 4].map(() => {
      const retryAt = story.now + 10;
      const back = story.back('answer.r1.0', {
        type: 'retry',
        why: 'no connection',
        retryAt,
        reason: 'crashed',
      });
      return [back, story.after(10)];
    });
    expect(tries).toEqual([
      ['work-returned', '→ answer.r1.0'],
      ['work-returned', '→ answer.r1.0'],
      ['work-returned', '→ answer.r1.0'],
      ['work-returned, answer-undone, is waiting', ''],
    ]);
  });

  test('may be given up again and again', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    const keys = [0, 1, 2].map((undone) => {
      answer(story, ACCEPT);
      const asked = said(story.last);
      story.back(`answer.r1.${undone}`, GIVEN_UP);
      return asked;
    });
    expect([keys, story.session.requests[0]?.undone]).toEqual([
      [0, 1, 2].map((undone) => `answer-committed, is working, → answer.r1.${undone}`),
      3,
    ]);
  });

  test('does not reopen what somebody else settled', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, ACCEPT);
    story.say({ ...RESOLVED, ours: false });
    expect([story.back('answer.r1.0', GIVEN_UP), story.session.requests[0]]).toMatchObject([
      'work-returned',
      { undone: 0, state: { type: 'closed', how: 'elsewhere' } },
    ]);
  });

  test('opens its request again while the session is being ended, but nobody may answer then', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, ACCEPT);
    story.command({ type: 'end', mode: 'stop', by: 'me', graceMs: 0 });
    story.back('answer.r1.0', GIVEN_UP);
    const reply = answer(story, ACCEPT);
    expect([story.phase, reply.ok ? 'ok' : reply.failure.code]).toEqual(['waiting', 'conflict']);
  });

  test.each<[string, (story: Story) => void]>([
    ['could not be delivered', (story) => story.back('answer.r1.0', GIVEN_UP)],
    ['came too late', (story) => story.say({ ...RESOLVED, ours: false })],
  ])('a denial that %s blocked no work', (_, befalls) => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, DECLINE);
    befalls(story);
    answer(story, ACCEPT);
    story.say({ ...RESOLVED, ours: true });
    story.say(message('i2', 'It ran.'));
    story.say(turnEnded('completed'));
    expect(story.session.run.end).toEqual({ type: 'done', doubts: [] });
  });
});

describe('a look finds a request gone that was being answered', () => {
  const RETRY: WorkResult = { type: 'retry', why: 'no connection', retryAt: 9_000, reason: 'crashed' };
  test.each<[string, WorkResult | null, how: string]>([
    ['the answer was delivered', { type: 'done' }, 'answered'],
    ['the answer is still on its way', null, 'elsewhere'],
    ['the answer will be tried again', RETRY, 'elsewhere'],
    ['the answer was never sent, since Codex had closed it', { type: 'stale', why: 'closed' }, 'elsewhere'],
    ['nobody knows whether the answer was sent', { type: 'unknown', why: 'cut' }, 'elsewhere'],
  ])('%s', (_, result, how) => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, ACCEPT);
    if (result !== null) story.back('answer.r1.0', result);
    story.say(observed());
    const [request] = story.session.requests;
    const [intervention] = story.session.interventions;
    expect([request?.state, intervention?.outcome]).toMatchObject([
      { type: 'closed', how, answer: ACCEPT },
      how === 'answered' ? 'accepted' : 'stale',
    ]);
  });

  test('of another server: the request was withdrawn', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    answer(story, ACCEPT);
    story.back('answer.r1.0');
    story.say(observed({ server: 's2' }));
    expect(story.session.requests[0]?.state).toMatchObject({ type: 'closed', how: 'withdrawn' });
  });
});

test('an answer of unknown fate is given again, once a look has found its request still open', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  answer(story, ACCEPT);
  story.now += 10;
  const lost = story.back('answer.r1.0', { type: 'unknown', why: 'the connection closed' });
  story.now += 10;
  expect([lost, story.say(STILL_OPEN)]).toEqual([
    'work-returned, → look',
    'observed, thread-reported, → answer.r1.0',
  ]);
});

test('a look that began before does not answer what fell due later', () => {
  const story = new Story().begun();
  story.say({ type: 'gap', why: 'the connection closed' });
  story.say({ type: 'gap', why: 'it closed again' });
  const first = [story.say(observed()), story.session.lookDue];
  const second = [story.back('look'), story.session.lookDue];
  expect([first, second, story.say(observed()), story.session.lookDue]).toEqual([
    ['observed, thread-reported', { at: 1_000, why: 'the connection closed', covered: false }],
    ['work-returned, → look', { at: 1_000, why: 'the connection closed', covered: true }],
    'observed',
    null,
  ]);
});

test('a new run keeps what is under way for the session and forgets what was said of the last run', () => {
  const story = new Story().begun({ type: 'git', root: '/p', head: null, tree: 't', skipped: [] });
  story.say({ type: 'gap', why: 'a restart' });
  story.say({ type: 'thread-status', thread: 't1', state: 'active', waiting: true });
  story.say(turnEnded('completed'));
  const before = Object.keys(story.session.work).sort();
  story.now += 60_000;
  story.say({ type: 'turn-started', thread: 't1', turn: 'u2' });
  const { work, report, status, lookDue, run } = story.session;
  expect([before, Object.keys(work).sort(), report, status, lookDue, run.over]).toEqual([
    ['look', 'measure.1', 'open.1', 'snapshot', 'turn.1'],
    ['look', 'snapshot'],
    null,
    expect.objectContaining({ since: story.now }),
    null,
    [],
  ]);
});
