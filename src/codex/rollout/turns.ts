import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * The ids of the turns that a rollout has, as its `turn_context` records name them (0.169); null for a file that
 * cannot be read, or names no turn at all, as those of old versions do.
 *
 * What a model is given after a resume comes from this file, while `thread/turns/list` answers from a database of its
 * own: measured on 0.169, it lists turns that the file has lost.
 */
export async function turnsOfRollout(path: string): Promise<Set<string> | null> {
  const turns = new Set<string>();
  const lines = createInterface({
    input: createReadStream(path, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  try {
    for await (const line of lines) {
      // Most lines are long and of no interest: only those that may be are parsed.
      if (!line.includes('"turn_context"')) continue;
      const turn = turnOf(line);
      if (turn !== null) turns.add(turn);
    }
  } catch {
    return null;
  }
  return turns.size === 0 ? null : turns;
}

/** The turn that a record begins; null for any other record, and for a line that was torn. */
function turnOf(line: string): string | null {
  try {
    const record = JSON.parse(line) as { type?: unknown; payload?: { turn_id?: unknown } };
    const turn = record.type === 'turn_context' ? record.payload?.turn_id : null;
    return typeof turn === 'string' ? turn : null;
  } catch {
    return null;
  }
}
