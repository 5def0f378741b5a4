import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EvidenceBody } from '../../../src/core/evidence/evidence.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import { DEFAULT_POLICY, type Policy } from '../../../src/core/policy/policy.ts';
import { birth, life, type Return } from './arbitraries.ts';
import { message, rule, Story, THREAD_OPENED, TURN_STARTED, turnEnded } from './fixture.ts';
import { LAWS } from './laws.ts';
import { live, wrongInSilence } from './world.ts';

const RUNS = 1000;

describe('in every life', () => {
  test.each(Object.entries(LAWS))('%s', (_, law) => {
    fc.assert(
      fc.property(life, (happenings) => {
        live(happenings, [law()]);
      }),
      { numRuns: RUNS },
    );
  });
});

/** Some of what the lives ask is approved, some denied, some answered, some left to people. */
const POLICY: Policy = {
  rules: [
    rule({ name: 'status', command: ['git', 'status'], do: 'approve' }),
    rule({ name: 'which', need: 'question', do: 'answer', option: 1 }),
  ],
};

test('in every life with a policy', () => {
  fc.assert(
    fc.property(birth, life, (create, happenings) => {
      const laws = Object.values(LAWS).map((law) => law());
      live(happenings, laws, decide, POLICY, create);
    }),
    { numRuns: RUNS },
  );
});

test('in no life without rules does a policy answer', () => {
  fc.assert(
    fc.property(life, (happenings) => {
      const { facts } = live(happenings, []);
      expect(facts.filter(({ source }) => source === 'policy')).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

/** How actions come back once nothing else happens any more; the driver's contract allows each of these. */
const RETURNING: Return[][] = [['done'], ['retry'], ['unknown'], ['unknown', 'done'], ['retry', 'stale']];
/** The app-server driver gives up whatever Codex refuses, looks and ends too. */
const REFUSING: Return[][] = [['given-up'], ['given-up', 'retry'], ['done', 'given-up']];

/** The property that no silence lasts for ever, of a given `decide`. */
function noSilence(decideWith: typeof decide, returning: Return[][] = RETURNING) {
  return fc.property(birth, life, fc.constantFrom(...returning), (create, happenings, results) => {
    const world = live(happenings, [], decideWith, DEFAULT_POLICY, create);
    const wrong = wrongInSilence(world, results);
    if (wrong !== null) throw new Error(`${wrong}\n${world.tale()}`);
  });
}

describe('when nothing happens any more', () => {
  test('an open session goes on looking, and an ended one comes to rest', () => {
    fc.assert(noSilence(decide), { numRuns: RUNS });
  });

  test('nor does it fall silent where Codex refuses', () => {
    fc.assert(noSilence(decide, REFUSING), { numRuns: RUNS });
  });

  test.each<[string, typeof decide, RegExp]>([
    ['forgets when to wake', (...given) => ({ ...decide(...given), wakeAt: null }), /no time to wake/],
    ['swallows what is asked for', (...given) => ({ ...decide(...given), actions: [] }), /fallen silent/],
    [
      'swallows looks',
      (...given) => {
        const decision = decide(...given);
        return { ...decision, actions: decision.actions.filter(({ action }) => action.type !== 'look') };
      },
      /fallen silent/,
    ],
  ])('a decide that %s is found out', (_, broken, how) => {
    const found = fc.check(noSilence(broken), { numRuns: RUNS });
    expect(String(found.errorInstance)).toMatch(how);
  });
});

/** All that is said of one turn that says something, runs something and is done. */
const OF_A_TURN: EvidenceBody[] = [
  TURN_STARTED,
  message('i1', 'I begin'),
  {
    type: 'item-completed',
    thread: 't1',
    turn: 'u1',
    item: {
      kind: 'command',
      id: 'i2',
      command: 'ls',
      cwd: '/srv/project',
      state: 'completed',
      exitCode: 0,
      durationMs: 1,
    },
  },
  message('i3', 'done'),
  { type: 'progress', thread: 't1', turn: 'u1' },
  { type: 'retrying', thread: 't1', turn: 'u1', cause: 'network', message: 'm', until: null },
  turnEnded('completed'),
];

/** All of it, each once or more often, in any order. */
const anyOrder = fc
  .array(fc.constantFrom(...OF_A_TURN), { maxLength: 8 })
  .chain((again) =>
    fc.shuffledSubarray([...OF_A_TURN, ...again], { minLength: OF_A_TURN.length + again.length }),
  );

test('a finished turn is done with all its items, in whatever order and however often it is told', () => {
  fc.assert(
    fc.property(anyOrder, fc.boolean(), (told, handedOver) => {
      const story = new Story().begun();
      const early = new Story();
      early.say(THREAD_OPENED);
      const on = handedOver ? story : early;
      for (const body of told) on.say(body);
      const items = on.facts.flatMap(({ body }) => (body.type === 'item' ? [body.item.id] : []));
      expect({ phase: on.phase, runs: on.session.run.n, items: items.sort() }).toEqual({
        phase: 'done',
        runs: 1,
        items: ['i1', 'i2', 'i3'],
      });
    }),
    { numRuns: RUNS },
  );
});
