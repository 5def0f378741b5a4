import { readHome, storedLogin } from '../../codex/probe/home.ts';
import { type Check, fail, NotTried, ok, type Verdict, warn } from './check.ts';
import type { Context } from './context.ts';

/** Whether the provider of the home gets what it wants: a key in a variable, a login, or nothing. */
export const login: Check = {
  name: 'login',
  deadlineMs: 20_000,
  run: async (context) => {
    const { provider, credentialStore } = await readHome(context.codexHome);
    if (provider?.keyVariable != null) return keyInVariable(context, provider.name, provider.keyVariable);
    const answer = await context.asksForLogin();
    if (answer.type !== 'yes')
      throw new NotTried('whether a login is needed is not known', 'See the check app-server.');
    const name = provider?.name ?? 'the provider';
    if (!answer.value.requiresLogin) return ok(`${name} needs no login to OpenAI`);
    return loggedIn(context.codexHome, credentialStore);
  },
};

async function keyInVariable(context: Context, name: string, variable: string): Promise<Verdict> {
  const value = context.environment[variable] ?? '';
  if (value === '')
    return fail(
      `the provider ${name} takes its key from ${variable}, which is not set here`,
      `Set it (export ${variable}=…) where you call cox, or pass it with cox run --env ${variable}=….`,
    );
  const { environment } = await context.launch();
  if (environment[variable] === value) return ok(`the provider ${name} has its key in ${variable}`);
  return fail(
    `${variable}, the key of the provider ${name}, is set but does not reach a session`,
    `Add it to [env] pass in config.toml: pass = ["${variable}"].`,
  );
}

async function loggedIn(codexHome: string, credentialStore: string | null): Promise<Verdict> {
  const stored = await storedLogin(codexHome);
  if (stored !== null) return ok(`logged in with ${stored}`);
  if (credentialStore !== null && credentialStore !== 'file')
    return warn(
      `not known: Codex keeps its login elsewhere (cli_auth_credentials_store = "${credentialStore}")`,
      'Run codex login status.',
    );
  return fail(
    `Codex is not logged in: ${codexHome} has no login`,
    'Run codex login; or, with a key: printenv OPENAI_API_KEY | codex login --with-api-key.',
  );
}
