import type { TurnError as OurError } from '../../core/evidence/evidence.ts';
import type { FailReason, ThrottleCause } from '../../core/session/status.ts';
import type { CodexErrorInfo } from '../generated/v2/CodexErrorInfo.ts';
import type { TurnError } from '../generated/v2/TurnError.ts';
import { isOverload } from '../known-messages.ts';

/** The error of a turn that failed, in our words. Decided by Codex's own error code. */
export function mapTurnError(error: TurnError): OurError {
  const details = error.additionalDetails;
  return {
    reason: reasonOf(error.codexErrorInfo),
    message: details === null ? error.message : `${error.message} (${details})`,
  };
}

const REASONS = new Map<string, FailReason>(
  Object.entries({
    unauthorized: 'auth',
    usageLimitExceeded: 'quota',
    rateLimitExceeded: 'quota',
    sessionBudgetExceeded: 'budget',
    contextWindowExceeded: 'context-window',
    sandboxError: 'sandbox',
  } as const),
);

function reasonOf(info: CodexErrorInfo | null): FailReason {
  const { name, status } = read(info);
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'quota';
  const named = REASONS.get(name);
  if (named !== undefined) return named;
  // A connection that failed without any HTTP answer never reached the provider.
  const connection =
    name === 'httpConnectionFailed' ||
    name === 'responseStreamConnectionFailed' ||
    name === 'responseStreamDisconnected';
  return connection && status === null ? 'network' : 'model-error';
}

/** The cause of a retry; null where the provider refused us: Codex retries that too, but it is no throttling. */
export function throttleCause(error: TurnError): ThrottleCause | null {
  const { name, status } = read(error.codexErrorInfo);
  if (status === 401 || status === 403 || name === 'unauthorized') return null;
  if (status === 429 || name === 'rateLimitExceeded') return 'rate-limit';
  if (name === 'usageLimitExceeded') return 'usage-limit';
  if (name === 'serverOverloaded' || name === 'internalServerError' || (status !== null && status >= 500))
    return 'capacity';
  return isOverload(error) ? 'capacity' : 'network';
}

/** Codex writes the code as a name, or as an object of one name with the HTTP status inside. */
function read(info: CodexErrorInfo | null): { name: string; status: number | null } {
  if (info === null) return { name: '', status: null };
  if (typeof info === 'string') return { name: info, status: null };
  const [entry] = Object.entries(info);
  if (entry === undefined) return { name: '', status: null };
  const [name, inner] = entry;
  const status: unknown =
    typeof inner === 'object' && inner !== null && 'httpStatusCode' in inner ? inner.httpStatusCode : null;
  return { name, status: typeof status === 'number' ? status : null };
}
