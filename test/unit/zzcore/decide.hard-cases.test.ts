import { describe, expect, test } from 'vitest';
import { CONTRADICTION_BOUND_MS } from '../../../src/core/evidence/fuse.ts';
import { LOOK_EVERY_MS } from '../../../src/core/policy/needs.ts';
import type { Answer } from '../../../src/core/session/request.ts';
import {
  GIT,
  NO_BASE,
  observed,
  opened,
  Story,
  said,
  THREAD_OPENED,
  TURN_STARTED,
  turnEnded,
} from './fixture.ts';

const ACCEPT: Answer = { type: 'choice', id: 'accept', message: null };

describe('waking', () => {
  test('an ended session wakes no more for work that is no longer wanted', () => {
    const story = new Story().begun(GIT);
    story.after(LOOK_EVERY_MS);
    story.back('look', {
      type: 'retry',
      why: 'Codex is still repeating',
      retryAt: story.now + 1_000,
      reason: 'crashed',
    });
    story.say(turnEnded('completed'));
    story.back('measure.1');
    story.after(5_000);
    expect([story.phase, story.last.wakeAt]).toEqual(['done', null]);
  });

  test('an open session does not spin for work that is no longer wanted', () => {
    const story = new Story().begun();
    story.command({ type: 'end', mode: 'stop', by: 'me', graceMs: 0 });
    story.back('end.1.stop', { type: 'retry', why: 'w', retryAt: story.now + 1_000, reason: 'crashed' });
    story.command({ type: 'end', mode: 'kill', by: 'me', graceMs: 0 });
    story.after(2_000);
    expect(Number(story.last.wakeAt) - story.now).toBeGreaterThanOrEqual(1_000);
  });
});

describe('one action of a key at a time, over runs too', () => {
  test('a look', () => {
    const story = new Story().begun();
    expect(story.after(LOOK_EVERY_MS)).toBe('→ look');
    story.say(turnEnded('completed'));
    const keys = story.say({ type: 'turn-started', thread: 't1', turn: 'u2' });
    expect(keys.split(', ')).not.toContain('→ look');
  });

  test('a snapshot', () => {
    const story = new Story();
    story.say(THREAD_OPENED);
    story.say(turnEnded('completed'));
    const keys = story.say({ type: 'turn-started', thread: 't1', turn: 'u2' });
    expect(keys.split(', ')).not.toContain('→ snapshot');
  });
});

describe('what Codex refuses', () => {
  test('a look is asked for again later', () => {
    const story = new Story().begun();
    story.after(LOOK_EVERY_MS);
    story.back('look', { type: 'given-up', why: 'thread/read: no', reason: 'config' });
    expect([story.after(LOOK_EVERY_MS), story.after(LOOK_EVERY_MS)].join()).toContain('→ look');
  });

  test('an end is asked for again later', () => {
    const story = new Story().begun();
    story.command({ type: 'end', mode: 'kill', by: 'me', graceMs: 0 });
    story.back('end.1.kill', { type: 'given-up', why: 'turn/interrupt: no', reason: 'config' });
    expect([story.after(LOOK_EVERY_MS), story.after(LOOK_EVERY_MS)].join()).toContain('→ end.1.kill');
  });

  test('a request whose answer could not be delivered goes on asking while Codex has it open', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.command({ type: 'answer', requestId: 'r1', answer: ACCEPT, by: 'me' });
    story.back('answer.r1.0', { type: 'given-up', why: 'the answer does not fit', reason: 'config' });
    story.say(opened('r2'));
    story.say(observed({ waiting: true, pending: ['s1 0 t1 u1 i1 5'] }));
    expect(story.phase).toBe('waiting');
  });
});

test('an answer that comes back late does not settle again what is settled', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.command({ type: 'answer', requestId: 'r1', answer: ACCEPT, by: 'me' });
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
  const settled = story.session.requests;
  story.back('answer.r1.0', { type: 'given-up', why: 'no', reason: 'config' });
  expect(story.session.requests).toEqual(settled);
});

