import { diffTree } from './diff-tree.ts';
import type { GitSnapshot } from './snapshot.ts';
import { fromError, type Unavailable } from './unavailable.ts';

/** A unified diff. */
export type Patch = {
  readonly kind: 'patch';
  /** UTF-8 text. Where it was cut, it ends after a whole line, followed by a line that says so. */
  readonly text: string;
  readonly truncated: boolean;
};

/** Arguments of `patch`. */
export type PatchRequest = {
  readonly from: GitSnapshot;
  readonly to: GitSnapshot;
  readonly objectsDir: string;
  /** The most bytes of diff. */
  readonly maxBytes: number;
  /** How long the call may take, in milliseconds. */
  readonly deadlineMs: number;
};

/** The unified diff between two snapshots of one repository. Its text is the session's: untrusted. */
export async function patch(request: PatchRequest): Promise<Patch | Unavailable> {
  const { from, to, objectsDir, maxBytes, deadlineMs } = request;
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const wanted = ['--patch', '--src-prefix=a/', '--dst-prefix=b/'];
    const output = await diffTree({ from, to, objectsDir, wanted, bound: maxBytes, signal });
    if (!output.truncated) return { kind: 'patch', text: output.stdout.toString('utf8'), truncated: false };
    const whole = output.stdout.subarray(0, output.stdout.lastIndexOf('\n') + 1).toString('utf8');
    return { kind: 'patch', text: `${whole}[the diff goes on: cut at ${maxBytes} bytes]\n`, truncated: true };
  } catch (error) {
    return fromError(error);
  }
}
