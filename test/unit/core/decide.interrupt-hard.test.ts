import { describe, expect, test } from 'vitest';
import { activeTurn, type Session } from '../../../src/core/session/session.ts';
import { NO_BASE, observed, Story, THREAD_OPENED, turnEnded, userItem, workGone } from './fixture.ts';

const RESTART = { type: 'unknown', why: 'the daemon was restarted' } as const;
const GAP = { type: 'gap', why: 'the daemon was restarted' } as const;
const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const stoppedBy = (mode: string, survivors: string[] = []) => ({
  type: 'stopped',
  by: 'me',
  survivors,
  proven: true,
  mode,
});
const queue = ({ messages }: Session) => messages.map(({ id }) => id);

describe('after an interrupt the run goes on with its queue', () => {
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
    expect([story.session.run.end, story.timesAsked('message.m1')]).toEqual([null, 1]);
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

describe('what was given up while an interrupt was asked for', () => {
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
    expect([story.session.run.end, story.outcomes]).toEqual([
      { type: 'failed', reason: 'config', detail: 'no such model' },
      ['send m1 undone', 'interrupt accepted'],
    ]);
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
    expect(story.session.run.end).toEqual({ type: 'failed', reason: 'crashed', detail: 'no server' });
  });
});

test('an interrupt that is asked for again before the first came back is an action of its own', () => {
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

describe('the daemon dies', () => {
  const UNKNOWN = { type: 'unknown', why: 'the daemon was restarted' } as const;
  const restart = (story: Story, ...keys: string[]): string[] => [
    ...keys.map((key) => story.back(key, UNKNOWN)),
    story.say({ type: 'gap', why: 'the daemon was restarted' }),
  ];

  test('while a turn is being interrupted: it is interrupted again', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    expect([restart(story, 'end.1.interrupt'), story.after(1_000), story.say(workGone())]).toEqual([
      ['work-returned', 'look-due'],
      '→ end.1.interrupt',
      'interrupted, → look',
    ]);
  });

  test('while the prompt is handed over and an interrupt waits for it', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    story.back('open.1');
    story.back('snapshot');
    story.send('m1', 'interrupt');
    story.now += 10;
    expect(restart(story, 'turn.1')).toEqual(['work-returned, → end.1.interrupt', 'look-due']);
    story.now += 10;
    expect([story.say(workGone()), queue(story.session)]).toEqual(['interrupted, → look', ['m1']]);
  });

  test('while the thread is being opened and an interrupt waits for it: nothing runs, so nothing is proven', () => {
    const story = new Story();
    story.end('interrupt');
    expect([story.back('open.1', UNKNOWN), story.session.run.end]).toEqual([
      'work-returned, run-ended, is stopped',
      stoppedBy('interrupt'),
    ]);
  });

  test('while an instruction is handed over and an interrupt waits for it', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.send('m2', 'interrupt');
    story.now += 10;
    expect(restart(story, 'message.m1')).toEqual(['work-returned, → end.1.interrupt', 'look-due']);
    expect([
      story.say(SECOND),
      story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm1' }),
    ]).toEqual(['turn-started', 'message-taken']);
    expect([story.say(turnEnded('interrupted', 'u2')), story.say(workGone())]).toEqual([
      'turn-ended',
      'interrupted, → look',
    ]);
  });

  test('after the proof of an interrupt was kept, before its action came back: that says nothing any more', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    expect(restart(story, 'end.1.interrupt', 'message.m1')).toEqual([
      'work-returned',
      'work-returned, → look',
      'look-due',
    ]);
  });
});

describe('the daemon died while something was handed over, and an interrupt was asked for', () => {
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

describe('a run that ends with the turn that was interrupted', () => {
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

describe('a run that ends with the turn that was interrupted, which only the look after it found', () => {
  test('names what the interrupt left running', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.end('interrupt');
    story.now += 10;
    story.back('message.m1', { type: 'unknown', why: 'the daemon was restarted' });
    story.say({ type: 'gap', why: 'the daemon was restarted' });
    story.say(workGone(['pid 7: sleep']));
    story.now += 10;
    story.say(SECOND);
    story.say(userItem('m1', 'u2'));
    story.say(turnEnded('interrupted', 'u2'));
    expect(story.session.run.end).toMatchObject({ type: 'stopped', survivors: ['pid 7: sleep'] });
  });
});
