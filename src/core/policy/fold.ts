import { apply, begin } from '../session/apply.ts';
import type { Fact, FactBody } from '../session/fact.ts';
import type { Session } from '../session/session.ts';
import type { Source } from '../session/status.ts';

/** A session that grows: the facts added so far and the session they make. Lives for one `decide` only. */
export class Growing {
  readonly facts: Fact[] = [];
  session: Session;
  readonly now: number;

  private constructor(session: Session, now: number) {
    this.session = session;
    this.now = now;
  }

  static of(session: Session, now: number): Growing {
    return new Growing(session, now);
  }

  static fromBirth(body: FactBody & { type: 'session-created' }, now: number): Growing {
    const growing = new Growing(begin(body.spec, body.prompt, now), now);
    growing.facts.push({ at: now, source: 'user', body });
    return growing;
  }

  add(source: Source, body: FactBody): void {
    const fact: Fact = { at: this.now, source, body };
    this.facts.push(fact);
    this.session = apply(this.session, fact);
  }
}

/** The session that a list of facts makes; null where the list does not begin with `session-created`. */
export function replay(facts: readonly Fact[]): Session | null {
  const [first, ...rest] = facts;
  if (first?.body.type !== 'session-created') return null;
  return rest.reduce(apply, begin(first.body.spec, first.body.prompt, first.at));
}
