import { describe, expect, test } from 'vitest';
import { replay } from '../../../src/core/policy/fold.ts';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import {
  finished,
  GIT,
  message,
  NO_BASE,
  observed,
  SPEC,
  Story,
  THREAD_OPENED,
  turnEnded,
  workGone,
} from './fixture.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;

describe('an instruction to a session that has ended', () => {
  test('opens a run on the same thread, looks, compares, and only then hands over', () => {
    const story = finished();
    expect([story.send('m1'), story.phase, story.action]).toEqual([
      'run-opened, look-due, → look',
      'starting',
      { type: 'look', thread: 't1' },
    ]);
    expect([story.session.run.context, story.session.status.because[0]?.fact]).toEqual([
      { type: 'unchecked' },
      'me sent an instruction',
    ]);
    story.now += 10;
    const compared = story.say(observed({ state: 'idle', history: ['u1'] }));
    expect([compared, story.action]).toEqual([
      'observed, thread-reported, context-checked, → turn.2',
      { type: 'start-turn', run: 2, thread: 't1', text: 'text of m1' },
    ]);
    expect([
      story.back('look'),
      story.say(SECOND),
      story.back('turn.2'),
      story.say(message('i2', 'Also done.', 'u2')),
      story.say(turnEnded('completed', 'u2')),
    ]).toEqual([
      'work-returned',
      'turn-started, is working',
      'work-returned',
      'item',
      'turn-ended, run-ended, is done',
    ]);
    const { run, pastRuns, messages } = story.session;
    expect([run, pastRuns.map(({ n, turns }) => [n, turns]), messages]).toMatchObject([
      {
        n: 2,
        prompt: 'text of m1',
        thread: 't1',
        context: { type: 'checked', known: 1, found: 1, missing: 0 },
        turns: ['u2'],
        openedAt: 61_000,
        end: { type: 'done', doubts: [] },
        endedAt: 61_010,
      },
      [[1, ['u1']]],
      [],
    ]);
    expect(replay(story.facts)).toEqual(story.session);
  });

  test.each(['steer', 'queue', 'interrupt'] as const)(
    '%s: there is no difference, and nothing to interrupt',
    (how) => {
      const story = finished();
      expect([story.send('m1', how), story.session.endRequested, story.session.run.prompt]).toEqual([
        'run-opened, look-due, → look',
        null,
        'text of m1',
      ]);
    },
  );

  test('of which Codex has more turns than are known is complete', () => {
    const story = finished();
    story.send('m1');
    expect(story.say(observed({ state: 'idle', history: ['u0', 'u1', 'u9'] }))).toMatch(
      /context-checked, → turn.2$/,
    );
    expect(story.session.run.context).toEqual({ type: 'checked', known: 1, found: 1, missing: 0 });
  });

  test('whose thread came back without a turn is lost; nothing is ever sent', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    expect([
      story.say(observed({ state: 'idle', history: [] })),
      story.back('look'),
      story.after(600_000),
      story.last.wakeAt,
    ]).toEqual(['observed, thread-reported, context-checked, run-ended, is lost', 'work-returned', '', null]);
    expect([story.session.run.context, story.session.run.end]).toEqual([
      { type: 'checked', known: 1, found: 0, missing: 1 },
      { type: 'lost', detail: 'the thread came back without 1 of its 1 turns; nothing was sent' },
    ]);
    expect(story.facts.filter(({ body }) => body.type === 'work-requested' && body.key === 'turn.2')).toEqual(
      [],
    );
  });

  test('what is queued behind it is dropped with it where its thread came back incomplete', () => {
    const story = finished();
    story.send('m1');
    expect([story.send('m2'), story.send('m3', 'steer')]).toEqual(['message-accepted', 'message-accepted']);
    expect([story.say(observed({ state: 'idle', history: ['u7'] })), story.outcomes]).toEqual([
      'observed, thread-reported, context-checked, message-dropped, message-dropped, run-ended, is lost',
      ['send m2 undone', 'send m3 undone'],
    ]);
  });

  test('that a look has not read whole is not yet compared', () => {
    const story = finished();
    story.send('m1');
    expect([story.say(observed({ state: 'idle' })), story.session.run.context]).toEqual([
      'observed, thread-reported',
      { type: 'unchecked' },
    ]);
  });

  test('that trusts the thread is handed over after a look, compared or not', () => {
    const story = finished();
    expect([
      story.send('m1', 'queue', { verify: false }),
      story.session.run.context,
      story.say(observed({ state: 'idle', history: [] })),
      story.session.run.end,
    ]).toEqual([
      'run-opened, look-due, → look',
      { type: 'trusted' },
      'observed, thread-reported, → turn.2',
      null,
    ]);
  });

  test('goes on with another launch where its own cannot be used any more', () => {
    const story = finished();
    expect([
      story.send('m1', 'queue', { relaunch: { identity: 'launch-2', codexVersion: '0.170.0' } }),
      story.session.spec,
    ]).toEqual([
      'relaunched, run-opened, look-due, → look',
      { ...SPEC, identity: 'launch-2', codexVersion: '0.170.0' },
    ]);
    const same = finished();
    expect(same.send('m1', 'queue', { relaunch: { identity: 'launch-1', codexVersion: '0.169.0' } })).toBe(
      'run-opened, look-due, → look',
    );
  });

  test('before whose end a look began is compared by a look of its own', () => {
    const story = new Story().begun();
    story.after(60_000);
    story.say(turnEnded('completed'));
    expect([story.send('m1'), story.say(observed({ state: 'idle' })), story.back('look')]).toEqual([
      'run-opened, look-due',
      'observed, thread-reported',
      'work-returned, → look',
    ]);
  });

  test('may come again, and again everything that is known is compared', () => {
    const story = finished();
    story.send('m1');
    story.say(observed({ state: 'idle', history: ['u1'] }));
    story.say(SECOND);
    story.say(turnEnded('failed', 'u2'));
    story.back('look');
    expect([story.send('m2'), story.say(observed({ state: 'idle', history: ['u1'] }))]).toEqual([
      'run-opened, look-due, → look',
      'observed, thread-reported, context-checked, run-ended, is lost',
    ]);
    expect(story.session.run.context).toEqual({ type: 'checked', known: 2, found: 1, missing: 1 });
  });

  test('has no images: those went with the first prompt', () => {
    const images = ['/srv/project/a.png'];
    const command = { type: 'create', spec: { ...SPEC, images }, prompt: 'do it' } as const;
    const story = new Story(DEFAULT_POLICY, { type: 'command', command });
    story.say({ type: 'base', base: NO_BASE });
    story.say(THREAD_OPENED);
    const first = story.action;
    story.say(turnEnded('completed'));
    story.send('m1');
    story.say(observed({ state: 'idle', history: ['u1'] }));
    expect([first, story.action]).toEqual([
      { type: 'start-turn', run: 1, thread: 't1', text: 'do it', images },
      { type: 'start-turn', run: 2, thread: 't1', text: 'text of m1' },
    ]);
  });
});

