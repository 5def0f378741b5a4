import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Report, reportOf } from '../../../src/core/report/report.ts';
import { apply, begin } from '../../../src/core/session/apply.ts';
import type { Fact } from '../../../src/core/session/fact.ts';
import { hasEnded, openRequests } from '../../../src/core/session/session.ts';
import { ENDED_PHASES } from '../../../src/core/session/status.ts';
import { life } from './arbitraries.ts';
import {
  approval,
  finished,
  GIT,
  message,
  observed,
  opened,
  rule,
  Story,
  turnEnded,
  userItem,
  workGone,
} from './fixture.ts';
import { live, type World } from './world.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;
const of = (story: Story): Report => reportOf(story.facts, story.now);

const ran = (id: string, state: 'completed' | 'failed' | 'declined') =>
  ({
    type: 'item-completed',
    thread: 't1',
    turn: 'u1',
    item: {
      kind: 'command',
      id,
      command: `npm run ${id}`,
      cwd: '/srv/project',
      state,
      exitCode: state === 'completed' ? 0 : null,
      durationMs: 20,
    },
  }) as const;

test('a session that was told twice, ran, asked, and was resumed', () => {
  const story = new Story().begun(GIT);
  story.now += 100;
  story.say(ran('i1', 'completed'));
  story.say(opened('r1', approval({ command: 'git push' })));
  story.now += 1_000;
  const answer = { type: 'choice', id: 'decline', message: 'not today' } as const;
  story.command({ type: 'answer', requestId: 'r1', answer, by: 'me' });
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
  story.say(ran('i2', 'declined'));
  story.say({ type: 'item-completed', thread: 't1', turn: 'u1', item: { kind: 'compaction', id: 'i3' } });
  story.say({ type: 'retrying', thread: 't1', turn: 'u1', cause: 'network', message: 'reset', until: null });
  story.now += 500;
  story.send('m1', 'steer');
  story.say(userItem('m1'));
  story.say(message('i4', 'Done.'));
  story.say(turnEnded('completed'));
  const changes = { files: 1, added: 2, removed: 3 };
  const list = [{ path: 'a.ts', kind: 'modified', from: null, added: 2, removed: 3 }];
  story.say({ type: 'changes', changes, list, now: { tree: 'tree', head: null } });
  story.now += 60_000;
  story.send('m2');
  story.now += 300;
  story.say(observed({ state: 'idle', history: ['u1'] }));
  story.say(SECOND);
  story.now += 40;
  expect(of(story)).toEqual({
    runs: [
      { n: 1, thread: 't1', startedAt: 1_000, endedAt: 2_600, context: null },
      {
        n: 2,
        thread: 't1',
        startedAt: 62_600,
        endedAt: null,
        context: { type: 'checked', known: 1, found: 1, missing: 0 },
      },
    ],
    instructions: [
      { at: 1_000, by: 'user', text: 'do it', outcome: 'taken' },
      { at: 2_600, by: 'me', text: 'text of m1', outcome: 'taken' },
      { at: 62_600, by: 'user', text: 'text of m2', outcome: 'taken' },
    ],
    commands: [
      {
        at: 1_100,
        run: 1,
        command: 'npm run i1',
        cwd: '/srv/project',
        state: 'completed',
        exitCode: 0,
        durationMs: 20,
      },
      {
        at: 2_100,
        run: 1,
        command: 'npm run i2',
        cwd: '/srv/project',
        state: 'declined',
        exitCode: null,
        durationMs: 20,
      },
    ],
    requests: [
      {
        id: 'r1',
        at: 1_100,
        need: 'approval',
        question: 'Run outside the sandbox?',
        command: 'git push',
        how: 'answered',
        answer: 'decline',
        by: 'me',
        why: 'No, and go on: not today',
        closedAt: 2_100,
      },
    ],
    troubles: [{ at: 2_100, cause: 'network', message: 'reset' }],
    phases: [
      { phase: 'starting', ms: 300 },
      { phase: 'working', ms: 140 },
      { phase: 'waiting', ms: 1_000 },
      { phase: 'throttled', ms: 500 },
    ],
    changes: { ...changes, at: 2_600, list },
    compactions: 1,
    lastMessage: 'Done.',
  });
});

