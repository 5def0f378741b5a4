import { expect, test } from 'vitest';
import { CONTRADICTION_BOUND_MS } from '../../../src/core/evidence/fuse.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import { replay } from '../../../src/core/policy/fold.ts';
import type { Reply } from '../../../src/core/policy/input.ts';
import { LOOK_EVERY_MS } from '../../../src/core/policy/needs.ts';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import type { Answer } from '../../../src/core/session/request.ts';
import {
  approval,
  CREATE,
  GIT,
  message,
  NO_BASE,
  observed,
  opened,
  rule,
  SPEC,
  Story,
  said,
  THREAD_OPENED,
  TURN_STARTED,
  turnEnded,
} from './fixture.ts';

const ACCEPT: Answer = { type: 'choice', id: 'accept', message: null };
const DECLINE: Answer = { type: 'choice', id: 'decline', message: 'not today' };

const code = (reply: Reply) => (reply.ok ? 'ok' : reply.failure.code);
const answer = (story: Story, given: Answer, requestId = 'r1') =>
  code(story.command({ type: 'answer', requestId, answer: given, by: 'me' }));

test('a session from its creation to its end', () => {
  const story = new Story();
  expect([
    said(story.last),
    story.say({ type: 'base', base: GIT }),
    story.back('snapshot'),
    story.say(THREAD_OPENED),
    story.back('open.1'),
    story.say({ type: 'thread-status', thread: 't1', state: 'active', waiting: false }),
    story.say(TURN_STARTED),
    story.back('turn.1'),
    story.say({ type: 'item-started', thread: 't1', turn: 'u1', line: 'runs ls' }),
    story.say(message('i1', 'All done.')),
    story.say({ type: 'thread-status', thread: 't1', state: 'idle', waiting: false }),
    story.say(turnEnded('completed')),
    story.say({
      type: 'changes',
      changes: { files: 0, added: 0, removed: 0 },
      list: [],
      now: { tree: 'tree', head: null },
    }),
    story.back('measure.1'),
    story.after(LOOK_EVERY_MS),
  ]).toEqual([
    'session-created, is starting, → snapshot, → open.1',
    'base',
    'work-returned',
    'thread-bound, → turn.1',
    'work-returned',
    'thread-reported',
    'turn-started, is working',
    'work-returned',
    'activity',
    'item',
    'thread-reported',
    'turn-ended, run-ended, is done, → measure.1',
    'changes, is done',
    'work-returned',
    '',
  ]);
  const { run, lastMessage, status } = story.session;
  expect([run.end, lastMessage, status, story.last.wakeAt]).toEqual([
    { type: 'done', doubts: [] },
    'All done.',
    {
      phase: 'done',
      doubts: ['no-changes'],
      since: 1_000,
      because: [{ source: 'app-server', fact: 'turn/completed with status completed', at: 1_000 }],
      confidence: 'certain',
    },
    null,
  ]);
  expect(replay(story.facts)).toEqual(story.session);
});

test('an unknown session is refused, and a second creation', () => {
  expect(decide(null, { type: 'tick' }, DEFAULT_POLICY, 1)).toMatchObject({
    session: null,
    facts: [],
    reply: { ok: false, failure: { code: 'not-found' } },
  });
  const story = new Story();
  story.input(CREATE);
  expect([code(story.last.reply), story.last.facts]).toEqual(['conflict', []]);
});

test('a rule of the policy approves, and says so', () => {
  const policy = { rules: [rule({ name: 'look around', command: ['git', 'status'], do: 'approve' })] };
  const story = new Story(policy).begun();
  expect([
    story.say(opened('r1')),
    story.back('answer.r1.0'),
    story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true }),
  ]).toEqual(['request-opened, answer-committed, → answer.r1.0', 'work-returned', 'request-closed']);
  expect([story.phase, story.session.interventions, story.session.requests[0]?.state]).toEqual([
    'working',
    [
      {
        at: 1_000,
        kind: 'approve',
        by: 'policy:look around',
        why: expect.stringMatching(/rule "look around" is the first that matches \(advisory/),
        requestId: 'r1',
        outcome: 'accepted',
      },
    ],
    { type: 'closed', how: 'answered', at: 1_000, answer: ACCEPT, by: 'policy:look around', why: null },
  ]);
});

