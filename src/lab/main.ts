import { parseArgs } from 'node:util';
import { readScenarioFile, type ScenarioFile } from './file.ts';
import { findHome, HomeError, type LabHome, writeHome } from './home.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';
import type { LabRequest } from './record.ts';
import { ScenarioError } from './scenario.ts';

const USAGE = `usage: cox lab serve [--home DIR] [--all-tools] [--port N] [--scenario FILE] [--json]
  --home DIR       a CODEX_HOME for this lab: made if missing, its config.toml written
  --all-tools      Codex also gets the lab's MCP server and the tool request_permissions
  --port N         the port on 127.0.0.1; that of an earlier lab in --home, else a free one
  --scenario FILE  more scenarios, as JSON; see docs/lab.md
  --json           one JSON document on stdout instead of text`;

interface Flags {
  readonly home: string | null;
  readonly allTools: boolean;
  readonly port: number | null;
  readonly scenario: string | null;
  readonly json: boolean;
}

/** What is told once the lab listens. */
interface Started {
  readonly lab: Lab;
  readonly home: LabHome | null;
  /** The text of config.toml. */
  readonly config: string;
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
    await serve(flags);
    return 0;
  } catch (error) {
    return complain(error);
  }
}

async function serve(flags: Flags): Promise<void> {
  const file = flags.scenario === null ? null : await readScenarioFile(flags.scenario);
  const home = flags.home === null ? null : await findHome(flags.home);
  const asked = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const lab = await startLab(optionsOf(flags.port ?? home?.port ?? 0, file)).catch((error: unknown) => {
    throw flags.port === null && home !== null && isTaken(error) ? portOfHomeTaken(home) : error;
  });
  try {
    const config = lab.config({ questions: true, mcp: flags.allTools, permissions: flags.allTools });
    if (home !== null) await writeHome(home, config);
    process.stdout.write((flags.json ? jsonText : plainText)({ lab, home, config }));
    await asked;
  } finally {
    await lab.close();
  }
}

function flagsOf(args: readonly string[]): Flags | null {
  const { values } = parsed(args);
  if (values.help === true) return null;
  const port = values.port === undefined ? null : Number(values.port);
  if (values.port === '' || (port !== null && (!Number.isInteger(port) || port < 0 || port > 65_535))) {
    throw new UsageError(`--port takes a number from 0 to 65535, not "${values.port}"`);
  }
  if (values.home === '') throw new UsageError('--home takes a folder');
  return {
    home: values.home ?? null,
    allTools: values['all-tools'] ?? false,
    port,
    scenario: values.scenario ?? null,
    json: values.json ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        home: { type: 'string' },
        'all-tools': { type: 'boolean' },
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

function optionsOf(port: number, file: ScenarioFile | null): LabOptions {
  const defaultScenario = file?.defaultScenario ?? null;
  return {
    port,
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

function jsonText({ lab, home, config }: Started): string {
  const { url, port } = lab;
  const document = { schemaVersion: 1, url, port, pid: process.pid, home: home?.path ?? null, config };
  return `${JSON.stringify(document)}\n`;
}

function plainText({ lab, home, config }: Started): string {
  const names = lab.scenarios().map(({ name, about }) => `  #lab:${name}  ${about}`);
  return `The lab listens on ${lab.url}

${home === null ? configText(config) : nextText(home)}
A mark in the prompt chooses the scenario; GET ${lab.url.replace(/v1$/, 'lab/scenarios')} lists their parameters.
${names.join('\n')}
`;
}

function configText(config: string): string {
  return `Put this into config.toml of a CODEX_HOME of its own (not in the temporary directory):

${config}`;
}

function nextText({ path }: LabHome): string {
  const home = quoted(path);
  return `${path}/config.toml points Codex to it. While it runs, in another terminal and a folder to try in:

  cox run --codex-home ${home} --wait --name one '#lab:plain say hello'
  cox report one
`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function complain(error: unknown): number {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) {
    process.stderr.write(`${text}\n${USAGE}\n`);
    return 2;
  }
  if (error instanceof HomeError) {
    process.stderr.write(`${text}\n`);
    return 2;
  }
  if (error instanceof ScenarioError) {
    process.stderr.write(`${text}\nCorrect the scenario file and start the lab again.\n`);
    return 2;
  }
  const taken = isTaken(error);
  process.stderr.write(taken ? `${text}\nTake another --port, or none for a free one.\n` : `${text}\n`);
  return taken ? 2 : 1;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function portOfHomeTaken({ path, port }: LabHome): HomeError {
  return new HomeError(
    `the port ${port} of ${path}/config.toml is taken; end the lab that still runs there, or remove that file`,
  );
}
