import { describe, expect, test } from 'vitest';
import { replay } from '../../../src/core/policy/fold.ts';
import type { Session } from '../../../src/core/session/session.ts';
import { NO_BASE, opened, Story, THREAD_OPENED, TURN_STARTED, turnEnded, workGone } from './fixture.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const stoppedBy = (mode: string, survivors: string[] = []) => ({
  type: 'stopped',
  by: 'me',
  survivors,
  proven: true,
  mode,
});
const queue = ({ messages }: Session) => messages.map(({ id }) => id);

describe('an interrupt', () => {
  test('with nothing queued ends the run, with proof', () => {
    const story = new Story().begun();
    const asked = story.end('interrupt');
    const { action } = story;
    expect([asked, action]).toEqual([
      'end-requested, → end.1.interrupt',
      { type: 'end-work', run: 1, thread: 't1', turn: 'u1', mode: 'interrupt', graceMs: 100 },
    ]);
    expect([
      story.say(turnEnded('interrupted')),
      story.say(workGone()),
      story.back('end.1.interrupt'),
    ]).toEqual(['turn-ended', 'run-ended, is stopped', 'work-returned']);
    expect([story.session.run.end, story.outcomes]).toEqual([stoppedBy('interrupt'), ['interrupt accepted']]);
  });

  test('with a queue ends the turn, and the run goes on with its next instruction', () => {
    const story = new Story().begun();
    story.send('m1');
    story.send('m2');
    expect([
      story.end('interrupt'),
      story.say(turnEnded('interrupted')),
      story.say(workGone()),
      story.back('end.1.interrupt'),
      story.say(SECOND),
    ]).toEqual([
      'end-requested, → end.1.interrupt',
      'turn-ended',
      'interrupted, → message.m1',
      'work-returned',
      'turn-started',
    ]);
    expect([story.phase, story.session.run.n, story.session.endRequested, queue(story.session)]).toEqual([
      'working',
      1,
      null,
      ['m1', 'm2'],
    ]);
    expect(story.outcomes).toEqual(['send m1 committed', 'send m2 committed', 'interrupt accepted']);
    expect(replay(story.facts)).toEqual(story.session);
  });

  test('may come again in the same run', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    story.back('end.1.interrupt');
    story.say(SECOND);
    story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm1' });
    story.back('message.m1');
    const asked = story.send('m2', 'interrupt');
    expect([asked, story.action]).toMatchObject([
      'message-accepted, end-requested, → end.1.interrupt.1',
      { turn: 'u2' },
    ]);
    expect([story.say(turnEnded('interrupted', 'u2')), story.say(workGone())]).toEqual([
      'turn-ended',
      'interrupted, → message.m2',
    ]);
  });

  test('that leaves something running says so, and is not met', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    story.say(turnEnded('interrupted'));
    story.say(workGone(['pid 7: sleep']));
    expect([story.facts.find(({ body }) => body.type === 'interrupted')?.body, story.outcomes]).toEqual([
      { type: 'interrupted', survivors: ['pid 7: sleep'] },
      ['send m1 committed', 'interrupt undone'],
    ]);
  });

  test('withdraws what its turn asked, answered by nobody, and takes no answer meanwhile', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.send('m1', 'interrupt');
    const reply = story.command({
      type: 'answer',
      requestId: 'r1',
      answer: { type: 'choice', id: 'accept', message: null },
      by: 'me',
    });
    story.say(turnEnded('interrupted'));
    expect([reply.ok, story.say(workGone()), story.session.requests[0]?.state]).toEqual([
      false,
      'request-closed, interrupted, is working, → message.m1',
      {
        type: 'closed',
        how: 'withdrawn',
        at: 1_000,
        answer: null,
        by: null,
        why: 'its turn was interrupted',
      },
    ]);
  });

  test('asked for twice is asked for once', () => {
    const story = new Story().begun();
    expect([story.end('interrupt'), story.end('interrupt'), story.send('m1', 'interrupt')]).toEqual([
      'end-requested, → end.1.interrupt',
      '',
      'message-accepted',
    ]);
  });

  test('of a session that has ended changes nothing', () => {
    const story = new Story().begun();
    story.say(turnEnded('completed'));
    expect([story.end('interrupt'), story.session.run.end]).toEqual([
      '',
      { type: 'done', doubts: ['empty-completion'] },
    ]);
  });

  test('whose turn completed before it took effect stops the run all the same', () => {
    const story = new Story().begun();
    story.end('interrupt');
    expect([story.say(turnEnded('completed')), story.say(workGone()), story.phase]).toEqual([
      'turn-ended',
      'run-ended, is stopped',
      'stopped',
    ]);
  });
});

