import { join } from 'node:path';
import { replay } from '../../src/core/policy/fold.ts';
import { apply } from '../../src/core/session/apply.ts';
import type { Fact } from '../../src/core/session/fact.ts';
import type { Session, SessionSpec } from '../../src/core/session/session.ts';
import { keepLaunch } from '../../src/store/launches.ts';
import { type Committed, Store } from '../../src/store/store.ts';
import type { World } from '../../test/e2e/world.ts';
import { openPast, type Past, sessionOf } from '../past.ts';
import type { Bench, Row } from '../row.ts';
import { amount, type Line } from '../statistics.ts';
import { interleaved, timeCox } from '../timing.ts';
import { openWorld } from '../worlds.ts';

/** Facts of the session that is looked at; what a session of the past has on average. */
const FACTS_OF_ONE = 500;
const MANY: Past = { sessions: 10_000, facts: 10_000 * FACTS_OF_ONE };
const ONE: Past = { sessions: 1, facts: FACTS_OF_ONE };
const COMMITS = 2_000;

/** What a long past costs: a commit, and a look at one session, beside the same with an empty store. */
export const row: Row = async (bench) => {
  bench.say(`a past of ${MANY.sessions} sessions and ${MANY.facts} facts`);
  const many = await openPast(bench, MANY);
  const one = await openPast(bench, ONE);
  const empty = await openWorld(bench);
  bench.say('commits');
  const commits = {
    many: commitTimes(many.places.database),
    empty: commitTimes(join(empty.root, 'e.sqlite')),
  };
  bench.say('looks');
  const looks = await lookTimes(bench, many, one);
  const line = (what: string, measured: number[], name: string, baseline: number[]): Line => ({
    what: `${what}, ${MANY.sessions.toLocaleString('en')} past sessions`,
    measured: amount(measured, 'ms'),
    baseline: { name, amount: amount(baseline, 'ms') },
    goal: null,
  });
  return [
    line('commit of a fact', commits.many, 'an empty store', commits.empty),
    line('`cox show` of one', looks.showMany, 'the only one', looks.showOne),
    line('`cox logs` of one', looks.logsMany, 'the only one', looks.logsOne),
  ];
};

async function lookTimes(bench: Bench, many: World, one: World) {
  for (const world of [many, one]) await world.ask('daemon', 'start');
  const look = (verb: string, world: World, past: Past) => {
    const id = sessionOf(world, past.sessions, FACTS_OF_ONE);
    return () => timeCox([verb, id], { env: world.env, cwd: world.work });
  };
  return interleaved(bench.quick ? 5 : 20, {
    showOne: look('show', one, ONE),
    showMany: look('show', many, MANY),
    logsOne: look('logs', one, ONE),
    logsMany: look('logs', many, MANY),
  });
}

/** Milliseconds of each of many commits of one small fact, to a new session of a store that no daemon has open. */
function commitTimes(file: string): number[] {
  const store = Store.open(file);
  try {
    keepLaunch(store, SPEC.identity, {});
    const at = Date.now();
    const birth: Fact = {
      at,
      source: 'user',
      body: { type: 'session-created', spec: SPEC, prompt: 'bench' },
    };
    let session = born(birth);
    let { slack } = commit(store, session, birth, null);
    return Array.from({ length: COMMITS }, (_, n) => {
      const body = { type: 'activity', turn: 't', line: `runs: command ${n}` } as const;
      const fact: Fact = { at: Date.now(), source: 'app-server', body };
      session = apply(session, fact);
      const begun = performance.now();
      ({ slack } = commit(store, session, fact, slack));
      return performance.now() - begun;
    });
  } finally {
    store.close();
  }
}

function commit(store: Store, session: Session, fact: Fact, slack: number | null): Committed {
  return store.commit({
    session,
    policy: { rules: [] },
    facts: [fact],
    actions: [],
    wakeAt: null,
    now: fact.at,
    cause: null,
    attentionSince: null,
    view: null,
    slack,
    returned: null,
    receipt: null,
  });
}

const SPEC: SessionSpec = {
  id: 'bench1',
  name: null,
  labels: {},
  cwd: '/',
  identity: 'bench',
  model: null,
  sandbox: 'workspace-write',
  approval: 'on-request',
  codexVersion: '0',
  overrides: [],
};

function born(birth: Fact): Session {
  const session = replay([birth]);
  if (session === null) throw new Error('the session was not born');
  return session;
}
