import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import {
  finished,
  NO_BASE,
  observed,
  SPEC,
  Story,
  THREAD_OPENED,
  turnEnded,
  userItem,
  workGone,
} from './fixture.ts';

/** Each of these fails: it is what should hold, and does not. */

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const MISSING = { type: 'thread-missing', thread: 't1', detail: 'no rollout found' } as const;
const RESTART = { type: 'unknown', why: 'the daemon was restarted' } as const;
const GAP = { type: 'gap', why: 'the daemon was restarted' } as const;

describe('A. turns found missing while an interrupt is asked for', () => {
  test('end the run once it is over: the run must not go on with its queue on a thread without its history', () => {
    const story = finished();
    story.send('m1');
    story.send('m2', 'interrupt');
    story.now += 10;
    story.say(observed({ state: 'idle', history: [] }));
    story.back('look');
    story.say(workGone([], 2));
    story.back('end.2.interrupt');
    expect([story.timesAsked('turn.2'), story.phase]).toEqual([0, 'lost']);
  });
});

describe('B. a thread that never had a turn has lost nothing, whichever run takes it up', () => {
  test('its run was killed before the prompt: the next run opens another thread', () => {
    const story = new Story();
    story.say(THREAD_OPENED);
    story.back('open.1');
    story.end('kill');
    story.say(workGone());
    story.now += 600_000;
    story.send('m1');
    expect([story.say(MISSING), story.phase]).toEqual(['thread-dropped, → open.2.1', 'starting']);
  });

  test('its prompt was refused: the next run opens another thread', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.back('open.1');
    story.back('turn.1', { type: 'given-up', why: 'no such model', reason: 'config' });
    story.now += 600_000;
    story.send('m1');
    expect([story.say(MISSING), story.phase]).toEqual(['thread-dropped, → open.2.1', 'starting']);
  });
});

describe('C. the daemon died while something was handed over, and an interrupt was asked for', () => {
  // The new daemon does not follow the thread yet: the turn is ended with proof, and told only by the look after it.
  test('the turn of the prompt is found by the look: it is the one that was interrupted, and the queue goes on', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.back('open.1');
    story.back('snapshot');
    story.send('m1', 'interrupt');
    story.now += 10;
    story.back('turn.1', RESTART);
    story.say(GAP);
    story.say(workGone());
    story.back('end.1.interrupt');
    story.now += 10;
    story.say({ type: 'turn-started', thread: 't1', turn: 'u1' });
    story.say(turnEnded('interrupted', 'u1'));
    story.say(observed({ state: 'idle' }));
    expect([story.phase, story.timesAsked('message.m1')]).toEqual(['working', 1]);
  });

  test('the turn of an instruction is', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.send('m2', 'interrupt');
    story.now += 10;
    story.back('message.m1', RESTART);
    story.say(GAP);
    story.say(workGone());
    story.back('end.1.interrupt');
    story.now += 10;
    story.say(SECOND);
    story.say(userItem('m1', 'u2'));
    story.say(turnEnded('interrupted', 'u2'));
    story.say(observed({ state: 'idle' }));
    expect([story.phase, story.timesAsked('message.m2')]).toEqual(['working', 1]);
  });
});

describe('D. a turn that somebody begins while the prompt of a resume waits for its next try', () => {
  test('is not the prompt’s: that try is known to have done nothing', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    story.say(observed({ state: 'idle', history: ['u1'] }));
    story.back('look');
    const retryAt = story.now + 5_000;
    story.back('turn.2', { type: 'retry', why: 'no server', retryAt, reason: 'crashed' });
    story.say({ ...SECOND, turn: 'theirs' });
    story.say(turnEnded('completed', 'theirs'));
    story.after(5_000);
    expect([story.session.run.end, story.timesAsked('turn.2')]).toEqual([null, 2]);
  });
});

describe('E. (minor) a resume whose server has ended in peace', () => {
  test('is starting, not unknown: the look says that the old server is gone, and starts another', () => {
    const story = finished();
    story.send('m1');
    story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
    expect(story.phase).toBe('starting');
  });
});

describe('F. a session that comes after another', () => {
  const queuedWith = (budget: { tokens: number | null; timeMs: number | null } | null): Story =>
    new Story(DEFAULT_POLICY, {
      type: 'command',
      command: {
        type: 'create',
        spec: { ...SPEC, after: ['first1'], ...(budget === null ? {} : { budget }) },
        prompt: 'do it',
      },
    });
  const FAILED = { type: 'predecessor-ended', session: 'first1', end: 'failed' } as const;
  const DONE = { ...FAILED, end: 'done' } as const;

  test('does not use up its time while it waits', () => {
    const story = queuedWith({ tokens: null, timeMs: 60_000 });
    story.now += 600_000;
    expect([story.say(DONE), story.session.run.end]).toEqual([
      'predecessor-done, is starting, → snapshot, → open.1',
      null,
    ]);
  });

  test('does not wake again and again while it waits longer than its time', () => {
    const story = queuedWith({ tokens: null, timeMs: 60_000 });
    story.after(60_000);
    expect(Number(story.last.wakeAt) - story.now).toBeGreaterThanOrEqual(1_000);
  });

  test('and did not begin, since that failed, begins when it is told to go on all the same', () => {
    const story = queuedWith(null);
    story.say(FAILED);
    expect([story.phase, story.send('m1'), story.phase]).toEqual([
      'stopped',
      'run-opened, → snapshot, → open.2',
      'starting',
    ]);
  });
});

describe('G. a run that ends with the turn that was interrupted', () => {
  test('names what the interrupt left running: it must not claim that nothing does', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.end('interrupt');
    // The daemon dies; the instruction had reached the turn, which only the look after the interrupt tells.
    story.back('message.m1', RESTART);
    story.say(workGone(['pid 7: sleep']));
    story.say(userItem('m1'));
    expect(story.session.run.end).toMatchObject({ type: 'stopped', survivors: ['pid 7: sleep'] });
  });
});
