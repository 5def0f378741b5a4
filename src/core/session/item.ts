/** A completed piece of a turn, in our words: what the model said, ran or changed. */
export const ITEM_STATES = ['completed', 'failed', 'declined'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

export type Item =
  /** `message`: the id of the instruction of ours that it is; absent for what was said elsewhere. */
  | { kind: 'user'; id: string; text: string; message?: string }
  | { kind: 'message'; id: string; text: string }
  | { kind: 'reasoning'; id: string }
  | {
      kind: 'command';
      id: string;
      command: string;
      cwd: string;
      state: ItemState;
      exitCode: number | null;
      durationMs: number | null;
      /** The newest part of what it printed; absent where nothing is known of it. */
      output?: string;
    }
  | { kind: 'patch'; id: string; files: { path: string; kind: string }[]; state: ItemState }
  | { kind: 'tool'; id: string; name: string; state: ItemState }
  | { kind: 'compaction'; id: string }
  | { kind: 'other'; id: string; type: string };

/** One line that a person understands, at most `width` characters. */
export function itemLine(item: Item, width: number): string {
  const line = describe(item).replaceAll(/\s+/g, ' ');
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

function describe(item: Item): string {
  switch (item.kind) {
    case 'user':
      return `user: ${item.text}`;
    case 'message':
      return `says: ${item.text}`;
    case 'reasoning':
      return 'thinks';
    case 'command':
      return `runs: ${item.command} (${item.state}${item.exitCode === null ? '' : `, exit ${item.exitCode}`})`;
    case 'patch':
      return `edits: ${item.files.map((file) => file.path).join(', ')} (${item.state})`;
    case 'tool':
      return `calls: ${item.name} (${item.state})`;
    case 'compaction':
      return 'compacts its context';
    case 'other':
      return item.type;
    default:
      return item satisfies never;
  }
}
