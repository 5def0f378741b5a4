import { type ChangedFile, readDiff } from './diff-output.ts';
import { diffTree } from './diff-tree.ts';
import { type GitSnapshot, snapshot } from './snapshot.ts';
import { fromError, type Unavailable } from './unavailable.ts';

/** The most files that `changes` lists. The totals count all of them. */
const MOST_FILES = 2_000;

/** What changed between a snapshot and now, whether committed meanwhile or not. */
export type Changes = {
  readonly kind: 'changes';
  /** The changed files in the order of their paths. */
  readonly files: readonly ChangedFile[];
  /** Lines added in all text files. */
  readonly added: number;
  /** Lines removed in all text files. */
  readonly removed: number;
  /** The commits HEAD named then and names now, where they differ. */
  readonly headMoved: { readonly from: string | null; readonly to: string | null } | null;
  /** Whether `files` leaves some out. */
  readonly truncated: boolean;
  /** The snapshot that "now" was; `patch` takes it. */
  readonly now: GitSnapshot;
};

/** Arguments of `changes`. */
export type ChangesRequest = {
  /** A snapshot taken earlier with the same `objectsDir`; its root is where the call looks. */
  readonly base: GitSnapshot;
  readonly objectsDir: string;
  /** How long the whole call may take, in milliseconds. */
  readonly deadlineMs: number;
};

/** Says what changed since `base`. Same promises as `snapshot`: writes nothing there, starts nothing from there. */
export async function changes(request: ChangesRequest): Promise<Changes | Unavailable> {
  const { base, objectsDir, deadlineMs } = request;
  const signal = AbortSignal.timeout(deadlineMs);
  const now = await snapshot({ cwd: base.root, objectsDir, deadlineMs });
  if (now.kind === 'none') return now;
  try {
    const wanted = ['--raw', '--numstat', '-z'];
    const { stdout } = await diffTree({ from: base, to: now, objectsDir, wanted, bound: 'fail', signal });
    const files = readDiff(stdout);
    return {
      kind: 'changes',
      files: files.slice(0, MOST_FILES),
      added: files.reduce((sum, file) => sum + (file.added ?? 0), 0),
      removed: files.reduce((sum, file) => sum + (file.removed ?? 0), 0),
      headMoved: base.head === now.head ? null : { from: base.head, to: now.head },
      truncated: files.length > MOST_FILES,
      now,
    };
  } catch (error) {
    return fromError(error);
  }
}
