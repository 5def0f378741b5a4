import { readFileSync } from 'node:fs';
import { CoxError, failure } from '../../core/errors.ts';
import { plainLine } from '../../protocol/plain.ts';
import type { PolicyView, RulingView } from '../../protocol/policy-view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { callersPath } from '../parse.ts';
import type { Define } from '../verb.ts';

type PolicyOptions = { cd?: string; json?: boolean };

export const definePolicy: Define = (policy, { done }) => {
  policy
    .command('test <FILE> [COMMAND]')
    .description('check a policy file; with a command line, what it would do if Codex asked to run that')
    .option('-C, --cd <DIR>', 'the folder of the session, where the command runs', '.')
    .option('--json', 'one JSON document on stdout, also for errors')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async (file: string, line: string | undefined, _: object, command: Globals) =>
      done(await test(file, line ?? null, command.optsWithGlobals())),
    );
  policy
    .command('explain <ID>')
    .description('what the policy of a session makes of its requests, rule by rule')
    .option('--json', 'one JSON document on stdout, also for errors')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async (target: string, _: object, command: Globals) =>
      done(await explain(target, command.optsWithGlobals())),
    );
};

type Globals = { optsWithGlobals(): PolicyOptions };

/** `cox policy test`: whether a file is in order, and what it would answer. Exit 0 in both cases of the answer. */
async function test(file: string, command: string | null, options: PolicyOptions): Promise<number> {
  const path = callersPath(file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CoxError(
      failure(
        'policy-invalid',
        `The policy cannot be read: ${(error as Error).message}.`,
        { path },
        'Name a file that is there and can be read.',
      ),
    );
  }
  const cwd = callersPath(options.cd ?? '.');
  const searchPath = process.env.PATH ?? '';
  tell(await (await daemonClient()).testPolicy({ path, text, command, cwd, searchPath }), options);
  return 0;
}

/** `cox policy explain`: why a request was answered so, or came to you. */
async function explain(target: string, options: PolicyOptions): Promise<number> {
  tell(await (await daemonClient()).explainPolicy(target), options);
  return 0;
}

function tell(view: PolicyView, options: PolicyOptions): void {
  if (options.json === true) {
    printJson(view);
    return;
  }
  print(`${view.rules} ${view.rules === 1 ? 'rule' : 'rules'}, in order`);
  if (view.session !== null && view.rulings.length === 0) print('The session has asked nothing yet.');
  for (const ruling of view.rulings) print(paragraph(ruling));
}

function paragraph({ requestId, question, command, decision, answer, why, rules }: RulingView): string {
  const what = command === null ? plainLine(question, 160) : `$ ${plainLine(command, 160)}`;
  const verdict = decision === 'ask' ? 'a person is asked' : `answered: ${plainLine(answer ?? '', 100)}`;
  return [
    '',
    `${requestId === null ? '' : `${requestId}  `}${what}`,
    `  ${verdict} (${plainLine(why, 200)})`,
    ...rules.map((rule) => {
      const mark = rule.matches ? 'matches' : 'no';
      return `  ${mark.padEnd(8)} ${plainLine(rule.rule, 40)} (${rule.do}): ${plainLine(rule.why, 160)}`;
    }),
  ].join('\n');
}
