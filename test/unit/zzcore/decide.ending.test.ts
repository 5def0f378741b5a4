import { expect, test } from 'vitest';
import { NO_BASE, Story, said, THREAD_OPENED, TURN_STARTED, turnEnded } from './fixture.ts';

const kill = (story: Story, mode: 'stop' | 'kill' = 'kill') =>
  story.command({ type: 'end', mode, by: 'me', graceMs: 100 });

test('an end before there is a thread needs no proof', () => {
  const story = new Story();
  story.back('open.1', {
    type: 'retry',
    why: 'the app-server does not start',
    retryAt: 2_000,
    reason: 'crashed',
  });
  kill(story);
  expect([said(story.last), story.session.run.end, story.last.wakeAt]).toEqual([
    'end-requested, run-ended, is stopped',
    { type: 'stopped', by: 'me', survivors: [], proven: true, mode: 'kill' },
    null,
  ]);
});

test('an end while the thread is being opened waits for it, then ends it with proof', () => {
  const story = new Story();
  kill(story);
  expect([
    said(story.last),
    story.say(THREAD_OPENED),
    story.back('open.1'),
    story.say({ type: 'work-gone', run: 1, survivors: [] }),
  ]).toEqual(['end-requested', 'thread-bound, → end.1.kill', 'work-returned', 'run-ended, is stopped']);
});

test('an end while the prompt is being handed over waits until it is known what began', () => {
  const story = new Story();
  story.say({ type: 'base', base: NO_BASE });
  story.say(THREAD_OPENED);
  kill(story);
  expect([said(story.last), story.say(TURN_STARTED), story.back('turn.1')]).toEqual([
    'end-requested',
    'turn-started, is working',
    'work-returned, → end.1.kill',
  ]);
  expect(story.last.actions[0]?.action).toMatchObject({ turn: 'u1', mode: 'kill' });
  expect([
    story.say(turnEnded('interrupted')),
    story.say({ type: 'work-gone', run: 1, survivors: ['pid 7: sleep 60'] }),
  ]).toEqual(['turn-ended', 'run-ended, is stopped']);
  expect([story.session.run.end, story.session.interventions.map(({ outcome }) => outcome)]).toEqual([
    { type: 'stopped', by: 'me', survivors: ['pid 7: sleep 60'], proven: true, mode: 'kill' },
    ['undone'],
  ]);
});

test('a stop becomes a kill, never the other way round', () => {
  const story = new Story().begun();
  kill(story, 'stop');
  const first = said(story.last);
  kill(story, 'stop');
  const again = said(story.last);
  kill(story);
  const stronger = said(story.last);
  kill(story, 'stop');
  expect([first, again, stronger, said(story.last)]).toEqual([
    'end-requested, → end.1.stop',
    '',
    'end-requested, → end.1.kill',
    '',
  ]);
});

test('a turn that somebody else starts after the end is a run of its own; after a stop it is ended too', () => {
  const story = new Story().begun();
  story.say(turnEnded('completed'));
  expect(story.say({ type: 'turn-started', thread: 't1', turn: 'u2' })).toBe(
    'run-opened, turn-started, is working',
  );
  const stopped = new Story().begun();
  kill(stopped);
  stopped.say({ type: 'work-gone', run: 1, survivors: [] });
  expect(stopped.say({ type: 'turn-started', thread: 't1', turn: 'u2' })).toBe(
    'run-opened, end-requested, turn-started, is working, → end.2.kill',
  );
});
