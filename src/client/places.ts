import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where everything of one Coxswain is. `COX_HOME` puts it under one folder; else XDG's directories. */
export type Places = {
  stateDirectory: string;
  runtimeDirectory: string;
  configDirectory: string;
  /** The daemon's API. */
  socket: string;
  database: string;
  /** Held for as long as a daemon runs. */
  lock: string;
  /** The mark that every process of ours carries: with it they are found without the database. */
  ownerMark: string;
  /** The settings that a daemon had last. */
  lastSettings: string;
  /** Who the running daemon is, for people. */
  daemonRecord: string;
  log: string;
  logsDirectory: string;
  /** Sockets of app-servers. */
  serversDirectory: string;
  /** Git objects of snapshots. */
  objectsDirectory: string;
  /** CODEX_HOME of terminals that join a session. */
  terminalsDirectory: string;
  /**
   * Git worktrees of sessions, each under the session's id, beside a record of it. Short, since tools put unix sockets
   * (107 bytes) into the folder they work in. Nobody else can enter the state directory (0700): what another user is
   * to read, a web server or a container of another uid, is not to be looked for here.
   */
  worktreesDirectory: string;
};

/** The places that an environment names. Relative values of XDG variables are ignored, as XDG says. */
export function placesOf(environment: Readonly<Record<string, string | undefined>>): Places {
  const home = environment.COX_HOME;
  if (home !== undefined && home !== '') {
    const root = isAbsolute(home) ? home : join(process.cwd(), home);
    return places(join(root, 'state'), join(root, 'run'), join(root, 'config'));
  }
  const user = environment.HOME ?? homedir();
  const state = join(xdg(environment.XDG_STATE_HOME) ?? join(user, '.local', 'state'), 'coxswain');
  // Not XDG_RUNTIME_DIR: it vanishes with the last login, and the daemon is there to stay.
  const config = join(xdg(environment.XDG_CONFIG_HOME) ?? join(user, '.config'), 'coxswain');
  return places(state, join(state, 'run'), config);
}

function xdg(value: string | undefined): string | null {
  return value !== undefined && isAbsolute(value) ? value : null;
}

function places(stateDirectory: string, runtimeDirectory: string, configDirectory: string): Places {
  const logsDirectory = join(stateDirectory, 'logs');
  return {
    stateDirectory,
    runtimeDirectory,
    configDirectory,
    socket: join(runtimeDirectory, 'cox.sock'),
    database: join(stateDirectory, 'state.sqlite'),
    lock: join(stateDirectory, 'lock.sqlite'),
    ownerMark: join(stateDirectory, 'owner'),
    lastSettings: join(stateDirectory, 'settings.json'),
    daemonRecord: join(stateDirectory, 'daemon.json'),
    log: join(logsDirectory, 'daemon.log'),
    logsDirectory,
    serversDirectory: join(runtimeDirectory, 's'),
    objectsDirectory: join(stateDirectory, 'objects'),
    terminalsDirectory: join(stateDirectory, 'terminals'),
    worktreesDirectory: join(stateDirectory, 'worktrees'),
  };
}
