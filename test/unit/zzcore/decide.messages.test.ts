import { describe, expect, test } from 'vitest';
import { replay } from '../../../src/core/policy/fold.ts';
import { LOOK_EVERY_MS } from '../../../src/core/policy/needs.ts';
import type { WorkResult } from '../../../src/core/session/fact.ts';
import { activeTurn } from '../../../src/core/session/session.ts';
import {
  message,
  NO_BASE,
  observed,
  opened,
  Story,
  said,
  THREAD_OPENED,
  TURN_STARTED,
  turnEnded,
  userItem,
} from './fixture.ts';

const STALE: WorkResult = { type: 'stale', why: 'no active turn to steer' };
const REFUSED = {
  type: 'message-refused',
  thread: 't1',
  message: 'm1',
  why: 'no active turn to steer',
} as const;
const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;

const taken = (id: string, turn: string) =>
  ({ type: 'message-taken', thread: 't1', turn, message: id }) as const;

describe('steered', () => {
  test('it goes into the turn that runs, and is taken once', () => {
    const story = new Story().begun();
    const sent = story.send('m1', 'steer');
    expect(story.action).toEqual({
      type: 'steer',
      thread: 't1',
      turn: 'u1',
      text: 'text of m1',
      message: 'm1',
    });
    expect([
      sent,
      story.say(taken('m1', 'u1')),
      story.back('message.m1'),
      story.say(userItem('m1')),
      story.say(turnEnded('completed')),
    ]).toEqual([
      'message-accepted, → message.m1',
      'message-taken',
      'work-returned',
      'item',
      'turn-ended, run-ended, is done',
    ]);
    expect([story.session.messages, story.outcomes]).toEqual([[], ['send m1 accepted']]);
    expect(replay(story.facts)).toEqual(story.session);
  });

  test('the item that it became says so, too, before Codex has answered', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    expect([story.say(userItem('m1')), story.back('message.m1'), story.say(taken('m1', 'u1'))]).toEqual([
      'item, message-taken',
      'work-returned',
      '',
    ]);
  });

  test('before the prompt is handed over it waits for the turn of the prompt', () => {
    const story = new Story();
    const sent = [story.send('m1', 'steer'), story.say({ type: 'base', base: NO_BASE })];
    sent.push(story.say(THREAD_OPENED), story.say(TURN_STARTED));
    expect([sent, story.action]).toMatchObject([
      ['message-accepted', 'base', 'thread-bound, → turn.1', 'turn-started, is working, → message.m1'],
      { type: 'steer', turn: 'u1' },
    ]);
  });

  test('refused, since the turn was over, it is held and begins a turn of its own after a look', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.now += 10;
    expect([story.say(REFUSED), story.back('message.m1', STALE), story.session.messages[0]?.how]).toEqual([
      'message-held',
      'work-returned, → look',
      'queue',
    ]);
    story.now += 10;
    expect([story.say(turnEnded('completed')), story.say(observed({ state: 'idle' }))]).toEqual([
      'turn-ended',
      'observed, thread-reported, → message.m1',
    ]);
    expect(story.action).toMatchObject({ type: 'start-turn', run: 1, message: 'm1' });
    expect([
      story.say(SECOND),
      story.say(taken('m1', 'u2')),
      story.back('message.m1'),
      story.say(turnEnded('completed', 'u2')),
    ]).toEqual(['turn-started', 'message-taken', 'work-returned', 'turn-ended, run-ended, is done']);
    expect([story.session.run.turns, story.session.run.n, story.outcomes]).toEqual([
      ['u1', 'u2'],
      1,
      ['send m1 accepted'],
    ]);
  });

  test('refused by a turn that goes on and takes none, it waits for its end', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.now += 10;
    story.say(REFUSED);
    story.back('message.m1', STALE);
    story.now += 10;
    expect([
      story.say(observed()),
      story.after(LOOK_EVERY_MS),
      story.say(observed()),
      story.back('look'),
      story.say(turnEnded('completed')),
    ]).toEqual(['observed, thread-reported', '', 'observed', 'work-returned', 'turn-ended, → message.m1']);
  });

  test('refused after it was dropped, or twice, nothing more is said of it', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    expect([story.say(REFUSED), story.say(REFUSED), story.say(turnEnded('failed'))]).toEqual([
      'message-held',
      '',
      'turn-ended, message-dropped, run-ended, is failed',
    ]);
    expect([story.say(REFUSED), story.back('message.m1', STALE)]).toEqual(['', 'work-returned']);
  });

  test('not tried, since a look was due when its turn came, it is steered after the look', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    // The daemon died before it acted; the next one looks first.
    story.say({ type: 'gap', why: 'the daemon was restarted' });
    story.now += 10;
    story.back('message.m1', { type: 'stale', why: 'it was no longer wanted when its turn came' });
    expect([story.say(observed()), story.back('look')]).toEqual([
      'observed, thread-reported',
      'work-returned, → look',
    ]);
    story.now += 10;
    expect([story.say(observed()), story.action]).toMatchObject([
      'observed, → message.m1',
      { type: 'steer', turn: 'u1' },
    ]);
  });

  test('taken by a turn that is known to be over, it leaves nothing to wait for', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    expect([story.say(turnEnded('completed')), story.say(userItem('m1'))]).toEqual([
      'turn-ended',
      'item, message-taken, run-ended, is done',
    ]);
  });

  test('where the turn ends while it is on its way, nothing is asked for a second time', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    expect([story.say(turnEnded('completed')), story.after(1_000), story.phase]).toEqual([
      'turn-ended',
      '',
      'working',
    ]);
  });

  test('two go one after the other, before what was queued earlier', () => {
    const story = new Story().begun();
    const asked = [story.send('q1'), story.send('m1', 'steer'), story.send('m2', 'steer')];
    asked.push(story.say(taken('m1', 'u1')), story.back('message.m1'), story.say(taken('m2', 'u1')));
    asked.push(story.say(turnEnded('completed')));
    expect(asked).toEqual([
      'message-accepted',
      'message-accepted, → message.m1',
      'message-accepted',
      'message-taken, → message.m2',
      'work-returned',
      'message-taken',
      'turn-ended, → message.q1',
    ]);
  });

  test('tried in vain for as often as anything is, it ends the run', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    const tries = [1, 2, 3, 4].map(() => {
      const retryAt = story.now + 10;
      const back = story.back('message.m1', { type: 'retry', why: 'no server', retryAt, reason: 'crashed' });
      return [back, story.after(10)];
    });
    expect(tries).toEqual([
      ['work-returned', '→ message.m1'],
      ['work-returned', '→ message.m1'],
      ['work-returned', '→ message.m1'],
      ['work-returned, message-dropped, run-ended, is failed', ''],
    ]);
    expect(story.outcomes).toEqual(['send m1 undone']);
  });
});

