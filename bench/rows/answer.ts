import type { EventView } from '../../src/client/index.ts';
import type { Request } from '../../src/core/session/request.ts';
import type { World } from '../../test/e2e/world.ts';
import { BareClient } from '../bare-client.ts';
import { working } from '../plays.ts';
import type { Row } from '../row.ts';
import { amount, type Line } from '../statistics.ts';
import { factsUntilEnded } from '../stream.ts';
import { heldAt, openWorld, startSessions } from '../worlds.ts';

const GOAL = { of: 'amount', most: 150 } as const;
const ASKS_PER_TURN = 10;
const AT_ONCE = 5;

/**
 * From Codex's own time of a request to our answer on its way: ours by the policy, with every fact on disk before
 * the answer leaves; beside it, a client that says yes and does nothing else. Both in turns, on servers of their own.
 */
export const row: Row = async (bench) => {
  const rounds = bench.quick ? 2 : 5;
  const ours = await openWorld(bench);
  const other = await openWorld(bench);
  const bare = await BareClient.open(bench, other);
  let facts: EventView[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`${round * AT_ONCE * ASKS_PER_TURN} of ${rounds * AT_ONCE * ASKS_PER_TURN} requests`);
    // Nothing is asked before all turns have begun, so that no start is measured.
    const gate = `round-${round}`;
    const prompt = working({ commands: ASKS_PER_TURN, asks: true, first: gate });
    await startSessions(ours, AT_ONCE, prompt);
    await heldAt(ours, gate, AT_ONCE);
    ours.lab.release(gate);
    facts = await factsUntilEnded(ours, round * AT_ONCE);
    const turns = Array.from({ length: AT_ONCE }, () => bare.play(prompt));
    await heldAt(other, gate, AT_ONCE);
    other.lab.release(gate);
    await Promise.all(turns);
  }
  const latencies = answerLatencies(facts);
  const asked = rounds * AT_ONCE * ASKS_PER_TURN;
  if (latencies.length !== asked || bare.latencies.length !== asked) {
    throw new Error(`${asked} requests: ${latencies.length} and ${bare.latencies.length} were answered`);
  }
  const answered = (name: string, q: number, goal: Line['goal']): Line => ({
    what: `request to answer by policy, ${name} of ${asked}`,
    measured: amount(latencies, 'ms', q),
    baseline: { name: `a bare client, ${name}`, amount: amount(bare.latencies, 'ms', q) },
    goal,
  });
  return [
    answered('p50', 0.5, null),
    answered('p99', 0.99, GOAL),
    {
      what: 'a step that asks, as the model sees it',
      measured: amount(stepTimes(ours), 'ms'),
      baseline: { name: 'a bare client', amount: amount(stepTimes(other), 'ms') },
      goal: null,
    },
  ];
};

/** From the model's request that was answered with a command to its next one, milliseconds. */
function stepTimes({ lab }: World): number[] {
  const arrivals = new Map(lab.requests().map(({ thread, position, at }) => [`${thread} ${position}`, at]));
  return lab.requests().flatMap(({ thread, position, at }) => {
    const before = arrivals.get(`${thread} ${position - 1}`);
    // The first was held by the gate.
    return position < 2 || before === undefined ? [] : [at - before];
  });
}

/** For each request that the policy answered: from its start in Codex to the answer having left. */
function answerLatencies(facts: readonly EventView[]): number[] {
  const left = new Map<string, number>();
  for (const { type, fact, at } of facts) {
    const key = /^answer\.([^.]+)\./.exec(String(fact.key))?.[1];
    const result = fact.result as { type: string } | undefined;
    if (type === 'work-returned' && key !== undefined && result?.type === 'done')
      left.set(key, Date.parse(at));
  }
  return facts.flatMap(({ type, fact }) => {
    if (type !== 'request-opened') return [];
    const { id, origin } = fact.request as Request;
    const at = left.get(id);
    return at === undefined || origin.startedAt === null ? [] : [at - origin.startedAt];
  });
}