describe('a run whose first thread never opened', () => {
  const unopened = (): Story => {
    const story = new Story();
    story.back('open.1', { type: 'given-up', why: 'not logged in', reason: 'auth' });
    return story;
  };

  test('is followed by one that opens a thread; there is nothing to compare', () => {
    const story = unopened();
    expect([
      story.phase,
      story.send('m1'),
      story.say({ ...THREAD_OPENED, thread: 't1' }),
      story.back('open.2'),
      story.say({ type: 'base', base: NO_BASE }),
    ]).toEqual(['failed', 'run-opened, → open.2', 'thread-bound', 'work-returned', 'base, → turn.2']);
    expect([story.action, story.session.run.context]).toEqual([
      { type: 'start-turn', run: 2, thread: 't1', text: 'text of m1' },
      null,
    ]);
  });

  test('an interrupt of it has nothing to prove', () => {
    const story = unopened();
    story.send('m1');
    story.back('open.2', { type: 'retry', why: 'no server', retryAt: story.now + 10, reason: 'crashed' });
    expect([story.end('interrupt'), story.outcomes]).toEqual([
      'end-requested, run-ended, is stopped',
      ['interrupt accepted'],
    ]);
  });
});

describe('while the history is compared', () => {
  test('a kill ends the run, and nothing is sent', () => {
    const story = finished();
    story.send('m1');
    expect([
      story.end('kill'),
      story.say(workGone([], 2)),
      story.back('look'),
      story.session.run.end,
    ]).toEqual([
      'end-requested, → end.2.kill',
      'run-ended, is stopped',
      'work-returned',
      { type: 'stopped', by: 'me', survivors: [], proven: true, mode: 'kill' },
    ]);
  });

  test('the daemon dies: the look is taken up again, and compares', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    expect([
      story.back('look', { type: 'unknown', why: 'the daemon was restarted' }),
      story.say({ type: 'gap', why: 'the daemon was restarted' }),
      story.after(1_000),
      story.say(observed({ state: 'idle', history: ['u1'] })),
    ]).toEqual([
      'work-returned',
      'look-due',
      '→ look',
      'observed, thread-reported, context-checked, → turn.2',
    ]);
  });

  test('the daemon dies while the prompt is handed over: it is, once', () => {
    const story = finished();
    story.send('m1');
    story.now += 10;
    story.say(observed({ state: 'idle', history: ['u1'] }));
    story.back('look');
    story.now += 10;
    const back = story.back('turn.2', { type: 'unknown', why: 'the daemon was restarted' });
    story.now += 10;
    expect([back, story.say(SECOND), story.say(observed({ history: ['u1', 'u2'] })), story.phase]).toEqual([
      'work-returned, → look',
      'turn-started, is working',
      'observed, thread-reported',
      'working',
    ]);
  });

  test('a change of the folder that is told late is kept', () => {
    const story = new Story().begun(GIT);
    story.say(turnEnded('completed'));
    story.send('m1');
    const changes = { files: 1, added: 2, removed: 0 };
    story.say({ type: 'changes', changes, list: [], now: { tree: 'tree', head: null } });
    expect([story.back('measure.1'), story.session.changes]).toEqual([
      '',
      { ...changes, at: story.now, now: { tree: 'tree', head: null } },
    ]);
  });
});
