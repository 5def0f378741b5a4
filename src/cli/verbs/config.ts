import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { configPath, readConfigText } from '../../client/config-file.ts';
import { type Places, placesOf } from '../../client/places.ts';
import type { ConfigExplainView, ConfigPathView } from '../../protocol/config-view.ts';
import { plain } from '../../protocol/plain.ts';
import { SETTING_KEYS, SETTINGS } from '../../protocol/settings.ts';
import { print, printJson } from '../out.ts';
import { usage } from '../parse.ts';
import type { Define } from '../verb.ts';

type Options = { json?: boolean };

export const defineConfig: Define = (config, { done }) => {
  const subcommand = (usageLine: string, about: string): Command =>
    config
      .command(usageLine)
      .description(about)
      .option('--json', 'one JSON document on stdout')
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
  // `--json` is an option of `config` too, which takes it wherever it stands.
  subcommand('path', 'where settings, state, log and socket are').action(
    async (_: Options, command: Command) => done(showPaths(command.optsWithGlobals())),
  );
  subcommand('explain [KEY]', 'every setting: its value, where it comes from, what it means and why').action(
    async (key: string | undefined, _: Options, command: Command) =>
      done(await explain(key, command.optsWithGlobals())),
  );
  subcommand('schema [NAME]', 'JSON Schemas of every --json shape, of config.toml and of policies').action(
    async (name: string | undefined, _: Options, command: Command) =>
      done(await showSchema(name, command.optsWithGlobals())),
  );
};

/** `cox config path`: where everything of this Coxswain is, whether it is there or not. */
function showPaths(options: Options): number {
  const places = placesOf(process.env);
  const { stateDirectory, runtimeDirectory, database, log, socket } = places;
  const config = configPath(places);
  const exists = existsSync(config);
  const view: ConfigPathView = {
    schemaVersion: 1,
    config,
    exists,
    stateDirectory,
    runtimeDirectory,
    database,
    log,
    socket,
  };
  if (options.json === true) printJson(view);
  else {
    print(`config    ${config}${exists ? '' : '  (not there: every setting has its default)'}`);
    print(`state     ${stateDirectory}`);
    print(`database  ${database}`);
    print(`log       ${log}`);
    print(`runtime   ${runtimeDirectory}`);
    print(`socket    ${socket}`);
  }
  return 0;
}

/** `cox config explain`: the settings in force for a daemon that is started now. Needs no daemon. */
async function explain(key: string | undefined, options: Options): Promise<number> {
  const view = await explained(placesOf(process.env));
  const settings = key === undefined ? view.settings : view.settings.filter((one) => belongsTo(one.key, key));
  if (settings.length === 0) {
    const tables = SETTING_KEYS.map((one) => one.split('.')[0] ?? one);
    throw await unknownName('setting', key ?? '', SETTING_KEYS, tables);
  }
  if (options.json === true) printJson({ ...view, settings });
  else print(settings.map((one) => inWords(one, view.config)).join('\n\n'));
  return 0;
}

async function explained(places: Places): Promise<ConfigExplainView> {
  // The schema library takes longer to load than everything else.
  const { readConfig } = await import('../../protocol/config.ts');
  const config = configPath(places);
  const text = readConfigText(places);
  const settings = readConfig(config, text, process.env).map((found) => {
    const { byDefault, meaning, reason } = SETTINGS[found.key];
    const given = typeof byDefault === 'string' ? byDefault : [...byDefault];
    return { ...found, byDefault: given, meaning, reason };
  });
  return { schemaVersion: 1, config, exists: text !== null, settings };
}

/** A setting, or all of a table. */
function belongsTo(setting: string, key: string): boolean {
  return setting === key || setting.startsWith(`${key}.`);
}

function inWords(setting: ConfigExplainView['settings'][number], config: string): string {
  const { key, value, from, line, byDefault, meaning, reason } = setting;
  const source = {
    default: 'the default',
    file: `${config}:${line}; the default is ${asToml(byDefault)}`,
    environment: `COX_LOG_LEVEL; the default is ${asToml(byDefault)}`,
  }[from];
  return plain(`${key} = ${asToml(value)}   # ${source}\n  ${meaning}\n  Why this default: ${reason}`);
}

/** Strings and lists of them read the same in TOML and JSON. */
function asToml(value: string | string[]): string {
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.map(asToml).join(', ')}]`;
}

/** `cox config schema`: with a name, that schema alone, as other programs read it. JSON for people, too. */
async function showSchema(name: string | undefined, options: Options): Promise<number> {
  const { publishedSchemas } = await import('../../protocol/schemas.ts');
  const all = publishedSchemas();
  const { schemas } = all;
  const found = name === undefined ? all : Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (found === undefined) throw await unknownName('schema', name ?? '', Object.keys(schemas));
  if (options.json === true) printJson(found);
  else print(JSON.stringify(found, null, 2));
  return 0;
}

async function unknownName(
  what: string,
  name: string,
  known: readonly string[],
  more: readonly string[] = [],
): Promise<Error> {
  const { nearestOf } = await import('../../protocol/toml-text.ts');
  const nearest = nearestOf(name, [...known, ...more]);
  const advice = nearest === null ? '' : ` Did you mean ${nearest}?`;
  return usage(`There is no ${what} ${name}.${advice}`, `Known: ${known.join(', ')}.`);
}
