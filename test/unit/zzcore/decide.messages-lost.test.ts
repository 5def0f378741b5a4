import { describe, expect, test } from 'vitest';
import { replay } from '../../../src/core/policy/fold.ts';
import { LOOK_EVERY_MS } from '../../../src/core/policy/needs.ts';
import type { WorkResult } from '../../../src/core/session/fact.ts';
import { observed, Story, turnEnded, userItem, workGone } from './fixture.ts';

const UNKNOWN: WorkResult = { type: 'unknown', why: 'the daemon was restarted' };
const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;

describe('of unknown fate (the daemon died while it was handed over)', () => {
  test('a steer that the look finds in the turn was taken, and is not sent again', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.now += 10;
    const back = story.back('message.m1', UNKNOWN);
    story.now += 10;
    expect([back, story.say(userItem('m1')), story.say(observed()), story.after(LOOK_EVERY_MS)]).toEqual([
      'work-returned, → look',
      'item, message-taken',
      'observed, thread-reported',
      '',
    ]);
    expect(story.outcomes).toEqual(['send m1 accepted']);
  });

  test('a steer that the look does not find is sent again, and only after the look', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.now += 10;
    story.back('message.m1', UNKNOWN);
    expect([story.after(5_000), story.say(observed())]).toEqual([
      '',
      'observed, thread-reported, → message.m1',
    ]);
    expect(story.action).toMatchObject({ type: 'steer', turn: 'u1' });
  });

  test('a look that began before does not prove that it was not taken', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.say({ type: 'gap', why: 'the connection closed' });
    story.now += 10;
    story.back('message.m1', UNKNOWN);
    story.now += 10;
    expect([story.say(observed()), story.back('look')]).toEqual([
      'observed, thread-reported',
      'work-returned, → look',
    ]);
    story.now += 10;
    expect(story.say(observed())).toBe('observed, → message.m1');
  });

  test('a steer whose turn has ended meanwhile without it begins a turn of its own', () => {
    const story = new Story().begun();
    story.send('m1', 'steer');
    story.now += 10;
    story.back('message.m1', UNKNOWN);
    story.now += 10;
    expect([story.say(turnEnded('completed')), story.say(observed({ state: 'idle' }))]).toEqual([
      'turn-ended',
      'observed, thread-reported, → message.m1',
    ]);
    expect(story.action).toMatchObject({ type: 'start-turn', message: 'm1' });
  });

  test('a turn that it began is found, and nothing is sent again', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.now += 10;
    story.back('message.m1', UNKNOWN);
    story.now += 10;
    expect([
      story.say(SECOND),
      story.say(userItem('m1', 'u2')),
      story.say(observed()),
      story.say(turnEnded('completed', 'u2')),
    ]).toEqual([
      'turn-started',
      'item, message-taken',
      'observed, thread-reported',
      'turn-ended, run-ended, is done',
    ]);
  });

  test('a turn that it did not begin is begun, once', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.now += 10;
    story.back('message.m1', UNKNOWN);
    story.now += 10;
    expect([
      story.say(observed({ state: 'idle' })),
      story.say(observed({ state: 'idle' })),
      story.back('look'),
    ]).toEqual(['observed, thread-reported, → message.m1', 'observed', 'work-returned']);
  });
});

describe('a run that does not end as done drops what is queued', () => {
  const REASONS: [string, (story: Story) => unknown, string][] = [
    ['its turn fails', (story) => story.say(turnEnded('failed')), 'failed'],
    ['its turn is interrupted elsewhere', (story) => story.say(turnEnded('interrupted')), 'stopped'],
    [
      'it is stopped',
      (story) => {
        story.end('stop');
        story.say(turnEnded('interrupted'));
        story.say(workGone());
      },
      'stopped',
    ],
    [
      'it is killed, with survivors',
      (story) => {
        story.end('kill');
        story.say(workGone(['pid 7: sleep']));
      },
      'stopped',
    ],
    [
      'its thread is gone',
      (story) => story.say({ type: 'thread-missing', thread: 't1', detail: 'no rollout found' }),
      'lost',
    ],
    [
      'its server is gone and its turn was cut',
      (story) => {
        story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' });
        story.say(turnEnded('interrupted'));
      },
      'failed',
    ],
  ];
  test.each(REASONS)('%s', (_, befalls, phase) => {
    const story = new Story().begun();
    story.send('m1');
    story.send('m2');
    befalls(story);
    const { run, messages } = story.session;
    const dropped = story.facts.flatMap(({ body }) => (body.type === 'message-dropped' ? [body] : []));
    expect([
      story.phase,
      messages,
      dropped,
      story.outcomes.filter((kind) => kind.startsWith('send')),
    ]).toEqual([
      phase,
      [],
      ['m1', 'm2'].map((id) => ({
        type: 'message-dropped',
        id,
        text: `text of ${id}`,
        why: `its run has ended: ${run.end?.type}`,
      })),
      ['send m1 undone', 'send m2 undone'],
    ]);
    expect(replay(story.facts)).toEqual(story.session);
  });

  test('its instruction is refused', () => {
    const story = new Story().begun();
    story.send('m1');
    story.send('m2');
    story.say(turnEnded('completed'));
    expect([
      story.back('message.m1', { type: 'given-up', why: 'no such model', reason: 'config' }),
      story.session.run.end,
      story.outcomes,
    ]).toEqual([
      'work-returned, message-dropped, message-dropped, run-ended, is failed',
      { type: 'failed', reason: 'config', detail: 'no such model' },
      ['send m1 undone', 'send m2 undone'],
    ]);
  });
});
