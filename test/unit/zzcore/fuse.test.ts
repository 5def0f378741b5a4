import { describe, expect, test } from 'vitest';
import { CONTRADICTION_BOUND_MS, fuse, LOOK_BOUND_MS } from '../../../src/core/evidence/fuse.ts';
import type { RunEnd, Session } from '../../../src/core/session/session.ts';
import { approval, observed, opened, rule, Story, turnEnded } from './fixture.ts';

const NOW = 100_000;
const begun = new Story().begun().session;
const asked = (() => {
  const story = new Story().begun();
  story.say(opened('r1'));
  return story.session;
})();

/** What makes each verdict, from the one that goes before all others to the one behind all others. */
const ENDED: Partial<Session> = {
  run: { ...begun.run, end: { type: 'lost', detail: 'no rollout found' }, endedAt: NOW - 1 },
};
const GONE: Partial<Session> = { serverGone: { at: NOW - 1, detail: 'its process has ended' } };
const CONTRADICTED: Partial<Session> = { report: { at: 1, state: 'idle', waiting: false } };
const WAITING: Partial<Session> = { requests: asked.requests };
const OVERDUE: Partial<Session> = { lookDue: { at: 1, why: 'a gap', covered: true } };
const THROTTLED: Partial<Session> = { trouble: { cause: 'network', message: 'm', since: 1, until: null } };

const ORDER: [name: string, given: Partial<Session>, phase: string, fact: string][] = [
  ['the end of the run', ENDED, 'lost', 'no rollout found'],
  ['a server that is gone', GONE, 'unknown', 'the app-server is out of reach: its process has ended'],
  ['a contradiction', CONTRADICTED, 'unknown', 'thread/status idle'],
  ['a request', WAITING, 'waiting', 'item/commandExecution/requestApproval r1: Run outside the sandbox?'],
  ['a look that is overdue', OVERDUE, 'unknown', 'what Codex knows could not be compared since: a gap'],
  ['trouble', THROTTLED, 'throttled', 'Codex retries: m'],
  ['work', {}, 'working', 'the turn is in progress'],
];

describe('the verdict is that of the first of these that holds', () => {
  test.each(ORDER)('%s', (name, given, phase, fact) => {
    const first = ORDER.findIndex(([other]) => other === name);
    const weaker = ORDER.slice(first + 1).map(([, state]) => state);
    const verdicts = [given, ...weaker.map((state) => ({ ...state, ...given }))].map((state) => {
      const status = fuse({ ...begun, ...state }, NOW);
      return [status.phase, status.because[0]?.fact, status.confidence];
    });
    const confidence = phase === 'unknown' ? null : 'certain';
    expect(verdicts).toEqual(verdicts.map(() => [phase, fact, confidence]));
  });
});

describe('bounds', () => {
  test.each([
    [LOOK_BOUND_MS - 1, 'working'],
    [LOOK_BOUND_MS, 'unknown'],
  ])('a look that is due for %i ms', (late, phase) => {
    const session = { ...begun, lookDue: { at: NOW - late, why: 'a gap', covered: false } };
    expect(fuse(session, NOW).phase).toBe(phase);
  });

  test.each([
    [CONTRADICTION_BOUND_MS - 1, 'working'],
    [CONTRADICTION_BOUND_MS, 'unknown'],
  ])('a thread that is said to be idle for %i ms', (late, phase) => {
    const session: Session = { ...begun, report: { at: NOW - late, state: 'idle', waiting: false } };
    expect(fuse(session, NOW).phase).toBe(phase);
  });

  test('a session wakes when its look has been due for too long, and knows again after one', () => {
    const story = new Story().begun();
    story.say({ type: 'gap', why: 'the connection closed' });
    expect([
      story.last.wakeAt,
      story.after(LOOK_BOUND_MS - 1),
      story.after(1),
      story.say(observed()),
    ]).toEqual([1_000 + LOOK_BOUND_MS, '', 'is unknown', 'observed, thread-reported, is working']);
  });
});

describe('a stop', () => {
  type Stop = Partial<RunEnd & { type: 'stopped' }>;
  test.each<[string, Stop, source: string, fact: string]>([
    ['with proof', {}, 'machine', 'ended for me; nothing of it runs'],
    [
      'with survivors',
      { survivors: ['pid 7', 'pid 8'] },
      'machine',
      'ended for me, but these still run: pid 7, pid 8',
    ],
    [
      'without proof',
      { by: 'elsewhere', proven: false },
      'app-server',
      'the turn was interrupted from elsewhere; commands that it started may still run',
    ],
  ])('%s', (_, given, source, fact) => {
    const end: RunEnd = { type: 'stopped', by: 'me', survivors: [], proven: true, ...given };
    const run = { ...begun.run, end, endedAt: NOW - 5 };
    expect(fuse({ ...begun, run }, NOW).because).toEqual([{ source, fact, at: NOW - 5 }]);
  });

  test('a turn that was interrupted elsewhere is stopped without proof', () => {
    const story = new Story().begun();
    story.say(turnEnded('interrupted'));
    expect([story.session.run.end, story.session.status.because[0]?.source]).toEqual([
      { type: 'stopped', by: 'elsewhere', survivors: [], proven: false },
      'app-server',
    ]);
  });
});

test('who waits is told why the policy left it to a person', () => {
  const policy = { rules: [rule({ name: 'look', command: ['git', 'status'], do: 'approve' })] };
  const story = new Story(policy).begun();
  expect(story.say(opened('r1', approval({ writable: ['/srv/project/git'] })))).toBe(
    'request-opened, request-ruled, is waiting',
  );
  expect([story.after(10), story.session.status.because]).toEqual([
    '',
    [
      {
        source: 'app-server',
        fact: 'item/commandExecution/requestApproval r1: Run outside the sandbox?',
        at: 1_000,
      },
      {
        source: 'policy',
        fact: 'look: the session can write /srv/project/git (writable = "allow" permits it)',
        at: 1_000,
      },
    ],
  ]);
});