describe('looks', () => {
  test('a look that began before the prompt lost its way does not prove that it did not arrive', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.now += 10;
    expect(story.say({ type: 'gap', why: 'a restart' })).toBe('look-due, → look');
    story.now += 10;
    story.back('turn.1', { type: 'unknown', why: 'the connection closed' });
    story.now += 10;
    // It read the turns before the prompt was taken.
    expect(story.say(observed({ state: 'idle' }))).not.toContain('→ turn.1');
  });

  test('a look that began in the same millisecond proves nothing either', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.now += 10;
    story.say({ type: 'gap', why: 'a restart' });
    story.back('turn.1', { type: 'unknown', why: 'the connection closed' });
    story.now += 10;
    expect(story.say(observed({ state: 'idle' }))).not.toContain('→ turn.1');
  });
});

test('a request that names no turn does not keep the run open', () => {
  const story = new Story().begun();
  story.say(
    opened(
      'r1',
      { need: 'elicitation', question: 'Name?', choices: [{ id: 'decline', label: 'No', prefix: null }] },
      { method: 'mcpServer/elicitation/request', turn: '', item: 'probe', startedAt: null },
    ),
  );
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: false });
  story.say(turnEnded('completed'));
  expect([story.phase, story.session.run.turns]).toEqual(['done', ['u1']]);
});

test('while a stop is proven, an idle thread is no contradiction: the end of its turn was seen', () => {
  const story = new Story().begun();
  story.command({ type: 'end', mode: 'stop', by: 'me', graceMs: 10_000 });
  story.say(turnEnded('interrupted'));
  story.say({ type: 'thread-status', thread: 't1', state: 'idle', waiting: false });
  story.after(CONTRADICTION_BOUND_MS);
  expect(story.phase).toBe('working');
});

test('what the thread said before a run does not speak against it', () => {
  const story = new Story().begun();
  story.say({ type: 'thread-status', thread: 't1', state: 'idle', waiting: false });
  story.say(turnEnded('completed'));
  story.now += 60_000;
  expect(story.say({ type: 'turn-started', thread: 't1', turn: 'u2' })).toMatch(/is working/);
});

test('a thread that was idle before its prompt is not in contradiction when the turn begins', () => {
  const story = new Story();
  story.say(THREAD_OPENED);
  story.say({ type: 'thread-status', thread: 't1', state: 'idle', waiting: false });
  story.now += 5_000;
  story.say({ type: 'base', base: NO_BASE });
  expect(story.say(TURN_STARTED)).toMatch(/is working/);
});

test('an answer that can no longer be delivered is refused', () => {
  const story = new Story().begun();
  story.say(opened('r1'));
  story.command({ type: 'end', mode: 'stop', by: 'me', graceMs: 0 });
  const reply = story.command({ type: 'answer', requestId: 'r1', answer: ACCEPT, by: 'me' });
  expect([reply.ok, said(story.last)]).toEqual([false, '']);
});

test('a turn that somebody interrupted elsewhere does not claim that nothing runs', () => {
  const story = new Story().begun();
  story.say(turnEnded('interrupted'));
  expect(JSON.stringify(story.session.status.because)).not.toContain('nothing of it runs');
});

test('a verdict of a new run that is like the last one is dated anew', () => {
  const story = new Story().begun();
  story.say(turnEnded('completed'));
  story.now += 60_000;
  story.say(turnEnded('completed', 'u2'));
  expect([story.session.run.n, story.session.status.since]).toEqual([2, story.now]);
});