describe('an instruction that interrupts', () => {
  test('goes before all others', () => {
    const story = new Story().begun();
    const sent = [story.send('m1'), story.send('m2', 'interrupt'), story.send('m3')];
    sent.push(story.send('m4', 'interrupt'));
    expect([sent, queue(story.session)]).toEqual([
      [
        'message-accepted',
        'message-accepted, end-requested, → end.1.interrupt',
        'message-accepted',
        'message-accepted',
      ],
      ['m4', 'm2', 'm1', 'm3'],
    ]);
    story.say(turnEnded('interrupted'));
    expect(story.say(workGone())).toBe('interrupted, → message.m4');
  });

  test('while another is being handed over waits until it is known what that began', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    expect([
      story.send('m2', 'interrupt'),
      story.say(SECOND),
      story.say({ type: 'message-taken', thread: 't1', turn: 'u2', message: 'm1' }),
    ]).toEqual(['message-accepted, end-requested', 'turn-started', 'message-taken, → end.1.interrupt']);
    expect(story.action).toMatchObject({ turn: 'u2' });
    story.say(turnEnded('interrupted', 'u2'));
    expect(story.say(workGone())).toBe('interrupted, → message.m2');
  });

  test('while the prompt is being handed over waits until it is known what that began', () => {
    const story = new Story();
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    expect([story.send('m1', 'interrupt'), story.say(TURN_STARTED), story.back('turn.1')]).toEqual([
      'message-accepted, end-requested',
      'turn-started, is working',
      'work-returned, → end.1.interrupt',
    ]);
    story.say(turnEnded('interrupted'));
    expect(story.say(workGone())).toBe('interrupted, → message.m1');
  });

  test('while the thread is being opened waits for it, and is not lost', () => {
    const story = new Story();
    expect([
      story.send('m1', 'interrupt'),
      story.say(THREAD_OPENED),
      story.back('open.1'),
      story.say(workGone()),
      queue(story.session),
      story.session.run.end,
    ]).toEqual([
      'message-accepted, end-requested',
      'thread-bound, → end.1.interrupt',
      'work-returned',
      'interrupted',
      ['m1'],
      null,
    ]);
  });

  test('leaves a server that dies meanwhile to the end that was asked for', () => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    expect([
      story.say({ type: 'server-gone', server: 's1', detail: 'its process has ended' }),
      story.say(workGone()),
      queue(story.session),
    ]).toEqual(['server-gone, look-due, is unknown', 'interrupted, → look', ['m1']]);
  });
});

describe('a stronger end overrules an interrupt', () => {
  test.each(['stop', 'kill'] as const)('%s: the run ends, and the queue is dropped', (mode) => {
    const story = new Story().begun();
    story.send('m1', 'interrupt');
    expect([
      story.end(mode),
      story.end('interrupt'),
      story.send('m2'),
      story.say(turnEnded('interrupted')),
      story.say(workGone()),
    ]).toEqual([
      `end-requested, → end.1.${mode}`,
      '',
      'conflict',
      'turn-ended',
      'message-dropped, run-ended, is stopped',
    ]);
    expect([story.session.run.end, story.outcomes]).toEqual([
      stoppedBy(mode),
      ['send m1 undone', 'interrupt accepted', `${mode} accepted`],
    ]);
  });

  test('an interrupt overrules neither', () => {
    const story = new Story().begun();
    expect([story.end('stop'), story.end('interrupt'), story.session.endRequested?.mode]).toEqual([
      'end-requested, → end.1.stop',
      '',
      'stop',
    ]);
  });
});

describe('what is sent while the session', () => {
  test.each(['stop', 'kill'] as const)('is ended by %s is refused, however it is sent', (mode) => {
    const story = new Story().begun();
    story.end(mode);
    const facts = story.facts.length;
    expect([
      story.send('m1'),
      story.send('m2', 'steer'),
      story.send('m3', 'interrupt'),
      story.facts.length - facts,
    ]).toEqual(['conflict', 'conflict', 'conflict', 0]);
  });

  test('is interrupted is kept, and the run goes on with it', () => {
    const story = new Story().begun();
    expect([
      story.end('interrupt'),
      story.send('m1', 'steer'),
      story.say(turnEnded('interrupted')),
      story.say(workGone()),
    ]).toEqual([
      'end-requested, → end.1.interrupt',
      'message-accepted',
      'turn-ended',
      'interrupted, → message.m1',
    ]);
    expect(story.action).toMatchObject({ type: 'start-turn', message: 'm1' });
  });
});
