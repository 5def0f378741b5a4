import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import type { Define } from '../verb.ts';
import { answerLine, needBlock } from '../words.ts';

export const defineInbox: Define = (command, { done }) => {
  command.action(async (options: { json?: boolean }) => done(await inbox(options)));
};

/** `cox inbox`: what needs you, oldest first, with the question and the options. */
export async function inbox(options: { json?: boolean }): Promise<number> {
  const client = await daemonClient();
  const found = await client.inbox();
  if (options.json === true) printJson(found);
  else if (found.items.length === 0) say('Nothing needs you.');
  else
    print(
      found.items
        .map((entry) =>
          [needBlock(entry, `${entry.session} ${entry.name ?? ''}`.trim()), `  ${answerLine(entry)}`].join(
            '\n',
          ),
        )
        .join('\n\n'),
    );
  return 0;
}
