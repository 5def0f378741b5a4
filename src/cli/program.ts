import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { ListOptions } from './verbs/ls.ts';
import type { RunOptions } from './verbs/run.ts';
import type { WaitOptions } from './verbs/wait.ts';

const ABOUT = `cox supervises OpenAI Codex sessions that run in the background.

It starts them without blocking you, watches them, answers by your policy or asks
you, survives crashes, and says at any moment, with evidence, what each is doing.`;

const STORY = `
A first round:
  cox demo                           the whole story in a minute, no account needed
  cox run -C ~/repo --name fix "fix the failing test"
  cox ls                             what each session does, those that need you first
  cox inbox                          what needs an answer, with the options
  cox approve r_9f2k                 answer one request, by its id
  cox wait fix                       until it has ended (0, 5) or needs you (8)
  cox show fix                       status, reasons, changes, interventions

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found or ambiguous, 4 not permitted,
5 ended unsuccessfully, 6 conflict or stale request, 7 daemon or Codex unreachable,
8 it needs you, 124 wait timed out, 130 interrupted.`;

const TARGETS = `
ID is a session's id, name, Codex thread id or a prefix of its id (3 characters or
more); @last is the newest, @needs the one that has needed you longest.`;

/** The command line as data: verbs, flags, help. Each verb's code is loaded when it is called, not before. */
export function createProgram(codexArguments: string[], done: (exitCode: number) => void): Command {
  const program = new Command('cox');
  const silent = (): void => undefined;
  program
    .description(ABOUT)
    .version(version(), '-V, --version')
    .exitOverride()
    .showSuggestionAfterError(true)
    .addHelpText('after', STORY)
    // Errors are told once, by main, in the form that was asked for.
    .configureOutput({ writeErr: silent });
  const verb = (usage: string, about: string, example: string): Command =>
    program
      .command(usage)
      .description(about)
      .option('--json', 'one JSON document on stdout, also for errors')
      .addHelpText('after', `${/ID/.test(usage) ? TARGETS : ''}\nExample:\n  ${example}`)
      .exitOverride()
      .configureOutput({ writeErr: silent });

  verb(
    'run [PROMPT]',
    'a Codex task in the background; prints its id and returns at once',
    'cox run -C . --name fix "fix the failing test"',
  )
    .option('-C, --cd <DIR>', 'the folder to work in', '.')
    .option('--name <NAME>', 'a name to call it by')
    .option('-m, --model <MODEL>', 'the model; else what Codex is configured for')
    .option('-s, --sandbox <MODE>', 'read-only, workspace-write or danger-full-access', 'workspace-write')
    .option('-a, --approval <POLICY>', 'on-request or never', 'on-request')
    .option('--policy <FILE>', 'rules that answer for you (TOML); without it nothing is approved')
    .option('-f, --file <FILE>', 'read the prompt from a file; - as PROMPT reads stdin')
    .option('--label <K=V>', 'a label; may be given again', collect)
    .option('--env <K=V>', 'a variable for Codex and its commands; may be given again', collect)
    .option('--codex <PATH>', 'the Codex to run; else COX_CODEX, PATH, the one beside Coxswain')
    .option('--codex-home <DIR>', "CODEX_HOME of the session; else the caller's")
    .option('--wait', 'wait until it has ended or needs you')
    .addHelpText('after', '\nAfter --, arguments for Codex: -c KEY=VALUE, --enable NAME, --disable NAME.')
    .action(async (prompt: string | undefined, options: RunOptions) =>
      done(await (await import('./verbs/run.ts')).run(prompt, options, codexArguments)),
    );
  verb('ls', 'sessions, those that need you first', 'cox ls --phase waiting')
    .alias('ps')
    .option('-a, --all', 'also ended ones that you have seen')
    .option('--phase <PHASE>', 'only this phase')
    .option('--label <K=V>', 'only with this label; may be given again', collect)
    .option('-q, --quiet', 'ids only')
    .action(async (options: ListOptions) => done(await (await import('./verbs/ls.ts')).ls(options)));
  verb('show <ID>', 'one session: status, reasons, need, changes, interventions', 'cox show @last').action(
    async (target: string, options: { json?: boolean }) =>
      done(await (await import('./verbs/show.ts')).show(target, options)),
  );
  verb(
    'inbox',
    'what needs you, oldest first, with question, options and request id',
    'cox inbox --json',
  ).action(async (options: { json?: boolean }) =>
    done(await (await import('./verbs/inbox.ts')).inbox(options)),
  );
  verb('approve <REQ>', 'say yes to one request, by its id', 'cox approve r_9f2k --for prefix')
    .option('--for <SCOPE>', 'once, session, or prefix where Codex proposes one', 'once')
    .action(async (target: string, options: { for: string; json?: boolean }) =>
      done(await (await import('./verbs/answer.ts')).approve(target, options)),
    );
  verb('deny <REQ>', 'say no to one request; Codex is told and goes on', 'cox deny r_9f2k')
    .option('-m, --message <TEXT>', 'kept with the intervention; Codex takes no message with a refusal')
    .action(async (target: string, options: { message?: string; json?: boolean }) =>
      done(await (await import('./verbs/answer.ts')).deny(target, options)),
    );
  verb('answer <REQ> [TEXT]', 'answer a question with a text or an option', 'cox answer r_9f2k --option 2')
    .option('--option <N>', 'the option, counted from 1 as the inbox shows it')
    .action(async (target: string, text: string | undefined, options: { option?: string; json?: boolean }) =>
      done(await (await import('./verbs/answer.ts')).answer(target, text, options)),
    );
  for (const mode of ['stop', 'kill'] as const) {
    const about = mode === 'stop' ? 'end a session gracefully' : 'end a session now';
    verb(`${mode} <ID>`, `${about}; afterwards nothing of it runs`, `cox ${mode} fix`)
      .option('--grace <DUR>', 'between the polite and the final signal', mode === 'stop' ? '5s' : '0s')
      .action(async (target: string, options: { grace: string; json?: boolean }) =>
        done(await (await import('./verbs/end.ts')).end(mode, target, options)),
      );
  }
  verb('wait <ID...>', 'until each has ended or needs you', 'cox wait fix docs --timeout 2h')
    .option('--for <WHAT>', 'instead: done, attention, exit (comma-separated)')
    .option('--any', 'until one of them has')
    .option('--timeout <DUR>', 'give up after this time, exit code 124')
    .action(async (targets: string[], options: WaitOptions) =>
      done(await (await import('./verbs/wait.ts')).wait(targets, options)),
    );
  addDaemon(verb, done);
  program
    .command('demo')
    .description('the whole story in under 90 seconds: the real Codex, a scripted model, no account')
    .exitOverride()
    .configureOutput({ writeErr: silent })
    .action(async () => done(await (await import('./verbs/demo.ts')).demo()));
  return program;
}

function addDaemon(
  verb: (usage: string, about: string, example: string) => Command,
  done: (code: number) => void,
): void {
  const daemon = verb(
    'daemon',
    'the process that supervises; the other verbs start it when it is needed',
    'cox daemon status',
  );
  for (const [name, about] of [
    ['start', 'start it'],
    ['stop', 'end it; sessions go on, app-servers without one end'],
    ['status', 'whether it runs, and what it looks after'],
  ] as const) {
    daemon
      .command(name)
      .description(about)
      .option('--json', 'one JSON document on stdout')
      .exitOverride()
      .action(async (_: object, command: Command) => {
        const verbs = await import('./verbs/daemon.ts');
        const act = { start: verbs.daemonStart, stop: verbs.daemonStop, status: verbs.daemonStatus }[name];
        // `--json` is an option of `daemon` too, which takes it wherever it stands.
        done(await act(command.optsWithGlobals()));
      });
  }
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
