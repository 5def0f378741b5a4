import { reportText } from '../../protocol/report-text.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { oneOf } from '../parse.ts';
import type { Define } from '../verb.ts';

type ReportOptions = { format: string; json?: boolean };

export const defineReport: Define = (command, { done }) => {
  command
    .option('--format <FORMAT>', 'md or json', 'md')
    .action(async (target: string, options: ReportOptions) => done(await report(target, options)));
};

/** `cox report`: what was asked for, done, changed, answered, and by whom. */
async function report(target: string, options: ReportOptions): Promise<number> {
  const format = oneOf(options.format, ['md', 'json'] as const, '--format');
  const made = await (await daemonClient()).report(target);
  if (format === 'json' || options.json === true) printJson(made);
  else print(reportText(made));
  return 0;
}
