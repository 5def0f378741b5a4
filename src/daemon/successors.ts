import type { RunEnd } from '../core/session/session.ts';
import type { Loop } from './loop.ts';

/**
 * Tells sessions that wait for others of their ends: as they come, and, since a daemon may die between an end and
 * the word of it, of all that have ended already.
 */
export class Successors {
  readonly #loop: Loop;
  readonly #now: () => number;

  constructor(loop: Loop, now: () => number) {
    this.#loop = loop;
    this.#now = now;
    loop.onEnd((id, end) => this.#ended(id, end));
  }

  /** Of every open session; at the start of a daemon. */
  resume(): void {
    for (const { session } of this.#loop.openSessions()) this.settle(session.spec.id);
  }

  /** Tells one session of those that it waits for and that have ended. */
  settle(id: string): void {
    for (const predecessor of this.#loop.session(id)?.session.awaits ?? []) {
      const found = this.#loop.session(predecessor);
      // One that was removed had ended, and nobody can say how.
      const end: RunEnd | null = found === null ? { type: 'lost', detail: 'removed' } : found.session.run.end;
      if (end !== null) this.#tell(id, predecessor, end);
    }
  }

  #ended(predecessor: string, end: RunEnd): void {
    for (const { session } of this.#loop.openSessions()) {
      if (session.awaits.includes(predecessor)) this.#tell(session.spec.id, predecessor, end);
    }
  }

  #tell(id: string, predecessor: string, end: RunEnd): void {
    this.#loop.say(id, {
      source: 'coxswain',
      at: this.#now(),
      body: { type: 'predecessor-ended', session: predecessor, end: end.type },
    });
  }
}
