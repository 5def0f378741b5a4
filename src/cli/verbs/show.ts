import { plain, plainLine } from '../../protocol/plain.ts';
import type { SessionView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import type { Define } from '../verb.ts';
import { ago, answerLine, needBlock, phaseWord } from '../words.ts';

export const defineShow: Define = (command, { done }) => {
  command.action(async (target: string, options: { json?: boolean }) => done(await show(target, options)));
};

/** `cox show`: one session, and why its status is what it is. Marks an end as read. */
async function show(target: string, options: { json?: boolean }): Promise<number> {
  const client = await daemonClient();
  const view = await client.session(target, true);
  if (options.json === true) printJson(view);
  else print(paragraphs(view, Date.now()));
  return 0;
}

function paragraphs(view: SessionView, now: number): string {
  const name = view.name === null ? view.id : `${view.id} (${view.name})`;
  const lines = [
    `${name}: ${phaseWord(view)} for ${ago(now - Date.parse(view.phaseSince))}${view.confidence === null ? '' : `, ${view.confidence}`}`,
    ...view.because.map(
      ({ source, fact, at }) =>
        `  because ${source}: ${plainLine(fact, 100)} (${ago(now - Date.parse(at))} ago)`,
    ),
  ];
  if (view.need !== null)
    lines.push('', needBlock(view.need, `since ${view.need.since}`), '', answerLine(view.need));
  lines.push(
    '',
    `folder   ${plain(view.cwd)}`,
    `thread   ${view.thread ?? 'not yet'}${view.runs.length > 1 ? `, run ${view.runs.length}` : ''}`,
    `started  ${view.startedAt}`,
  );
  if (view.worktree !== null) {
    const { path, branch, base } = view.worktree;
    lines.push(`worktree ${plain(path)}, branch ${plain(branch)} from ${base.slice(0, 12)}`);
  }
  lines.push(
    `progress ${ago(now - Date.parse(view.lastProgressAt))} ago`,
    `tokens   ${view.tokens.total} (${view.tokens.cached} cached)`,
  );
  if (view.changes !== null) {
    const { files, added, removed } = view.changes;
    lines.push(`changes  ${files} ${files === 1 ? 'file' : 'files'}, +${added} -${removed}`);
  }
  if (view.lastMessage !== null) lines.push(`says     ${plainLine(view.lastMessage, 200)}`);
  for (const { id, text, how } of view.queue) lines.push(`unsaid   ${id} (${how}): ${plainLine(text, 120)}`);
  for (const { at, kind, by, why, outcome } of view.interventions) {
    lines.push(`${at}  ${kind} by ${plain(by)}: ${plainLine(why, 120)} (${outcome})`);
  }
  if (view.result !== null) {
    const { verdict, reason, detail, doubts } = view.result;
    lines.push(
      `result   ${verdict}${reason === null ? '' : `, ${reason}`}${detail === null ? '' : `: ${plainLine(detail, 200)}`}`,
    );
    if (doubts.length > 0) lines.push(`doubts   ${doubts.join(', ')}`);
  }
  return lines.join('\n');
}
