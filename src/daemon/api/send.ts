import { createHash } from 'node:crypto';
import { CoxError } from '../../core/errors.ts';
import type { SendMode } from '../../core/policy/input.ts';
import { hasEnded, openRequests, type Session } from '../../core/session/session.ts';
import type { SendView } from '../../protocol/view.ts';
import { newId } from '../ids.ts';
import type { ApiPorts } from './app.ts';

/** Who sends through the socket: its file mode lets only the user himself in. */
const USER = 'user';

/**
 * Keeps an instruction for a session, or opens its next run with it. A command id that was obeyed before is
 * acknowledged again and does nothing.
 *
 * @throws CoxError `conflict` where the session is being ended; what a relaunch can throw (relaunch.ts).
 */
export async function sendTo(
  ports: ApiPorts,
  session: Session,
  { text, how, verify }: { text: string; how: SendMode; verify: boolean },
  command: string | null,
): Promise<SendView> {
  const { store, loop } = ports;
  const { id } = session.spec;
  // The same command names the same instruction.
  const message = `m_${command === null ? newId(8, () => false) : digest(command)}`;
  const obeyed = (): boolean => command !== null && store.receipt(command) !== null;
  if (!obeyed()) {
    const relaunch = hasEnded(session) ? await ports.relaunch(session) : null;
    // The same command may have come again meanwhile; from here on nothing waits.
    if (!obeyed()) {
      const reply = loop.submit(
        id,
        {
          type: 'command',
          command: { type: 'send', id: message, text, how, by: USER, verify, relaunch },
        },
        null,
        command,
      );
      if (!reply.ok) throw new CoxError(reply.failure);
    }
  }
  const now = loop.session(id)?.session ?? session;
  return {
    schemaVersion: 1,
    ok: true,
    session: id,
    message,
    run: now.run.n,
    how: now.run.n === session.run.n ? how : 'run',
    waitsFor: openRequests(now)[0]?.id ?? null,
  };
}

function digest(command: string): string {
  return createHash('sha256').update(command).digest('hex').slice(0, 12);
}
