import { plain, plainLine } from './plain.ts';
import type { ReportView } from './report-view.ts';

/** Entries of one kind that the text lists; the JSON has all of them. */
const MOST = 200;

/** A report as Markdown. What the session wrote is quoted, so that it cannot pass for the report's own words. */
export function reportText(report: ReportView): string {
  const { session } = report;
  const title = session.name === null ? session.id : `${session.name} (${session.id})`;
  return [
    `# ${title}: ${verdict(report)}`,
    '',
    ...facts(report),
    ...section('Asked for', report.instructions.map(instruction)),
    ...section('Says', session.lastMessage === null ? [] : [quote(session.lastMessage)]),
    ...section('Changed', changes(report)),
    ...section(`Commands (${report.commands.length})`, report.commands.map(command)),
    ...section(`Requests (${report.requests.length})`, report.requests.map(request)),
    ...section(
      'Trouble',
      report.troubles.map(({ at, cause, message }) => `- ${clock(at)} ${cause}: ${code(message)}`),
    ),
    ...section(
      'Time',
      report.phases.map(({ phase, ms }) => `- ${phase}: ${length(ms)}`),
    ),
  ]
    .join('\n')
    .trimEnd();
}

/** The verdict with all that qualifies it. */
function verdict({ session }: ReportView): string {
  const { result, phase } = session;
  if (result === null) return phase;
  const reason = result.reason === null ? '' : `/${result.reason}`;
  const doubts = result.doubts.length === 0 ? '' : `, doubts: ${result.doubts.join(', ')}`;
  const said = result.verdict === phase ? '' : `, ${result.verdict}`;
  return `${phase}${reason}${said}${doubts}`;
}

function facts({ session, runs, compactions, durationMs, ...report }: ReportView): string[] {
  const { tokens, because, result } = session;
  const thread = runs.at(-1)?.thread ?? null;
  const context = runs.at(-1)?.context ?? null;
  const came = context === null ? '' : `, came back with ${context.found} of ${context.known} turns`;
  return [
    `- because: ${because.map(({ source, fact }) => `${source} ${code(fact)}`).join('; ') || 'nothing is known'}`,
    ...(result?.detail == null ? [] : [`- detail: ${code(result.detail)}`]),
    `- folder: ${code(session.cwd)}`,
    `- from ${session.startedAt} to ${session.endedAt ?? 'now'}: ${length(durationMs)}, ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`,
    `- thread: ${thread ?? 'none'}${came}`,
    `- Codex ${plainWord(report.codexVersion)}, model ${report.model === null ? 'as configured' : plainWord(report.model)}, sandbox ${report.sandbox}, approval ${report.approval}`,
    `- tokens: ${tokens.total} (input ${tokens.input}, cached ${tokens.cached}, output ${tokens.output})${compactions === 0 ? '' : `, ${compactions} compactions`}`,
  ];
}

function section(title: string, lines: string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MOST ? [`- … and ${lines.length - MOST} more, in the JSON`] : [];
  return ['', `## ${title}`, '', ...lines.slice(0, MOST), ...more];
}

function instruction({ at, by, text, outcome }: ReportView['instructions'][number]): string {
  const fate = outcome === 'taken' ? '' : outcome === 'open' ? ' (not delivered yet)' : ' (never delivered)';
  return `- ${clock(at)} ${plainWord(by)}${fate}: ${code(text)}`;
}

function changes({ changes: measured, unmeasured }: ReportView): string[] {
  if (measured === null) return [`Not known: ${code(unmeasured ?? '')}.`];
  const { files, added, removed, list, measuredAt } = measured;
  if (files === 0) return [`Nothing, measured ${measuredAt}.`];
  const rest = files > list.length ? [`- … and ${files - list.length} more files`] : [];
  return [
    `${files} ${files === 1 ? 'file' : 'files'}, +${added} -${removed}, measured ${measuredAt} against the state before the session.`,
    '',
    ...list.map(({ path, kind, from, added: plus, removed: minus }) => {
      const lines = plus === null ? 'binary' : `+${plus} -${minus}`;
      return `- ${kind} ${from === null ? '' : `${code(from)} → `}${code(path)} (${lines})`;
    }),
    ...rest,
  ];
}

function command({ at, command: line, state, exitCode, durationMs }: ReportView['commands'][number]): string {
  const exit = exitCode === null ? state : `exit ${exitCode}`;
  const took = durationMs === null ? '' : `, ${length(durationMs)}`;
  return `- ${clock(at)} ${code(line)}: ${exit}${took}`;
}

function request(asked: ReportView['requests'][number]): string {
  const what = asked.command === null ? code(asked.question) : code(asked.command);
  const answer = asked.answer === null ? '' : ` ${plainWord(asked.answer)}`;
  const by = asked.by === null ? '' : ` by ${plainWord(asked.by)}`;
  const why = asked.why === null ? '' : ` (${code(asked.why)})`;
  const waited = asked.waitedMs === null ? '' : `, after ${length(asked.waitedMs)}`;
  return `- ${clock(asked.at)} ${asked.need} ${asked.id}: ${what}: ${asked.how ?? 'open'}${answer}${by}${why}${waited}`;
}

/** Text of others in one line, as code: no Markdown of theirs is obeyed, and fences are longer than any inside. */
function code(text: string): string {
  const line = plainLine(text, 300) || ' ';
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

/** A name or a choice as it is; anything that is more than that as code. */
function plainWord(text: string): string {
  return /^[\w.:-]{1,60}$/.test(text) ? text : code(text);
}

function quote(text: string): string {
  return (
    plain(text)
      .split('\n')
      // No link, no picture from elsewhere, no HTML.
      .map((line) => `> ${line.replaceAll(/[[<]/g, '\\$&')}`)
      .join('\n')
  );
}

function clock(at: string): string {
  return at.slice(0, 19).replace('T', ' ');
}

function length(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
