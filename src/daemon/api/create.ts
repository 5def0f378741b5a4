import { realpathSync, statSync } from 'node:fs';
import { USUAL_UMASK } from '../../codex/app-server/server.ts';
import { findCodex } from '../../codex/launch/binary.ts';
import { launchIdentity, planLaunch } from '../../codex/launch/launch.ts';
import { CoxError, failure } from '../../core/errors.ts';
import { DEFAULT_POLICY } from '../../core/policy/policy.ts';
import type { SessionSpec, Worktree } from '../../core/session/session.ts';
import type { RunBody } from '../../protocol/commands.ts';
import { findSession } from '../../store/find.ts';
import { keepLaunch } from '../../store/launches.ts';
import { undoTree } from '../../worktree/remove-tree.ts';
import { type MadeTree, makeTree } from '../../worktree/tree.ts';
import { readRecord, type TreePlace } from '../../worktree/tree-record.ts';
import { newId } from '../ids.ts';
import { readPolicy } from '../policy-text.ts';
import type { ApiPorts } from './app.ts';

/** A checkout of 20,000 small files takes 1.5 s on two cores that are free; filters such as LFS may take far longer. */
const WORKTREE_DEADLINE_MS = 300_000;

/**
 * Checks all that can be checked before anything starts, then commits the new session and returns its id.
 * A command id that was obeyed before gives the session of that time.
 *
 * @throws CoxError for whatever is wrong; then nothing was started and nothing is kept.
 */
export async function createSession(
  { store, loop, passedVariables, settle, now, trees }: ApiPorts,
  body: RunBody,
  command: string | null,
): Promise<string> {
  const obeyed = (): string | null => (command === null ? null : (store.receipt(command)?.session ?? null));
  const before = obeyed();
  if (before !== null) return before;
  const named = realDirectory(body.cwd);
  const policy = body.policy === null ? DEFAULT_POLICY : readPolicy(body.policy.path, body.policy.text);
  const binary = await findCodex({ flag: body.codex, environment: body.environment, cwd: named });
  const idOf = (target: string): string => {
    const found = findSession(store, target, now());
    if (!found.ok) throw new CoxError(found.failure);
    return found.id;
  };
  const launch = planLaunch({
    binary,
    codexHome: body.codexHome,
    environment: body.environment,
    extra: body.extra,
    passed: passedVariables,
    overrides: body.overrides,
    umask: body.umask ?? USUAL_UMASK,
    cwd: body.cwd,
  });
  const identity = launchIdentity(launch);
  const id = newId(6, (one) => store.isTaken('sessions', one) || readRecord(trees, one) !== null);
  const asked = {
    ...(body.after === undefined ? {} : { after: body.after.map(idOf) }),
    ...(body.budget === undefined ? {} : { budget: body.budget }),
    ...(body.images === undefined ? {} : { images: body.images.map(readableFile) }),
  };
  const tree = await treeFor(trees, { id, cwd: named }, body);
  try {
    // The same command may have come again meanwhile; from here on nothing waits.
    const meanwhile = obeyed();
    if (meanwhile !== null) {
      if (tree !== null) await undoTree(trees, id);
      return meanwhile;
    }
    const spec: SessionSpec = {
      id,
      name: body.name,
      labels: body.labels,
      cwd: tree?.cwd ?? named,
      identity,
      model: body.model,
      sandbox: body.sandbox,
      approval: body.approval,
      codexVersion: binary.version,
      overrides: launch.overrides,
      ...asked,
      ...(tree === null ? {} : { worktree: worktreeOf(tree) }),
    };
    keepLaunch(store, identity, launch);
    const reply = loop.create(spec, body.prompt, policy, command);
    if (!reply.ok) throw new CoxError(reply.failure);
  } catch (error) {
    if (tree !== null) await undoTree(trees, id);
    throw error;
  }
  settle(id);
  return id;
}

/** The worktree that was asked for, made; null where none was. */
async function treeFor(
  trees: TreePlace,
  session: { id: string; cwd: string },
  { name, worktree }: RunBody,
): Promise<MadeTree | null> {
  if (worktree === undefined) return null;
  return makeTree(trees, { ...session, name, ...worktree, deadlineMs: WORKTREE_DEADLINE_MS });
}

function worktreeOf({ path, branch, base, repository, uncommitted }: MadeTree): Worktree {
  return { path, branch, base, repository, uncommitted };
}

function readableFile(path: string): string {
  try {
    if (statSync(path).isFile()) return realpathSync(path);
  } catch {
    // Told below, in our words.
  }
  throw new CoxError(failure('usage', `The image ${path} is not there.`, { path }, 'Name a file with -i.'));
}

function realDirectory(path: string): string {
  const missing = (why: string): CoxError =>
    new CoxError(failure('directory-missing', `${path} ${why}.`, { path }));
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw missing('does not exist');
  }
  if (!statSync(real).isDirectory()) throw missing('is not a directory');
  return real;
}
