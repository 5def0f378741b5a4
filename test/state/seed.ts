import { replay } from '../../src/core/policy/fold.ts';
import { attentionSince } from '../../src/core/session/attention.ts';
import type { Fact } from '../../src/core/session/fact.ts';
import { keptView } from '../../src/daemon/kept-view.ts';
import { keepLaunch } from '../../src/store/launches.ts';
import { Store } from '../../src/store/store.ts';
import { LAUNCHES, LEAST_FACTS, Tale } from './tale.ts';

export type Past = {
  sessions: number;
  /** Of all sessions together; at least 30 for each. Few sessions have very many, most have few. */
  facts: number;
  /** The same number gives the same past, at the same time. */
  seed: number;
  /** About when the newest of them ended, milliseconds since the epoch; now unless told. */
  until?: number;
};

/** From the oldest session to the newest, milliseconds: 20 days, so that by default none is too old to be kept. */
const SPAN_MS = 1_728_000_000;

/**
 * Fills a database with sessions that have ended, through the same calls as the daemon. Five million facts take
 * about a minute and 1.5 GB. Nine of ten were seen, one of twenty is put aside, one of ten failed.
 */
export function seedPast(file: string, past: Past): void {
  if (past.facts < past.sessions * LEAST_FACTS) {
    throw new Error(`${past.sessions} sessions have at least ${past.sessions * LEAST_FACTS} facts`);
  }
  const chance = randomOf(past.seed);
  const store = Store.open(file);
  // A journal of 64 MB instead of 4: nobody reads meanwhile.
  store.database.prepared('pragma wal_autocheckpoint = 16000').get();
  for (let n = 0; n < LAUNCHES; n += 1)
    keepLaunch(store, `launch-${n}`, { codexHome: `/home/user/.codex-${n}` });
  const sizes = sizesOf(past, chance);
  const begin = (past.until ?? Date.now()) - SPAN_MS;
  for (const [index, size] of sizes.entries()) {
    const at = begin + Math.floor((SPAN_MS * index) / sizes.length);
    keepPast(store, new Tale(chance, idOf(index), at).told(size));
  }
  store.close();
}

/** The id of the session of this place in the order of creation: six characters, spread as random ones are. */
export function idOf(index: number): string {
  const least = 36 ** 5;
  // A step that has no factor in common with the count of such ids meets each of them once.
  return (least + ((index * 7_919_777) % (35 * least))).toString(36);
}

function keepPast(store: Store, facts: readonly Fact[]): void {
  const session = replay(facts);
  if (session === null) throw new Error('nothing was born');
  const at = facts.at(-1)?.at ?? 0;
  store.commit({
    session,
    policy: { rules: [] },
    facts,
    actions: [],
    wakeAt: null,
    now: at,
    cause: null,
    attentionSince: attentionSince(session),
    view: keptView(session, at),
    slack: null,
    returned: null,
    receipt: { command: `command-${session.spec.id}`, reply: { ok: true } },
  });
}

/** How many facts each session has; the sum is what was asked for. */
function sizesOf({ sessions, facts }: Past, chance: () => number): number[] {
  const weights = Array.from({ length: sessions }, () =>
    Math.exp(3 * (chance() + chance() + chance() - 1.5)),
  );
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const free = facts - sessions * LEAST_FACTS;
  const sizes = weights.map((weight) => LEAST_FACTS + Math.floor((free * weight) / whole));
  const left = facts - sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size, index) => size + (index < left ? 1 : 0));
}

/** Between 0 and 1, the same row of numbers for the same seed (mulberry32, public domain). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
