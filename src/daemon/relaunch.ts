import { findCodex, isUnchanged } from '../codex/launch/binary.ts';
import { type Launch, launchIdentity } from '../codex/launch/launch.ts';
import type { Session } from '../core/session/session.ts';
import { keepLaunch, launchOf } from '../store/launches.ts';
import type { Store } from '../store/store.ts';

/**
 * The launch that a session goes on with where its own cannot be used any more: its Codex was replaced, and no
 * server of the old one runs. Null where its own is still good. Everything but the binary stays the session's.
 *
 * @throws CoxError `codex-missing`, `codex-too-old` where there is no Codex to go on with.
 */
export async function relaunchOf(
  store: Store,
  lives: (identity: string) => boolean,
  { spec }: Session,
): Promise<{ identity: string; codexVersion: string } | null> {
  const launch = launchOf<Launch>(store, spec.identity);
  if (launch === null || lives(spec.identity) || isUnchanged(launch.binary)) return null;
  const { environment } = launch;
  const { path } = launch.binary;
  const there = { environment, cwd: spec.cwd };
  // The same path with another file in it, else wherever the session's own environment finds one.
  const binary = await findCodex({ flag: path, ...there }).catch(() => findCodex({ flag: null, ...there }));
  const next: Launch = { ...launch, binary };
  const identity = launchIdentity(next);
  keepLaunch(store, identity, next);
  return { identity, codexVersion: binary.version };
}
