import type { PlayedStep } from './step.ts';

/**
 * The answer to a compaction. It drops calls and answers from the history and keeps the prompts and a summary;
 * the lab makes the summary, so the position goes into it. Measured on Codex 0.169.0: a provider of one's own is
 * asked for a text; one that is named "OpenAI" gets an input item `compaction_trigger` instead and has to answer
 * with exactly one item `compaction`, which Codex hands back unread.
 */
export function summaryStep(position: number, remote: boolean): PlayedStep {
  const text = summaryText(position);
  if (!remote) return { type: 'message', text };
  const item = { type: 'compaction', id: `cmp_lab_${position}`, encrypted_content: text };
  return {
    type: 'raw',
    events: [
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: `resp_lab_compaction_${position}` } },
    ],
  };
}

export function summaryText(position: number): string {
  return `Summary by the lab. [lab position ${position}]`;
}

/** The position that a summary keeps; null for a text that is none. */
export function positionInSummary(text: string): number | null {
  const position = /\[lab position (\d+)\]/.exec(text)?.[1];
  return position === undefined ? null : Number(position);
}
