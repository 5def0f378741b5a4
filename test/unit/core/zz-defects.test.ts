import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../src/core/report/report.ts';
import { activeTurn } from '../../../src/core/session/session.ts';
import { NO_BASE, observed, Story, THREAD_OPENED, turnEnded, userItem, workGone } from './fixture.ts';

/** Each of these fails: it is what should hold, and does not. */

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const ELSEWHERE = { type: 'turn-started', thread: 't1', turn: 'u9' } as const;
const MISSING = { type: 'thread-missing', thread: 't1', detail: 'no rollout found' } as const;

const finished = (): Story => {
  const story = new Story().begun();
  story.say(turnEnded('completed'));
  story.now += 60_000;
  return story;
};
const handedOver = (story: Story, key: string) =>
  story.facts.filter(({ body }) => body.type === 'work-requested' && body.key === key).length;

describe('1. a thread that is taken up again and that Codex does not have at all', () => {
  test.each([true, false])('is lost, not replaced by an empty one (verify: %s)', (verify) => {
    const story = finished();
    story.send('m1', 'queue', { verify });
    expect([story.say(MISSING), story.session.run.end]).toEqual([
      'run-ended, is lost',
      { type: 'lost', detail: 'no rollout found' },
    ]);
  });
});

describe('2. a turn that somebody began elsewhere while nobody listened, found by the look of a resume', () => {
  test('does not stand for the instruction, which has not been handed over', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    // What the driver says of a turn that no run knows: begun, over; then the whole history.
    story.say(ELSEWHERE);
    story.say(turnEnded('completed', 'u9'));
    story.say(observed({ state: 'idle', history: ['u1', 'u9'] }));
    expect([story.session.run.end, handedOver(story, 'turn.2')]).toEqual([null, 1]);
  });

  test('and still running, is waited for; then the instruction is handed over', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    story.say(ELSEWHERE);
    story.say(observed({ history: ['u1', 'u9'] }));
    story.back('look');
    story.say(turnEnded('completed', 'u9'));
    expect([story.session.run.end, handedOver(story, 'turn.2')]).toEqual([null, 1]);
  });

  test('is not reported as the instruction having been taken', () => {
    const story = finished();
    story.send('m1');
    story.say(ELSEWHERE);
    expect(reportOf(story.facts, story.now).instructions.map(({ text, outcome }) => [text, outcome])).toEqual(
      [
        ['do it', 'taken'],
        ['text of m1', 'open'],
      ],
    );
  });
});

describe('3. a history that is compared late', () => {
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

describe('4. after an interrupt the run goes on with its queue', () => {
  test('also where a look tells once more that the turn was interrupted', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    // The daemon dies between the proof and the next turn; the look of the new one reads the last turn.
    story.say({ type: 'gap', why: 'the daemon was restarted' });
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    expect(story.session.messages.length).toBe(1);
    story.say(turnEnded('interrupted'));
    expect([story.session.run.end, story.session.messages.map(({ id }) => id)]).toEqual([null, ['m1']]);
  });

  test('also where the end of the turn is seen only by the look that follows', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
    story.say(workGone());
    story.now += 10;
    story.say(turnEnded('interrupted'));
    story.say(observed({ server: 's2', state: 'idle' }));
    expect([story.session.run.end, handedOver(story, 'message.m1')]).toEqual([null, 1]);
  });

  test('and its turn is over: what was queued does not wait for its end', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    expect([story.say(workGone()), activeTurn(story.session)]).toEqual(['interrupted, → message.m1', null]);
  });

  test.each(['retry', 'unknown'] as const)(
    'also before there is a thread (its opening comes back: %s)',
    (type) => {
      const story = new Story();
      story.send('m1', 'interrupt');
      story.back('open.1', { type, why: 'no server', retryAt: story.now + 10, reason: 'crashed' });
      expect([story.session.run.end, story.session.messages.map(({ id }) => id)]).toEqual([null, ['m1']]);
    },
  );
});

