import { describe, expect, test } from 'vitest';
import { finished, observed, Story, turnEnded, workGone } from './fixture.ts';

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
