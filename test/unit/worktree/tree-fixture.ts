import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoxError, type Failure } from '../../../src/core/errors.ts';
import { type MadeTree, makeTree, type TreeRequest } from '../../../src/worktree/tree.ts';
import { DEADLINE_MS, fixture } from './repository-fixture.ts';

/** A user's repository, and a place for worktrees of sessions beside it. */
export function trees() {
  const user = fixture();
  const { folder, root, objectsDir, git } = user;
  const place = { directory: join(folder, 'trees'), objectsDir, marks: {} };
  mkdirSync(place.directory, { mode: 0o700 });
  const make = (request: Partial<TreeRequest> = {}, marks = {}): Promise<MadeTree> =>
    makeTree(
      { ...place, marks },
      {
        id: 'k7m2qd',
        name: null,
        cwd: root,
        branch: null,
        base: null,
        deadlineMs: DEADLINE_MS,
        ...request,
      },
    );
  const refusal = async (request: Partial<TreeRequest>, marks = {}): Promise<Failure> => {
    const error = await make(request, marks).catch((caught: unknown) => caught);
    if (error instanceof CoxError) return error.failure;
    throw new Error(`not refused: ${JSON.stringify(error)}`);
  };
  /** git in another folder of the fixture, as the user. */
  const gitIn = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, {
      cwd,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@example.org',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@example.org',
      },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const branches = (): string[] => git('for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n');
  /** What a user sees of their checkout and would miss. */
  const checkout = () => ({
    head: git('symbolic-ref', 'HEAD'),
    commit: git('rev-parse', 'HEAD'),
    status: git('--no-optional-locks', 'status', '--porcelain'),
    index: readFileSync(join(root, '.git/index')).toString('base64'),
    config: readFileSync(join(root, '.git/config'), 'utf8'),
    files: readdirSync(root).sort(),
  });
  /** All that there is because of worktrees of sessions. */
  const left = () => ({
    branches: branches(),
    worktrees:
      git('worktree', 'list', '--porcelain')
        .match(/^worktree .*$/gm)
        ?.slice(1) ?? [],
    place: readdirSync(place.directory),
  });
  return { ...user, place, make, refusal, gitIn, branches, checkout, left };
}