describe('a thread that Codex forgot', () => {
  const MISSING = { type: 'thread-missing', thread: 't1', detail: 'no rollout found' } as const;
  const SECOND = { ...THREAD_OPENED, thread: 't2' };
  const withThread = (): Story => {
    const story = new Story();
    story.say(THREAD_OPENED);
    story.back('open.1');
    return story;
  };

  test('before its prompt was handed over is followed by another', () => {
    const story = withThread();
    expect([
      story.say(MISSING),
      story.say(SECOND),
      story.back('open.1.1'),
      story.say({ type: 'base', base: NO_BASE }),
      story.say({ ...TURN_STARTED, thread: 't2' }),
    ]).toEqual([
      'thread-dropped, → open.1.1',
      'thread-bound',
      'work-returned',
      'base, → turn.1',
      'turn-started, is working',
    ]);
  });

  test('before its opening has come back is followed by another under another key, and again', () => {
    const story = new Story();
    story.say(THREAD_OPENED);
    expect([
      story.say(MISSING),
      story.back('open.1'),
      story.say(SECOND),
      story.say({ ...MISSING, thread: 't2' }),
      story.say(MISSING),
    ]).toEqual([
      'thread-dropped, → open.1.1',
      'work-returned',
      'thread-bound',
      'thread-dropped, → open.1.2',
      '',
    ]);
  });

  test.each(['in-flight', 'retry', 'unknown'] as const)('with its prompt %s is lost', (state) => {
    const story = withThread();
    story.say({ type: 'base', base: NO_BASE });
    if (state === 'retry')
      story.back('turn.1', { type: 'retry', why: 'w', retryAt: story.now + 9, reason: 'crashed' });
    if (state === 'unknown') story.back('turn.1', { type: 'unknown', why: 'w' });
    expect([story.say(MISSING), story.session.run.end]).toEqual([
      'run-ended, is lost',
      { type: 'lost', detail: 'no rollout found' },
    ]);
  });

  test('takes what it asked with it', () => {
    const story = withThread();
    story.say(opened('r1', { need: 'elicitation', question: 'Name?', choices: [] }, { turn: '' }));
    story.say(MISSING);
    expect([story.phase, story.session.requests[0]?.state]).toMatchObject([
      'starting',
      { type: 'closed', how: 'withdrawn' },
    ]);
  });

  test.each([
    ['before its prompt', false],
    ['with its prompt on its way', true],
  ])('%s, while it is to be ended, is ended with proof all the same', (_, handedOver) => {
    const story = withThread();
    if (handedOver) story.say({ type: 'base', base: NO_BASE });
    story.command({ type: 'end', mode: 'kill', by: 'me', graceMs: 0 });
    story.say(MISSING);
    expect(story.session.run.end).toBe(null);
    if (handedOver) story.back('turn.1', { type: 'unknown', why: 'the connection closed' });
    expect(story.session.work['end.1.kill']?.state).toEqual({ type: 'in-flight' });
    story.say({ type: 'work-gone', run: 1, survivors: [] });
    expect(story.session.run.end).toEqual({
      type: 'stopped',
      by: 'me',
      survivors: [],
      proven: true,
      mode: 'kill',
    });
  });

  test('an opening that was overtaken fails nothing when it comes back given up', () => {
    // The thread was told of, and forgotten, before the opening itself came back.
    const story = new Story();
    story.say(THREAD_OPENED);
    story.say(MISSING);
    expect(['open.1', 'open.1.1'].map((key) => story.session.work[key]?.state.type)).toEqual([
      'in-flight',
      'in-flight',
    ]);
    story.back('open.1', { type: 'given-up', why: 'refused', reason: 'config' });
    expect(story.session.run.end).toBe(null);
    story.back('open.1.1', { type: 'given-up', why: 'refused', reason: 'config' });
    expect(story.session.run.end).toEqual({ type: 'failed', reason: 'config', detail: 'refused' });
  });

  test('an opening that is given up while the end is asked for is a stop, not a failure', () => {
    const story = new Story();
    story.command({ type: 'end', mode: 'kill', by: 'me', graceMs: 0 });
    story.back('open.1', { type: 'given-up', why: 'refused', reason: 'config' });
    expect(story.session.run.end).toEqual({
      type: 'stopped',
      by: 'me',
      survivors: [],
      proven: true,
      mode: 'kill',
    });
  });
});