test('a person denies, the turn goes on, and the end says that work was blocked', () => {
  const story = new Story().begun();
  expect(story.say(opened('r1'))).toBe('request-opened, is waiting');
  expect(story.session.status).toMatchObject({ need: 'approval', requestId: 'r1', confidence: 'certain' });
  expect([answer(story, DECLINE), said(story.last)]).toEqual([
    'ok',
    'answer-committed, is working, → answer.r1.0',
  ]);
  story.back('answer.r1.0');
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
  story.say(message('i2', 'I could not.'));
  story.say(turnEnded('completed'));
  expect([
    story.session.run.end,
    story.session.interventions.map(({ kind, outcome }) => [kind, outcome]),
  ]).toEqual([{ type: 'done', doubts: ['blocked-work'] }, [['deny', 'accepted']]]);
});

test('the second answer is a conflict, a strange one is invalid, and one to nothing is not found', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  const replies = [
    answer(story, { type: 'choice', id: 'session', message: null }),
    answer(story, { type: 'text', text: 'yes' }),
    answer(story, ACCEPT, 'r9'),
    answer(story, ACCEPT),
    answer(story, DECLINE),
  ];
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
  expect([...replies, answer(story, ACCEPT)]).toEqual([
    'choice-invalid',
    'choice-invalid',
    'not-found',
    'ok',
    'conflict',
    'conflict',
  ]);
});

test('an answer that comes after somebody else settled it is stale', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  answer(story, ACCEPT);
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: false });
  expect(story.session.interventions.map(({ outcome }) => outcome)).toEqual(['stale']);
});

test('a turn that was cut with its server has crashed', () => {
  const story = new Story().begun();
  expect([
    story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' }),
    story.say(turnEnded('interrupted')),
  ]).toEqual(['server-gone, look-due, is unknown, → look', 'turn-ended, run-ended, is failed']);
  expect(story.session.run.end).toEqual({
    type: 'failed',
    reason: 'crashed',
    detail: 'the turn was cut: its process has ended',
  });
});

test('what another server instance loses does not matter', () => {
  const story = new Story().begun();
  expect(story.say({ type: 'server-gone', server: 's2', detail: 'gone' })).toBe('');
});

test('while Codex retries the session is throttled, and what moves again ends that', () => {
  const story = new Story().begun();
  expect([
    story.say({
      type: 'retrying',
      thread: 't1',
      turn: 'u1',
      cause: 'rate-limit',
      message: '429',
      until: null,
    }),
    story.say({ type: 'progress', thread: 't1', turn: 'u1' }),
  ]).toEqual(['trouble, is throttled', 'progress, is working']);
});

test('a thread that waits without a request is unknown, but only after the bound, and names both sources', () => {
  const story = new Story().begun();
  const waits = story.say({ type: 'thread-status', thread: 't1', state: 'active', waiting: true });
  const wakes = story.last.wakeAt;
  expect([waits, wakes, story.after(CONTRADICTION_BOUND_MS - 1), story.after(1)]).toEqual([
    'thread-reported',
    1_000 + CONTRADICTION_BOUND_MS,
    '',
    'is unknown',
  ]);
  expect(story.session.status).toMatchObject({
    confidence: null,
    because: [
      { source: 'app-server', fact: 'thread/status active (waiting)', at: 1_000 },
      { source: 'app-server', fact: 'last progress of the turn', at: 1_000 },
    ],
  });
  expect(story.say(opened('r1'))).toBe('request-opened, is waiting');
});