describe('a request', () => {
  const asked = (story: Story) =>
    of(story).requests.map(({ how, answer, by, why }) => [how, answer, by, why]);

  test('that nobody has answered is open', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    expect(asked(story)).toEqual([[null, null, null, null]]);
  });

  test('that nobody answered before its run ended was withdrawn', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.end('kill');
    story.say(workGone());
    expect(asked(story)).toEqual([['withdrawn', null, null, 'its run has ended']]);
  });

  test('that nobody answered before its turn was interrupted was withdrawn', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.send('m1', 'interrupt');
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    expect(asked(story)).toEqual([['withdrawn', null, null, 'its turn was interrupted']]);
  });

  test('whose first answer could not be delivered has the second', () => {
    const policy = { rules: [rule({ name: 'status', command: ['git', 'status'], do: 'approve' })] };
    const story = new Story(policy).begun();
    story.say(opened('r1'));
    story.back('answer.r1.0', { type: 'given-up', why: 'the answer does not fit', reason: 'config' });
    const undone = asked(story);
    const answer = { type: 'choice', id: 'decline', message: null } as const;
    story.command({ type: 'answer', requestId: 'r1', answer, by: 'me' });
    story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
    expect([undone, asked(story)]).toEqual([
      [[null, null, null, 'the answer does not fit']],
      [['answered', 'decline', 'me', 'No, and go on']],
    ]);
  });
});

describe('an instruction', () => {
  const told = (story: Story) => of(story).instructions.map(({ text, outcome }) => [text, outcome]);

  test('that is queued is open, and lost with its run', () => {
    const story = new Story().begun();
    story.send('m1');
    const before = told(story);
    story.say(turnEnded('failed'));
    expect([before, told(story)]).toEqual([
      [
        ['do it', 'taken'],
        ['text of m1', 'open'],
      ],
      [
        ['do it', 'taken'],
        ['text of m1', 'lost'],
      ],
    ]);
  });

  test('whose run ended without it was never delivered', () => {
    const lost = finished();
    lost.send('m1');
    lost.say(observed({ state: 'idle', history: [] }));
    const stopped = new Story();
    stopped.end('kill');
    stopped.back('open.1', { type: 'retry', why: 'w', retryAt: 9_000, reason: 'crashed' });
    expect([told(lost).at(-1), told(stopped)]).toEqual([['text of m1', 'lost'], [['do it', 'lost']]]);
  });

  test('is not taken by a turn that somebody else began', () => {
    const story = finished();
    story.send('m1');
    story.say({ ...SECOND, turn: 'theirs' });
    const foreign = told(story).at(-1);
    story.say(turnEnded('completed', 'theirs'));
    story.say(observed({ state: 'idle', history: ['u1', 'theirs'] }));
    story.say(SECOND);
    expect([foreign, told(story).at(-1)]).toEqual([
      ['text of m1', 'open'],
      ['text of m1', 'taken'],
    ]);
  });

  test('of somebody else is none of ours, and its run has no prompt', () => {
    const story = finished();
    story.say(SECOND);
    expect([told(story), of(story).runs.length]).toEqual([[['do it', 'taken']], 2]);
  });
});

/** The session that each of the facts makes. */
function* sessions(facts: readonly Fact[]) {
  const [first, ...rest] = facts;
  if (first?.body.type !== 'session-created') throw new Error('no beginning');
  let session = begin(first.body.spec, first.body.prompt, first.at);
  yield { at: first.at, session };
  for (const fact of rest) {
    session = apply(session, fact);
    yield { at: fact.at, session };
  }
}

/** What a report has to say of time, told from the sessions instead of the facts. */
function timeIn(world: World): Record<string, number> {
  const time: Record<string, number> = {};
  const told = [...sessions(world.facts)];
  told.forEach(({ at, session }, index) => {
    const { phase } = session.status;
    if (ENDED_PHASES.some((ended) => ended === phase)) return;
    time[phase] = (time[phase] ?? 0) + (told[index + 1]?.at ?? world.now) - at;
  });
  return time;
}

