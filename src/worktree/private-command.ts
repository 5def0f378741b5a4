import { type GitCommand, LISTING_BYTES } from './git.ts';

/**
 * A git directory of ours over the user's files. Git commands that touch files run in it, so that no setting, hook,
 * filter or attribute of the user's repository, of its submodules or of the user takes part.
 */
export type PrivateRepository = {
  readonly root: string;
  /** Its git directory. */
  readonly directory: string;
  /** The user's objects: read from, never written to. */
  readonly objects: string;
};

/** Reading sees the user's objects. Writing does not: git renews the timestamp of any object that it finds. */
export type ObjectAccess = 'read' | 'write';

const NO_INPUT = Buffer.alloc(0);

/** A git command in the private repository, with `index` as its index file. */
export function privately(
  repository: PrivateRepository,
  index: string,
  objectAccess: ObjectAccess,
  args: readonly string[],
  signal: AbortSignal,
  input: Buffer = NO_INPUT,
): GitCommand {
  return {
    args,
    cwd: repository.root,
    env: {
      GIT_DIR: repository.directory,
      GIT_WORK_TREE: repository.root,
      GIT_INDEX_FILE: index,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      ...(objectAccess === 'read' && { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(repository.objects) }),
    },
    input,
    signal,
    maxBytes: LISTING_BYTES,
  };
}

/** A path in double quotes, as git reads it in settings and in lists of object directories. */
export function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
