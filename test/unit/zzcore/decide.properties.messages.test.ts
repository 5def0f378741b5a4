import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failure } from '../../../src/core/errors.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import type { Decision, Input } from '../../../src/core/policy/input.ts';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import type { FactBody } from '../../../src/core/session/fact.ts';
import { hasEnded, type RunEnd, type Session } from '../../../src/core/session/session.ts';
import { birth, life } from './arbitraries.ts';
import { rule } from './fixture.ts';
import { LAWS_OF_MESSAGES } from './laws.messages.ts';
import { live, wrongWhereAllGoesWell } from './world.ts';

const RUNS = 12000;

/** The property that one law holds in every life, of a given `decide`. */
function holds(name: string, decideWith = decide, policy = DEFAULT_POLICY) {
  const law = LAWS_OF_MESSAGES[name];
  if (law === undefined) throw new Error(`there is no law: ${name}`);
  return fc.property(life, (happenings) => {
    live(happenings, [law()], decideWith, policy);
  });
}

describe('in every life', () => {
  test.each(Object.keys(LAWS_OF_MESSAGES))('%s', (name) => {
    fc.assert(holds(name), { numRuns: RUNS });
  });
});

test('in every life with a policy', () => {
  const policy = { rules: [rule({ command: ['git', 'status'], do: 'approve' })] };
  const property = fc.property(birth, life, (create, happenings) => {
    const laws = Object.values(LAWS_OF_MESSAGES).map((law) => law());
    live(happenings, laws, decide, policy, create);
  });
  fc.assert(property, { numRuns: RUNS });
});

/** The property that an open session comes to its end where all goes well, of a given `decide`. */
function endsWell(decideWith = decide) {
  return fc.property(birth, life, (create, happenings) => {
    const world = live(happenings, [], decideWith, DEFAULT_POLICY, create);
    const wrong = wrongWhereAllGoesWell(world);
    if (wrong !== null) throw new Error(`${wrong}\n${world.tale()}`);
  });
}

test('where all goes well from now on, every open session comes to its end', () => {
  fc.assert(endsWell(), { numRuns: RUNS });
});

test('a decide that hands no queued instruction over is found out', () => {
  const found = fc.check(
    endsWell(onActions((actions) => actions.filter(({ key }) => !key.startsWith('message.')))),
    { numRuns: RUNS },
  );
  expect(String(found.errorInstance)).toMatch(/does not come to its end/);
});

