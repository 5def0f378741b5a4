import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import { apply, begin } from '../../../src/core/session/apply.ts';
import type { Fact, FactBody } from '../../../src/core/session/fact.ts';
import type { Session, SessionSpec } from '../../../src/core/session/session.ts';
import { keepLaunch } from '../../../src/store/launches.ts';
import { type Commit, Store } from '../../../src/store/store.ts';

/** A store in a folder of its own, with one launch to hang sessions on. */
export class StorePlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'cox-store-'));
  readonly file = join(this.folder, 'state.db');
  store: Store;

  constructor() {
    this.store = this.open();
    keepLaunch(this.store, 'launch-1', { binary: 'codex' });
  }

  open(): Store {
    this.store = Store.open(this.file);
    return this.store;
  }

  /** What a daemon that was killed and started again finds. */
  reopen(): Store {
    this.store.close();
    return this.open();
  }

  remove(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** One session that is committed step by step, as the loop does it. The first commit has its birth before all else. */
export class Kept {
  session: Session;
  slack: number | null = null;
  readonly #store: Store;
  #birth: Fact[];

  constructor(store: Store, id: string, given: Partial<SessionSpec> = {}, at = 1_000) {
    const spec: SessionSpec = {
      id,
      name: null,
      labels: {},
      cwd: '/srv/project',
      identity: 'launch-1',
      model: null,
      sandbox: 'workspace-write',
      approval: 'on-request',
      codexVersion: '0.169.0',
      overrides: [],
      ...given,
    };
    this.#store = store;
    this.session = begin(spec, 'do it', at);
    this.#birth = [fact({ type: 'session-created', spec, prompt: 'do it' }, at)];
  }

  /** What the commit of these facts would be. */
  next(facts: readonly Fact[], given: Partial<Commit> = {}): Commit {
    return {
      session: facts.reduce(apply, this.session),
      policy: DEFAULT_POLICY,
      facts: [...this.#birth, ...facts],
      actions: [],
      wakeAt: null,
      now: 1_000,
      cause: null,
      attentionSince: null,
      view: null,
      slack: this.slack,
      returned: null,
      receipt: null,
      ...given,
    };
  }

  /** Commits these facts and returns their numbers. */
  commit(facts: readonly Fact[] = [], given: Partial<Commit> = {}): number[] {
    const commit = this.next(facts, given);
    const { seqs, slack } = this.#store.commit(commit);
    this.session = commit.session;
    this.slack = slack;
    this.#birth = [];
    return seqs;
  }
}

export function fact(body: FactBody, at = 1_000): Fact {
  return { at, source: 'coxswain', body };
}

export function note(text: string): Fact {
  return fact({ type: 'note', text });
}

export function bound(thread: string): Fact {
  return fact({ type: 'thread-bound', thread, server: 's1', rollout: null, model: null, writableRoots: [] });
}

export function ended(at = 2_000): Fact {
  return fact({ type: 'run-ended', end: { type: 'done', doubts: [] } }, at);
}

export function requestOpened(id: string): Fact {
  return fact({
    type: 'request-opened',
    request: {
      id,
      run: 1,
      origin: { server: 's1', rpcId: '0', method: 'm', thread: 't1', turn: 'u1', item: id, startedAt: null },
      ask: { need: 'network', question: '?', choices: [] },
      openedAt: 1,
      ruled: null,
      undone: 0,
      state: { type: 'open' },
    },
  });
}

export function answerCommitted(requestId: string): Fact {
  return fact({
    type: 'answer-committed',
    requestId,
    answer: { type: 'choice', id: 'accept', message: null },
    by: 'me',
    why: 'Yes',
    intervention: 'approve',
  });
}
