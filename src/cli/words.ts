import { ENDED_PHASES } from '../core/session/status.ts';
import { plain, plainLine } from '../protocol/plain.ts';
import type { NeedView, SessionView } from '../protocol/view.ts';

/** The columns of `sessionLine`, for people; programs take --json. */
export const SESSION_HEADER = `${'ID'.padEnd(6)}  ${'NAME'.padEnd(14)} ${'PHASE'.padEnd(18)} ${'SINCE'.padStart(5)}  WHY`;

/** One line about a session: what it is, and why. */
export function sessionLine(view: SessionView, now: number): string {
  const name = (view.name ?? '-').padEnd(14);
  const phase = phaseWord(view).padEnd(18);
  const age = ago(now - Date.parse(view.phaseSince)).padStart(5);
  const put = view.archived ? '(archived) ' : '';
  return `${view.id}  ${name} ${phase} ${age}  ${put}${plainLine(reason(view), 90)}`;
}

/** True where the newest run has ended. */
export function hasEnded(view: SessionView): boolean {
  return ENDED_PHASES.some((phase) => phase === view.phase);
}

/** The phase with its own data. */
export function phaseWord(view: SessionView): string {
  if (view.need !== null) return `waiting/${view.need.kind}`;
  if (view.cause !== null) return `${view.phase}/${view.cause}`;
  if (view.result?.reason) return `${view.phase}/${view.result.reason}`;
  if (view.phase === 'done') return `done/${view.result?.verdict ?? 'unverified'}`;
  return view.phase;
}

function reason(view: SessionView): string {
  if (view.need !== null) return needLine(view.need);
  if (view.result?.doubts.length) return `doubts: ${view.result.doubts.join(', ')}`;
  return view.because[0]?.fact ?? '';
}

/** The need in one line: the command where there is one, else the question. */
function needLine(need: NeedView): string {
  return need.command === null ? need.question : `${need.question} $ ${need.command}`;
}

/** A need with its options, as the inbox shows it. */
export function needBlock(need: NeedView, title: string): string {
  const lines = [`${need.requestId}  ${title}  ${need.kind}`, `  ${quoted(need.question)}`];
  if (need.command !== null) lines.push(`  $ ${quoted(need.command)}`, `  in ${quoted(need.cwd ?? '?')}`);
  for (const { path, kind } of need.files) lines.push(`  ${kind} ${quoted(path)}`);
  for (const { n, label } of need.options) lines.push(`  ${n}. ${quoted(label)}`);
  return lines.join('\n');
}

/** Text of others inside a block of ours: its further lines are marked, so that they cannot pass for ours. */
function quoted(text: string): string {
  return plain(text).replaceAll('\n', '\n  | ');
}

/** A length of time in the largest unit that says enough: 12s, 5m, 3h, 2d. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes}m`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}

/** The commands that this need takes. */
export function answerLine({ kind, requestId, options }: NeedView): string {
  const verbs = kind === 'question' ? [`cox answer ${requestId} TEXT`] : [];
  if (options.some(({ id }) => id === 'accept')) verbs.push(`cox approve ${requestId}`);
  if (options.some(({ id }) => id === 'decline')) verbs.push(`cox deny ${requestId}`);
  if (options.length > 0) verbs.push(`cox answer ${requestId} --option N`);
  return `Answer: ${verbs.join(' | ')}`;
}
