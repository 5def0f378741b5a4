import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionView } from '../../src/client/index.ts';
import { git, repository } from './repositories.ts';
import type { World } from './world.ts';

/** The git of a world's user, with what it prints trimmed. */
export function gitOf(world: World): (folder: string, ...args: string[]) => string {
  return (folder, ...args) => git(world, folder, ...args).trim();
}

/** A repository with a name and an address to commit by. */
export function userRepository(world: World, name: string): string {
  const folder = repository(world, name);
  git(world, folder, 'config', 'user.name', 'Test');
  git(world, folder, 'config', 'user.email', 'test@example.org');
  return folder;
}

/** What the user sees of their checkout. */
export function checkoutOf(world: World, folder: string) {
  const at = gitOf(world);
  return {
    head: [at(folder, 'symbolic-ref', 'HEAD'), at(folder, 'rev-parse', 'HEAD')],
    status: at(folder, '--no-optional-locks', 'status', '--porcelain'),
    index: readFileSync(join(folder, '.git/index')).toString('base64'),
    config: readFileSync(join(folder, '.git/config'), 'utf8'),
    files: readdirSync(folder),
  };
}

/** All that there is in a repository because of worktrees. */
export function leftIn(world: World, folder: string) {
  const at = gitOf(world);
  return {
    branches: at(folder, 'for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n'),
    worktrees:
      at(folder, 'worktree', 'list', '--porcelain')
        .match(/^worktree .*$/gm)
        ?.slice(1) ?? [],
  };
}

/** The worktree that was made for a session. */
export function treeOf(view: SessionView): NonNullable<SessionView['worktree']> {
  if (view.worktree === null) throw new Error(`${view.id} has no worktree`);
  return view.worktree;
}
