import { parseArgs } from 'node:util';
import { readScenarioFile, type ScenarioFile } from './file.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';
import type { LabRequest } from './record.ts';
import { ScenarioError } from './scenario.ts';

const USAGE = `usage: node dist/lab/main.js [--port N] [--scenario FILE] [--json]
  --port N         the port on 127.0.0.1; a free one unless told
  --scenario FILE  more scenarios, as JSON; see docs/lab.md
  --json           one JSON document on stdout instead of text`;

interface Flags {
  readonly port: number;
  readonly scenario: string | null;
  readonly json: boolean;
}

/** A command line that cannot be run as it stands. */
class UsageError extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const flags = flagsOf(process.argv.slice(2));
    if (flags === null) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const file = flags.scenario === null ? null : await readScenarioFile(flags.scenario);
    await serve(await startLab(optionsOf(flags, file)), flags);
    return 0;
  } catch (error) {
    return complain(error);
  }
}

async function serve(lab: Lab, flags: Flags): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  process.stdout.write(flags.json ? jsonText(lab) : plainText(lab));
  await asked;
  await lab.close();
}

function flagsOf(args: readonly string[]): Flags | null {
  const { values } = parsed(args);
  if (values.help === true) return null;
  const port = values.port === undefined ? 0 : Number(values.port);
  if (values.port === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`--port takes a number from 0 to 65535, not "${values.port}"`);
  }
  return { port, scenario: values.scenario ?? null, json: values.json ?? false };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        scenario: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function optionsOf(flags: Flags, file: ScenarioFile | null): LabOptions {
  const defaultScenario = file?.defaultScenario ?? null;
  return {
    port: flags.port,
    scenarios: file?.scenarios ?? [],
    ...(defaultScenario === null ? {} : { defaultScenario }),
    onRequest: (request) => {
      process.stderr.write(`${logLine(request)}\n`);
    },
  };
}

function logLine(request: LabRequest): string {
  const { seq, thread, scenario, position, attempt, answeredWith, state, gate } = request;
  const play = `${scenario ?? '-'} step ${position} attempt ${attempt}`;
  return `#${seq} ${thread} ${play}: ${answeredWith.summary} (${gate === null ? state : `held by gate ${gate}`})`;
}

function jsonText(lab: Lab): string {
  const document = {
    schemaVersion: 1,
    url: lab.url,
    port: lab.port,
    pid: process.pid,
    config: lab.config({ questions: true }),
  };
  return `${JSON.stringify(document)}\n`;
}

function plainText(lab: Lab): string {
  const names = lab.scenarios().map(({ name, about }) => `  #lab:${name}  ${about}`);
  return `The lab listens on ${lab.url}

Put this into config.toml of a CODEX_HOME of its own (not in the temporary directory):

${lab.config({ questions: true })}
Choose a scenario by a mark in the prompt:
${names.join('\n')}
`;
}

function complain(error: unknown): number {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) {
    process.stderr.write(`${text}\n${USAGE}\n`);
    return 2;
  }
  if (error instanceof ScenarioError) {
    process.stderr.write(`${text}\nCorrect the scenario file and start the lab again.\n`);
    return 2;
  }
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  process.stderr.write(taken ? `${text}\nTake another --port, or none for a free one.\n` : `${text}\n`);
  return taken ? 2 : 1;
}
