import { measureKey } from '../core/policy/needs.ts';
import type { Report } from '../core/report/report.ts';
import type { Session } from '../core/session/session.ts';
import { iso, type SessionView, sessionView } from './view.ts';

/** What changed in the folder since the session began; null where that cannot be told. */
export type ChangesView = {
  measuredAt: string;
  files: number;
  added: number;
  removed: number;
  /** The first of the files, in the order of their paths; `from` is set for a renamed one. */
  list: {
    path: string;
    kind: string;
    from: string | null;
    added: number | null;
    removed: number | null;
  }[];
};

/** What a session did, with proof, as `cox report --format json` prints it. Durations are milliseconds. */
export type ReportView = {
  schemaVersion: 1;
  session: SessionView;
  codexVersion: string;
  model: string | null;
  sandbox: string;
  approval: string;
  durationMs: number;
  runs: {
    n: number;
    thread: string | null;
    startedAt: string;
    endedAt: string | null;
    /** Of a thread that was taken up again: its turns that were known, and how many of them Codex still had. */
    context: { known: number; found: number } | null;
  }[];
  instructions: { at: string; by: string; text: string; outcome: 'taken' | 'open' | 'lost' }[];
  /** Why `changes` is null; null where it is not. */
  unmeasured: string | null;
  changes: ChangesView | null;
  commands: {
    at: string;
    run: number;
    command: string;
    cwd: string;
    state: string;
    exitCode: number | null;
    durationMs: number | null;
  }[];
  requests: {
    id: string;
    at: string;
    need: string;
    question: string;
    command: string | null;
    how: string | null;
    answer: string | null;
    by: string | null;
    why: string | null;
    waitedMs: number | null;
  }[];
  troubles: { at: string; cause: string; message: string }[];
  phases: { phase: string; ms: number }[];
  compactions: number;
};

/** The report of a session at `now` (milliseconds since the epoch). Pure. */
export function reportView(session: Session, report: Report, now: number): ReportView {
  const { spec, run, createdAt } = session;
  const { changes } = report;
  return {
    schemaVersion: 1,
    session: sessionView(session, now),
    codexVersion: spec.codexVersion,
    model: spec.model,
    sandbox: spec.sandbox,
    approval: spec.approval,
    durationMs: (run.endedAt ?? now) - createdAt,
    runs: report.runs.map(({ n, thread, startedAt, endedAt, context }) => ({
      n,
      thread,
      startedAt: iso(startedAt),
      endedAt: isoOrNull(endedAt),
      context: context?.type === 'checked' ? { known: context.known, found: context.found } : null,
    })),
    instructions: report.instructions.map((told) => ({ ...told, at: iso(told.at) })),
    unmeasured: changes !== null ? null : unmeasured(session),
    changes:
      changes === null
        ? null
        : {
            measuredAt: iso(changes.at),
            files: changes.files,
            added: changes.added,
            removed: changes.removed,
            list: changes.list,
          },
    commands: report.commands.map((command) => ({ ...command, at: iso(command.at) })),
    requests: report.requests.map(({ at, closedAt, ...request }) => ({
      ...request,
      at: iso(at),
      waitedMs: closedAt === null ? null : closedAt - at,
    })),
    troubles: report.troubles.map((trouble) => ({ ...trouble, at: iso(trouble.at) })),
    phases: report.phases,
    compactions: report.compactions,
  };
}

function unmeasured({ base, run, work }: Session): string {
  if (base.type === 'none') return base.why;
  const state = work[measureKey(run.n)]?.state;
  return state?.type === 'given-up' || state?.type === 'waiting' ? state.why : 'not measured yet';
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