/** Wrong versions of `decide`: each breaks one law. */
const BROKEN: [what: string, law: string, broken: typeof decide, how: RegExp][] = [
  [
    'forgets what is queued with its run',
    'an instruction that was acknowledged is taken or dropped, once, or waits in an open run',
    onFacts((body) => body.type !== 'message-dropped'),
    /wait in a run that has ended/,
  ],
  [
    'takes what nobody has taken',
    'an instruction is taken only where Codex says so',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      const [next] = decision.session?.messages ?? [];
      return input.type !== 'tick' || next === undefined
        ? decision
        : plus(decision, { type: 'message-taken', id: next.id, turn: 'u1' }, now);
    },
    /^Error: m\d+, after undefined/,
  ],
  [
    'lets what interrupts wait its turn',
    'instructions go in the order in which they came, one that interrupts before all others',
    onInput((input) =>
      input.type === 'command' && input.command.type === 'send'
        ? { ...input, command: { ...input.command, how: 'queue' } }
        : input,
    ),
    /and should be/,
  ],
  [
    'hands over again what may have been taken, without a look',
    'nothing is handed over a second time before a look has told that it was not taken',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      const work = input.type === 'outcome' ? session?.work[input.key] : undefined;
      if (input.type !== 'outcome' || input.result.type !== 'unknown' || work?.state.type !== 'in-flight')
        return decision;
      return plus(decision, { type: 'work-requested', key: input.key, action: work.action }, now);
    },
    /not known|a look is under way/,
  ],
  [
    'steers a turn that is over',
    'an instruction begins a turn where none runs, and steers the one that does',
    onActions((actions) =>
      actions.map((asked) =>
        asked.action.type === 'steer' ? { ...asked, action: { ...asked.action, turn: 'u0' } } : asked,
      ),
    ),
    /while .* runs/,
  ],
  [
    'speaks although an end is asked for',
    'nothing is handed over while an end is asked for, a look is due or a history is not compared',
    onSession((session) => ({ ...session, endRequested: null })),
    /is asked for/,
  ],
  [
    'speaks although a look is due',
    'nothing is handed over while an end is asked for, a look is due or a history is not compared',
    onSession((session) => ({ ...session, lookDue: null })),
    /while a look is due/,
  ],
  [
    'speaks before it has compared',
    'nothing is handed over while an end is asked for, a look is due or a history is not compared',
    onSession((session) =>
      session.run.context === null
        ? session
        : { ...session, run: { ...session.run, context: { type: 'trusted' } } },
    ),
    /before the history is compared/,
  ],
  [
    'goes on with a thread that has lost its turns',
    'to a thread that came back without turns that were known of it nothing is said',
    onFacts((body) => body.type !== 'run-ended' || body.end.type !== 'lost'),
    /missing|^Error: turn\./,
  ],
  [
    'takes any thread for one that was never used',
    'a thread with turns is never replaced by another',
    onSession((session, input) =>
      input.type === 'evidence' && input.evidence.body.type === 'thread-missing'
        ? { ...session, pastRuns: [], work: {}, run: { ...session.run, turns: [], context: null } }
        : session,
    ),
    /has (u|own)/,
  ],
  [
    'takes any turn for the answer to its prompt',
    'what a run was opened for is handed over before the run is done',
    onSession((session) => ({ ...session, run: { ...session.run, handedOver: true } })),
    /was never told/,
  ],
  [
    'has more to say of what has ended',
    'an ended run gets nothing more',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      return session !== null && hasEnded(session) && input.type === 'tick'
        ? plus(decision, { type: 'look-due', why: 'why not' }, now)
        : decision;
    },
    /look-due after the end/,
  ],
  [
    'lets the last word win',
    'an end that is asked for becomes stronger only, and is over with its run or its turn',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      if (input.type !== 'command' || input.command.type !== 'end' || decision.facts.length > 0)
        return decision;
      const { mode, by, graceMs } = input.command;
      return plus(decision, { type: 'end-requested', mode, by, graceMs }, now);
    },
    /kill, then|stop, then/,
  ],
  [
    'ends with an interrupt, whatever is queued',
    'an interrupt goes on with what is queued, and drops none of it',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      const [first] = session?.messages ?? [];
      const interrupted = decision.facts.some(({ body }) => body.type === 'interrupted');
      if (!interrupted || first === undefined) return decision;
      const dropped = { type: 'message-dropped', id: first.id, text: first.text, why: 'w' } as const;
      const end = {
        type: 'stopped',
        by: 'b',
        survivors: [],
        proven: true,
        mode: 'interrupt',
      } satisfies RunEnd;
      return plus(plus(decision, dropped, now), { type: 'run-ended', end }, now);
    },
    /it was dropped/,
  ],
  [
    'does not see that all is said and done',
    'an open run without a turn, an instruction or an end to come is over',
    onFacts((body) => body.type !== 'run-ended' || body.end.type !== 'done'),
    /nothing is to come/,
  ],
  [
    'ends what somebody does who has joined',
    'what was ended here stays so, unless somebody has joined since',
    onSession((session) => ({ ...session, attachedAt: null })),
    /ended again: true/,
  ],
  [
    'takes everybody for somebody who has joined',
    'what was ended here stays so, unless somebody has joined since',
    onSession((session) => ({ ...session, attachedAt: Number.MAX_SAFE_INTEGER })),
    /ended again: false/,
  ],
  [
    'puts aside what is open',
    'only what has ended is put aside, and needs nobody then',
    (session, input, policy, now) => {
      const decision = decide(session, input, policy, now);
      if (input.type !== 'command' || input.command.type !== 'archive') return decision;
      return plus({ ...decision, reply: { ok: true } }, { type: 'archived' }, now);
    },
    /and answered true/,
  ],
  [
    'takes no instruction while it is interrupted',
    'only while it is stopped or killed a session refuses instructions',
    (session, input, policy, now) =>
      session?.endRequested?.mode === 'interrupt' && input.type === 'command' && input.command.type === 'send'
        ? {
            session,
            facts: [],
            actions: [],
            wakeAt: now + 1,
            reply: { ok: false, failure: failure('conflict', 'no') },
          }
        : decide(session, input, policy, now),
    /while interrupt is asked for: false/,
  ],
];

test.each(BROKEN)('a decide that %s is found out', (_, law, broken, how) => {
  const found = fc.check(holds(law, broken), { numRuns: RUNS });
  expect(String(found.errorInstance)).toMatch(how);
});

function onInput(change: (input: Input) => Input): typeof decide {
  return (session, input, policy, now) => decide(session, change(input), policy, now);
}

function onSession(change: (session: Session, input: Input) => Session): typeof decide {
  return (session, input, policy, now) =>
    decide(session === null ? null : change(session, input), input, policy, now);
}

function onActions(change: (actions: Decision['actions']) => Decision['actions']): typeof decide {
  return (...given) => {
    const decision = decide(...given);
    return { ...decision, actions: change(decision.actions) };
  };
}

function onFacts(keep: (body: FactBody) => boolean): typeof decide {
  return (...given) => {
    const decision = decide(...given);
    return { ...decision, facts: decision.facts.filter(({ body }) => keep(body)) };
  };
}

function plus(decision: Decision, body: FactBody, at: number): Decision {
  return { ...decision, facts: [...decision.facts, { at, source: 'coxswain', body }] };
}
