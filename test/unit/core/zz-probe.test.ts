import { expect, test } from 'vitest';
import { NO_BASE, observed, Story, THREAD_OPENED, turnEnded, userItem, workGone } from './fixture.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const MISSING = { type: 'thread-missing', thread: 't1', detail: 'no rollout found' } as const;
const finished = (): Story => {
  const story = new Story().begun();
  story.say(turnEnded('completed'));
  story.now += 60_000;
  return story;
};
const handedOver = (story: Story, key: string) =>
  story.facts.filter(({ body }) => body.type === 'work-requested' && body.key === key).length;

test('A', () => {
  const story = finished();
  story.send('m1');
  story.send('m2', 'interrupt');
  story.now += 10;
  story.say(observed({ state: 'idle', history: [] }));
  story.back('look');
  story.say(workGone([], 2));
  for (let i = 0; i < 3; i += 1) { story.after(60_000); story.say(observed({ state: 'idle', history: [] })); story.back('look'); }
  expect([handedOver(story, 'turn.2'), story.phase]).toEqual([0, 'lost']);
});
test('B', () => {
  const story = new Story();
  story.say(THREAD_OPENED);
  story.back('open.1');
  story.end('kill');
  story.say(workGone());
  story.now += 600_000;
  story.send('m1');
  expect([story.say(MISSING), story.phase]).toEqual(['thread-dropped, → open.2', 'starting']);
});
test('B2', () => {
  const story = new Story();
  story.say({ type: 'base', base: NO_BASE });
  story.say(THREAD_OPENED);
  story.back('open.1');
  story.back('turn.1', { type: 'given-up', why: 'no such model', reason: 'config' });
  story.now += 600_000;
  story.send('m1');
  expect([story.say(MISSING), story.phase]).toEqual(['thread-dropped, → open.2', 'starting']);
});
test('D', () => {
  const story = finished();
  story.send('m1');
  story.now += 10;
  story.say(observed({ state: 'idle', history: ['u1'] }));
  story.back('look');
  story.back('turn.2', { type: 'retry', why: 'no server', retryAt: story.now + 5000, reason: 'crashed' });
  story.say({ ...SECOND, turn: 'theirs' });
  story.say(turnEnded('completed', 'theirs'));
  expect([story.phase]).not.toEqual(['done']);
});
test('V', () => {
  const story = new Story();
  story.say({ type: 'base', base: NO_BASE });
  story.say(THREAD_OPENED);
  story.back('open.1');
  story.back('snapshot');
  story.send('m1', 'interrupt');
  story.now += 10;
  story.back('turn.1', { type: 'unknown', why: 'the daemon was restarted' });
  story.say({ type: 'gap', why: 'the daemon was restarted' });
  // It was taken and is ended; the new daemon does not follow the thread yet.
  story.say(workGone());
  story.back('end.1.interrupt');
  story.now += 10;
  story.say({ type: 'turn-started', thread: 't1', turn: 'u1' });
  story.say(turnEnded('interrupted', 'u1'));
  story.say(observed({ state: 'idle' }));
  expect([story.phase, handedOver(story, 'message.m1')]).toEqual(['working', 1]);
});
test('W', () => {
  const story = new Story().begun();
  story.send('m1');
  story.say(turnEnded('completed'));
  story.send('m2', 'interrupt');
  story.now += 10;
  story.back('message.m1', { type: 'unknown', why: 'the daemon was restarted' });
  story.say({ type: 'gap', why: 'the daemon was restarted' });
  story.say(workGone());
  story.back('end.1.interrupt');
  story.now += 10;
  story.say(SECOND);
  story.say(userItem('m1', 'u2'));
  story.say(turnEnded('interrupted', 'u2'));
  story.say(observed({ state: 'idle' }));
  expect([story.phase, handedOver(story, 'message.m2')]).toEqual(['working', 1]);
});
test('J', () => {
  const story = finished();
  story.send('m1');
  story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
  expect(story.phase).toBe('starting');
});
