import type { SessionSpec } from '../../core/session/session.ts';
import type { ThreadStartParams } from '../generated/v2/ThreadStartParams.ts';

type Settings = Pick<ThreadStartParams, 'cwd' | 'approvalPolicy' | 'sandbox' | 'config' | 'model'>;

/**
 * What a thread is started or resumed with. A resume by another server restores neither sandbox nor approval
 * policy (codex-facts, section 6), so both are always said. `projects` marks the folder as trusted for this
 * thread only: without it Codex 0.169 writes the trust into the user's config.toml.
 */
export function threadSettings(spec: SessionSpec): Settings {
  return {
    cwd: spec.cwd,
    approvalPolicy: spec.approval,
    sandbox: spec.sandbox,
    config: { projects: { [spec.cwd]: { trust_level: 'trusted' } } },
    ...(spec.model === null ? {} : { model: spec.model }),
  };
}

/** The folders that the sandbox lets the session write: with workspace-write also the temporary directories. */
export function writableRoots(spec: SessionSpec, environment: Readonly<Record<string, string>>): string[] {
  switch (spec.sandbox) {
    case 'read-only':
      return [];
    case 'workspace-write':
      return [spec.cwd, '/tmp', ...(environment.TMPDIR === undefined ? [] : [environment.TMPDIR])];
    case 'danger-full-access':
      return ['/'];
    default:
      return spec.sandbox satisfies never;
  }
}
