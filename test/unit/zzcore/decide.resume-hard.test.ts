import { describe, expect, test } from 'vitest';
import { finished, NO_BASE, observed, Story, THREAD_OPENED, turnEnded, workGone } from './fixture.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const ELSEWHERE = { type: 'turn-started', thread: 't1', turn: 'u9' } as const;
const MISSING = { type: 'thread-missing', thread: 't1', detail: 'no rollout found' } as const;
describe('a thread that is taken up again and that Codex does not have at all', () => {
  test.each([true, false])('is lost, not replaced by an empty one (verify: %s)', (verify) => {
    const story = finished();
    story.send('m1', 'queue', { verify });
    expect([story.say(MISSING), story.session.run.end]).toEqual([
      'run-ended, is lost',
      { type: 'lost', detail: 'no rollout found' },
    ]);
  });
});

describe('a turn that somebody began elsewhere while nobody listened, found by the look of a resume', () => {
  test('does not stand for the instruction, which has not been handed over', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    // What the driver says of a turn that no run knows: begun, over; then the whole history.
    story.say(ELSEWHERE);
    story.say(turnEnded('completed', 'u9'));
    story.say(observed({ state: 'idle', history: ['u1', 'u9'] }));
    expect([story.session.run.end, story.timesAsked('turn.2')]).toEqual([null, 1]);
  });

  test('and still running, is waited for; then the instruction is handed over', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    story.say(ELSEWHERE);
    story.say(observed({ history: ['u1', 'u9'] }));
    story.back('look');
    story.say(turnEnded('completed', 'u9'));
    expect([story.session.run.end, story.timesAsked('turn.2')]).toEqual([null, 1]);
  });
});

describe('a history that is compared late', () => {
  test('does not end again a run that was killed meanwhile', () => {
    const story = finished();
    story.send('m1');
    story.end('kill');
    story.say(workGone([], 2));
    const { end } = story.session.run;
    expect([story.say(observed({ state: 'idle', history: [] })), story.session.run.end]).toEqual([
      'observed, thread-reported',
      end,
    ]);
  });

  test('does not overtake the proof of an end that was asked for', () => {
    const story = finished();
    story.send('m1');
    story.end('kill');
    story.say(observed({ state: 'idle', history: [] }));
    story.say(workGone([], 2));
    expect(story.session.run.end).toEqual({
      type: 'stopped',
      by: 'me',
      survivors: [],
      proven: true,
      mode: 'kill',
    });
  });
});

describe('a run does not begin as unknown for what was due in the run before', () => {
  test('a look', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.say(turnEnded('failed'));
    story.back('message.m1', { type: 'stale', why: 'no active turn to steer' });
    story.now += 60_000;
    story.send('m2');
    expect(story.phase).toBe('starting');
  });

  test('a server that was gone then', () => {
    const story = new Story().begun();
    story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
    story.say(turnEnded('interrupted'));
    story.now += 60_000;
    story.send('m1');
    expect(story.phase).toBe('starting');
  });
});

describe('turns found missing while an interrupt is asked for', () => {
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

describe('a thread that never had a turn has lost nothing, whichever run takes it up', () => {
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

describe('a turn that somebody begins while the prompt of a resume waits for its next try', () => {
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

describe('a resume whose server has ended in peace', () => {
  test('is starting, not unknown: the look says that the old server is gone, and starts another', () => {
    const story = finished();
    story.send('m1');
    story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
    expect(story.phase).toBe('starting');
  });
});
