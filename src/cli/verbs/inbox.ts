import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import { needBlock } from '../words.ts';

/** `cox inbox`: what needs you, oldest first, with the question and the options. */
export async function inbox(options: { json?: boolean }): Promise<number> {
  const client = await daemonClient();
  const found = await client.inbox();
  if (options.json === true) printJson(found);
  else if (found.items.length === 0) say('Nothing needs you.');
  else
    print(
      found.items
        .map((entry) => needBlock(entry, `${entry.session} ${entry.name ?? ''}`.trim()))
        .join('\n\n'),
    );
  return 0;
}
