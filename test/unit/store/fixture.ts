import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import { begin } from '../../../src/core/session/apply.ts';
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

  remove(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }
}

export function sessionOf(id: string, given: Partial<SessionSpec> = {}, at = 1_000): Session {
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
  return begin(spec, 'do it', at);
}

export function ended(session: Session): Session {
  return { ...session, run: { ...session.run, end: { type: 'done', doubts: [] }, endedAt: 2_000 } };
}

export function fact(body: FactBody, at = 1_000): Fact {
  return { at, source: 'coxswain', body };
}

export function note(text: string): Fact {
  return fact({ type: 'note', text });
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

export function commitOf(session: Session, given: Partial<Commit> = {}): Commit {
  return {
    session,
    policy: DEFAULT_POLICY,
    facts: [],
    actions: [],
    wakeAt: null,
    now: 1_000,
    cause: null,
    attentionSince: null,
    returned: null,
    receipt: null,
    ...given,
  };
}
