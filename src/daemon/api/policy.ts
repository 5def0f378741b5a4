import { realpathSync } from 'node:fs';
import type { Hono } from 'hono';
import { readCommandLine } from '../../codex/command-line.ts';
import { writableOperands } from '../../codex/writable.ts';
import { CoxError, failure } from '../../core/errors.ts';
import type { Policy } from '../../core/policy/policy.ts';
import { readingsOf, ruleOn } from '../../core/policy/rules.ts';
import type { Ask } from '../../core/session/request.ts';
import { openRequests } from '../../core/session/session.ts';
import { type PolicyTestBody, policyTestBody } from '../../protocol/commands.ts';
import { type PolicyView, type RulingView, rulingView } from '../../protocol/policy-view.ts';
import { findSession } from '../../store/find.ts';
import { readPolicy } from '../policy-text.ts';
import type { ApiPorts } from './app.ts';
import { checked } from './checked.ts';

/** Routes that say what a policy does, and do nothing. */
export function addPolicyRoutes(app: Hono, { store, loop, now }: ApiPorts): void {
  app.post('/v1/policy/test', async (context) => {
    const body = checked(policyTestBody, await context.req.json());
    const policy = readPolicy(body.path, body.text);
    const rulings = body.command === null ? [] : [supposed(policy, body, body.command)];
    const view: PolicyView = { schemaVersion: 1, session: null, rules: policy.rules.length, rulings };
    return context.json(view);
  });
  /** A session: all its open requests, else its newest; a request: that one. */
  app.get('/v1/policy/explain/:target', (context) => {
    const target = context.req.param('target');
    const owner = store.sessionOfRequest(target);
    const found = owner === null ? findSession(store, target, now()) : { ok: true as const, id: owner };
    if (!found.ok) throw new CoxError(found.failure);
    const stored = loop.session(found.id);
    if (stored === null) throw new CoxError(failure('not-found', `There is no session ${target}.`));
    const { session, policy } = stored;
    const open = openRequests(session);
    const ofSession = open.length > 0 ? open : session.requests.slice(-1);
    const wanted = owner === null ? ofSession : session.requests.filter(({ id }) => id === target);
    const rulings = wanted.map(({ id: requestId, ask }) => ruling(policy, session.spec.cwd, requestId, ask));
    const view: PolicyView = { schemaVersion: 1, session: found.id, rules: policy.rules.length, rulings };
    return context.json(view);
  });
}

/** What the policy makes of a command that asks to run outside of the sandbox of a workspace. */
function supposed(policy: Policy, { cwd: given, searchPath }: PolicyTestBody, command: string): RulingView {
  const cwd = real(given);
  const { line, commands } = readCommandLine(command);
  const writable = commands === null ? [] : writableOperands(commands, cwd, [cwd, '/tmp'], searchPath);
  const choices = ['accept', 'session', 'decline'].map((id) => ({ id, label: id, prefix: null }));
  const question = 'Run this command outside the sandbox?';
  return ruling(policy, cwd, null, {
    need: 'approval',
    question,
    command: line,
    commands,
    cwd,
    writable,
    choices,
  });
}

function ruling(policy: Policy, cwd: string, requestId: string | null, ask: Ask): RulingView {
  const command = ask.need === 'approval' ? ask.command : null;
  const asked = { requestId, question: ask.question, command };
  return rulingView(asked, ruleOn(policy, { cwd }, { ask }), readingsOf(policy, { cwd }, ask));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
