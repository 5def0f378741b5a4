import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import { SPEC, Story, workGone } from './fixture.ts';

describe('a session that comes after another', () => {
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

describe('a session that waits for others', () => {
  test('does not wake every second once a minute has passed: there is nothing to look at', () => {
    const spec = { ...SPEC, after: ['first1'] };
    const command = { type: 'create', spec, prompt: 'do it' } as const;
    const story = new Story(DEFAULT_POLICY, { type: 'command', command });
    story.after(600_000);
    expect(Number(story.last.wakeAt) - story.now).toBeGreaterThanOrEqual(30_000);
  });
});

describe('a run that used up its budget', () => {
  test('and left something running: the stop was not met', () => {
    const spec = { ...SPEC, budget: { tokens: null, timeMs: 60_000 } };
    const command = { type: 'create', spec, prompt: 'do it' } as const;
    const story = new Story(DEFAULT_POLICY, { type: 'command', command }).begun();
    story.after(60_000);
    story.say(workGone(['pid 7: sleep']));
    expect([story.phase, story.outcomes]).toEqual(['failed', ['stop undone']]);
  });
});
