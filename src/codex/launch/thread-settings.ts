import { realpathSync } from 'node:fs';
import type { SessionSpec } from '../../core/session/session.ts';
import type { SandboxPolicy } from '../generated/v2/SandboxPolicy.ts';
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

/**
 * Real paths of the folders that the sandbox lets the session write, from what Codex says it applies; the
 * session's own folder first.
 */
export function writableRoots(
  spec: SessionSpec,
  sandbox: SandboxPolicy,
  environment: Readonly<Record<string, string>>,
): string[] {
  switch (sandbox.type) {
    case 'readOnly':
      return [];
    case 'workspaceWrite': {
      const temporary = [
        ...(sandbox.excludeSlashTmp ? [] : ['/tmp']),
        ...(sandbox.excludeTmpdirEnvVar || environment.TMPDIR === undefined ? [] : [environment.TMPDIR]),
      ];
      return [spec.cwd, ...sandbox.writableRoots, ...temporary].map(real);
    }
    case 'dangerFullAccess':
    case 'externalSandbox':
      return ['/'];
    default:
      return sandbox satisfies never;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