describe('of every life', () => {
  const reported = (check: (world: World, report: Report) => void) =>
    fc.assert(
      fc.property(life, (happenings) => {
        const world = live(happenings, []);
        const facts = structuredClone(world.facts);
        check(world, reportOf(world.facts, world.now));
        expect(world.facts).toEqual(facts);
      }),
      { numRuns: 300 },
    );

  test('the time of each phase is told, and all of them make the time that runs were open', () => {
    reported((world, { phases, runs }) => {
      const open = runs.reduce((sum, { startedAt, endedAt }) => sum + (endedAt ?? world.now) - startedAt, 0);
      expect(phases.reduce((sum, { ms }) => sum + ms, 0)).toBe(open);
      const told = phases.flatMap(({ phase, ms }) => (ms > 0 ? [[phase, ms] as const] : []));
      const expected = Object.entries(timeIn(world)).filter(([, ms]) => ms > 0);
      expect(new Map(told)).toEqual(new Map(expected));
      expect(new Set(told.map(([phase]) => phase)).size).toBe(told.length);
    });
  });

  test('every request is told once, as it stands', () => {
    reported(({ session }, { requests }) => {
      expect(requests.map(({ id, need, how, closedAt }) => [id, need, how, closedAt])).toEqual(
        session.requests.map(({ id, ask, state }) =>
          state.type === 'closed' ? [id, ask.need, state.how, state.at] : [id, ask.need, null, null],
        ),
      );
      const open = openRequests(session).map(({ id }) => id);
      expect(requests.filter(({ how, by }) => how === null && by === null).map(({ id }) => id)).toEqual(open);
    });
  });

  test('every command is told once, with its run', () => {
    reported(({ facts }, { commands }) => {
      let run = 1;
      const expected: [number, number, string][] = [];
      for (const { at, body } of facts) {
        if (body.type === 'run-opened') run = body.n;
        if (body.type === 'item' && body.item.kind === 'command') expected.push([at, run, body.item.state]);
      }
      expect(commands.map(({ at, run: of, state }) => [at, of, state])).toEqual(expected);
    });
  });

  test('every prompt and instruction is told once, and what waits is what the session keeps', () => {
    reported(({ facts, session }, { instructions }) => {
      const given = facts.flatMap(({ body }) => {
        if (body.type === 'session-created') return [body.prompt];
        if (body.type === 'run-opened' && body.prompt !== '') return [body.prompt];
        if (body.type === 'message-accepted') return [body.message.text];
        // What was typed in a terminal that has joined.
        if (body.type !== 'item' || body.item.kind !== 'user') return [];
        return body.item.message === undefined ? [body.item.text] : [];
      });
      expect(instructions.map(({ text }) => text)).toEqual(given);
      const open = instructions.flatMap(({ text, outcome }) => (outcome === 'open' ? [text] : []));
      const prompt = session.run.prompt !== '' && !session.run.handedOver ? [session.run.prompt] : [];
      const kept = hasEnded(session) ? [] : [...prompt, ...session.messages.map(({ text }) => text)];
      expect(open.toSorted()).toEqual(kept.toSorted());
    });
  });

  test('every run is told once, with its times and its thread', () => {
    reported(({ session }, { runs, lastMessage }) => {
      expect(runs.map(({ n, startedAt, endedAt }) => [n, startedAt, endedAt])).toEqual(
        [...session.pastRuns, session.run].map((run) => [run.n, run.openedAt, run.endedAt]),
      );
      expect(lastMessage).toBe(session.lastMessage);
    });
  });
});

describe('what is typed elsewhere', () => {
  test('is reported once for each turn, also where two items have one id (an item is known by turn and id)', () => {
    const story = finished();
    const typed = (turn: string) => {
      const item = { kind: 'user', id: 'i1', text: `typed in ${turn}` } as const;
      return { type: 'item-completed', thread: 't1', turn, item } as const;
    };
    story.say(SECOND);
    story.say(typed('u2'));
    story.say(turnEnded('completed', 'u2'));
    story.say({ ...SECOND, turn: 'u3' });
    story.say(typed('u3'));
    const told = reportOf(story.facts, story.now).instructions.map(({ text }) => text);
    expect(told).toEqual(['do it', 'typed in u2', 'typed in u3']);
  });
});