test('a prompt of unknown fate is handed over again only after a look that came later', () => {
  const story = new Story();
  story.say({ type: 'base', base: NO_BASE });
  story.say(THREAD_OPENED);
  story.now += 10;
  expect(story.back('turn.1', { type: 'unknown', why: 'the connection closed' })).toBe(
    'work-returned, → look',
  );
  story.now += 10;
  expect(story.say(observed({ state: 'idle' }))).toBe('observed, thread-reported, → turn.1');
});

test('what fails again and again ends the run', () => {
  const story = new Story();
  const tries = [1, 2, 3, 4].map(() => {
    const retryAt = story.now + 10;
    const back = story.back('open.1', { type: 'retry', why: 'no server', retryAt, reason: 'config' });
    return [back, story.after(10)];
  });
  expect(tries).toEqual([
    ['work-returned', '→ open.1'],
    ['work-returned', '→ open.1'],
    ['work-returned', '→ open.1'],
    ['work-returned, run-ended, is failed', ''],
  ]);
  expect(story.session.run.end).toEqual({ type: 'failed', reason: 'config', detail: 'no server' });
});

test('a request that Codex no longer has open is settled by a look', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.say(opened('r2', approval(), { rpcId: '1', item: 'i2' }));
  answer(story, ACCEPT, 'r2');
  story.back('answer.r2.0');
  story.say(observed());
  const settled = story.session.requests.map(({ state }) =>
    state.type === 'closed' ? state.how : state.type,
  );
  expect(settled).toEqual(['elsewhere', 'answered']);
});

test('a request that a new server sends again is the old one withdrawn and a new one', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.say(opened('r1b'));
  story.say(opened('r2', approval(), { server: 's2' }));
  story.say(observed({ server: 's2', waiting: true, pending: ['s2 0 t1 u1 i1 5'] }));
  expect(story.session.requests.map(({ id, state }) => [id, state.type])).toEqual([
    ['r1', 'closed'],
    ['r2', 'open'],
  ]);
});

test('what is said of another thread is not ours', () => {
  const story = new Story().begun();
  expect([
    story.say({ type: 'turn-started', thread: 't2', turn: 'u9' }),
    story.say(opened('r1', approval(), { thread: 't2' })),
    story.say({ ...THREAD_OPENED, thread: 't2' }),
  ]).toEqual(['', '', '']);
});

test('the end of a run is shown once', () => {
  const story = new Story().begun();
  const early = story.command({ type: 'seen' });
  story.say(turnEnded('failed'));
  const kinds = [code(early), story.session.seen];
  story.command({ type: 'seen' });
  expect([...kinds, said(story.last), story.session.spec]).toEqual(['ok', false, 'seen', SPEC]);
});

test('what was said in one run does not speak for the next', () => {
  const story = new Story().begun();
  story.say(message('i1', 'done'));
  story.say(turnEnded('completed'));
  story.say({ type: 'turn-started', thread: 't1', turn: 'u2' });
  story.say(turnEnded('completed', 'u2'));
  expect([story.session.run, ...story.session.pastRuns].map(({ end }) => end)).toEqual([
    { type: 'done', doubts: ['empty-completion'] },
    { type: 'done', doubts: [] },
  ]);
});

test('an idle thread with an open request is a contradiction, not a wait', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.say({ type: 'thread-status', thread: 't1', state: 'idle', waiting: false });
  expect([story.phase, story.after(CONTRADICTION_BOUND_MS)]).toEqual(['waiting', 'is unknown']);
});

test('nothing is answered on the strength of old knowledge', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.say({ type: 'gap', why: 'the connection closed' });
  answer(story, ACCEPT);
  expect([said(story.last), story.say(observed({ waiting: true, pending: ['s1 0 t1 u1 i1 5'] }))]).toEqual([
    'answer-committed, is working',
    'observed, thread-reported, → answer.r1.0',
  ]);
});

test('an action that comes back twice, or was never asked for, says nothing', () => {
  const story = new Story().begun();
  expect([
    story.back('turn.1'),
    story.back('turn.1', { type: 'unknown', why: 'w' }),
    story.back('x'),
  ]).toEqual(['', '', '']);
});