describe('queued', () => {
  test('instructions begin a turn each, in their order, in the same run, which is done after the last', () => {
    const story = new Story().begun();
    const sent = [story.send('m1'), story.send('m2')];
    const first = story.say(turnEnded('completed'));
    const { action } = story;
    expect([sent, first, action]).toEqual([
      ['message-accepted', 'message-accepted'],
      'turn-ended, → message.m1',
      { type: 'start-turn', run: 1, thread: 't1', text: 'text of m1', message: 'm1' },
    ]);
    expect(story.session.status.because[0]?.fact).toBe('the turn is in progress');
    expect([
      story.say(SECOND),
      story.say(taken('m1', 'u2')),
      story.back('message.m1'),
      story.say(turnEnded('completed', 'u2')),
      story.say({ ...SECOND, turn: 'u3' }),
      story.say(taken('m2', 'u3')),
      story.back('message.m2'),
      story.say(message('i9', 'Both done.', 'u3')),
      story.say(turnEnded('completed', 'u3')),
    ]).toEqual([
      'turn-started',
      'message-taken',
      'work-returned',
      'turn-ended, → message.m2',
      'turn-started',
      'message-taken',
      'work-returned',
      'item',
      'turn-ended, run-ended, is done',
    ]);
    const { run, pastRuns } = story.session;
    expect([run.turns, run.end, pastRuns, story.outcomes]).toEqual([
      ['u1', 'u2', 'u3'],
      { type: 'done', doubts: [] },
      [],
      ['send m1 accepted', 'send m2 accepted'],
    ]);
    expect(replay(story.facts)).toEqual(story.session);
  });

  test('one that comes between two turns waits behind the one on its way', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    expect([story.phase, story.send('m2', 'steer'), story.send('m3')]).toEqual([
      'working',
      'message-accepted',
      'message-accepted',
    ]);
    expect([story.say(SECOND), story.say(taken('m1', 'u2'))]).toEqual([
      'turn-started, → message.m2',
      'message-taken',
    ]);
    expect(story.session.messages.map(({ id }) => id)).toEqual(['m2', 'm3']);
  });

  test.each(['queue', 'steer'] as const)('%s: it answers no request that waits', (how) => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.send('m1', how);
    expect([story.phase, story.session.requests[0]?.state]).toEqual(['waiting', { type: 'open' }]);
    expect(story.facts.map(({ body }) => body.type)).not.toContain('answer-committed');
  });

  test('what the policy answers is answered while something is queued', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(opened('r1'));
    story.command({
      type: 'answer',
      requestId: 'r1',
      answer: { type: 'choice', id: 'accept', message: null },
      by: 'me',
    });
    expect(said(story.last)).toBe('answer-committed, is working, → answer.r1.0');
  });

  test('while a look is due nothing is handed over', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say({ type: 'gap', why: 'the connection closed' });
    expect([story.say(turnEnded('completed')), story.say(observed({ state: 'idle' }))]).toEqual([
      'turn-ended',
      'observed, thread-reported, → message.m1',
    ]);
  });

  test('a turn that begins elsewhere between two turns is waited for', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say({ type: 'gap', why: 'the connection closed' });
    story.say(turnEnded('completed'));
    expect([
      story.say({ ...SECOND, turn: 'theirs' }),
      story.say(observed()),
      story.say(turnEnded('completed', 'theirs')),
    ]).toEqual(['turn-started', 'observed, thread-reported', 'turn-ended, → message.m1']);
  });

  test('a thread that is forgotten before its prompt keeps the queue for the next', () => {
    const story = new Story();
    story.say(THREAD_OPENED);
    story.send('m1');
    story.say({ type: 'thread-missing', thread: 't1', detail: 'no rollout found' });
    expect([story.session.messages.map(({ id }) => id), story.session.run.end]).toEqual([['m1'], null]);
  });
});

test('the end of an older turn, told again, does not make the newest one run', () => {
  const story = new Story().begun();
  story.send('m1');
  story.say(turnEnded('completed'));
  story.say(SECOND);
  story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm1' });
  story.send('m2');
  story.say({ type: 'gap', why: 'the connection closed' });
  story.say(turnEnded('completed', 'u2'));
  // The look had read the turns before u2 ended.
  story.say(turnEnded('completed', 'u1'));
  expect(activeTurn(story.session)).toBe(null);
});
