/** The changes of a session as a patch, as `cox diff --json` prints them. */
export type DiffView = {
  schemaVersion: 1;
  session: string;
  /** The repository's root. */
  root: string;
  /** When the newer side was measured. */
  measuredAt: string;
  /** A unified diff; the session's text, so untrusted. */
  patch: string;
  /** Whether the patch was cut. */
  truncated: boolean;
};

/** How to join a session's thread with Codex's own terminal interface. */
export type AttachView = {
  schemaVersion: 1;
  session: string;
  thread: string;
  /** argv of the command to run. */
  command: string[];
  cwd: string;
  /** Variables that the command needs beside the caller's own. */
  environment: Record<string, string>;
};