describe('5. what was given up while an interrupt was asked for', () => {
  test('the prompt: the run does not stay open for ever', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.back('open.1');
    story.back('snapshot');
    story.send('m1', 'interrupt');
    story.back('turn.1', { type: 'given-up', why: 'no such model', reason: 'config' });
    story.say(workGone());
    story.back('end.1.interrupt');
    for (let look = 0; look < 5; look += 1) {
      story.after(60_000);
      story.say(observed({ state: 'idle' }));
      story.back('look');
    }
    const { run } = story.session;
    expect({ over: run.end !== null, asked: handedOver(story, 'message.m1') > 0 }).not.toEqual({
      over: false,
      asked: false,
    });
  });

  test('an instruction: the run does not stay open for ever', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.send('m2', 'interrupt');
    story.back('message.m1', { type: 'given-up', why: 'no server', reason: 'crashed' });
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    story.say(SECOND);
    story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm2' });
    story.back('message.m2');
    story.say(turnEnded('completed', 'u2'));
    for (let look = 0; look < 5; look += 1) {
      story.after(60_000);
      story.say(observed({ state: 'idle' }));
      story.back('look');
    }
    expect(story.session.run.end).not.toBe(null);
  });
});

describe('6. what comes late or in another order', () => {
  test('an instruction that was taken by a turn that is known to be over leaves nothing to wait for', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.say(turnEnded('completed'));
    story.say(userItem('m1'));
    // It is over; at the least a look that tells so is due.
    expect([story.phase, story.session.work.look?.state.type]).not.toEqual(['working', undefined]);
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

  test('a steer that comes back stale after its instruction was dropped is not said to wait', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.say(turnEnded('failed'));
    expect(story.back('message.m1', { type: 'stale', why: 'no active turn to steer' })).not.toMatch(
      /message-held/,
    );
  });

  test('a steer that was never tried is not said to have been refused by the turn', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    // The daemon died before it acted. The next one: a gap first, then what was queued, which waits for the look.
    story.say({ type: 'gap', why: 'the daemon was restarted' });
    story.now += 10;
    story.back('message.m1', { type: 'stale', why: 'it was no longer wanted when its turn came' });
    story.now += 10;
    story.say(observed());
    expect(story.session.work['message.m1']).toMatchObject({
      action: { type: 'steer', turn: 'u1' },
      state: { type: 'in-flight' },
    });
  });
});

describe('7. a run does not begin as unknown for what was due in the run before', () => {
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

describe('8. the report', () => {
  test('says of a prompt whose run ended without it that it was never delivered', () => {
    const story = finished();
    story.send('m1');
    story.say(observed({ state: 'idle', history: [] }));
    expect(reportOf(story.facts, story.now).instructions.map(({ outcome }) => outcome)).toEqual([
      'taken',
      'lost',
    ]);
  });

  test('counts the start of every run', () => {
    const story = new Story().begun();
    story.now += 10;
    story.say(turnEnded('completed'));
    story.now += 60_000;
    story.send('m1');
    story.now += 500;
    story.say(observed({ state: 'idle', history: ['u1'] }));
    story.say(SECOND);
    story.now += 3;
    story.say(turnEnded('completed', 'u2'));
    expect(reportOf(story.facts, story.now).phases).toEqual([
      { phase: 'starting', ms: 500 },
      { phase: 'working', ms: 13 },
    ]);
  });
});

test('9. an interrupt that is asked for again before the first came back is an action of its own', () => {
  const story = new Story().begun();
  story.send('m1', 'interrupt');
  story.say(turnEnded('interrupted'));
  story.say(workGone());
  story.say(SECOND);
  story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm1' });
  story.send('m2', 'interrupt');
  const key = story.last.actions[0]?.key ?? '';
  // Of the first.
  story.back('end.1.interrupt');
  expect(story.session.work[key]?.state.type).toBe('in-flight');
});
