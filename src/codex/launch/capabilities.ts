/**
 * What each Codex version can do, as far as we rely on it. Rows are the first version that has it, measured on
 * the real binaries (docs/codex-versions.md says how and when).
 */
export const CAPABILITIES = {
  /** `codex app-server --listen unix://PATH`. */
  'app-server-unix': [0, 128, 0],
  /**
   * `thread/items/list`, with the ids of the live notifications. Before, only `thread/read` has the history, and
   * numbers its messages anew (`item-1`).
   */
  'items-list': [0, 155, 0],
} as const satisfies Record<string, readonly [number, number, number]>;

export type Capability = keyof typeof CAPABILITIES;

/** True where a version, such as `0.169.0` or `0.170.0-alpha.1`, has the capability; false for what is no version. */
export function hasCapability(version: string, capability: Capability): boolean {
  const parsed = parseVersion(version);
  if (parsed === null) return false;
  const wanted = CAPABILITIES[capability];
  for (const index of [0, 1, 2] as const) {
    if (parsed[index] !== wanted[index]) return parsed[index] > wanted[index];
  }
  return true;
}

/** True where a version comes after another; false for what is no version. */
export function isNewer(version: string, other: string): boolean {
  const [parsed, known] = [parseVersion(version), parseVersion(other)];
  if (parsed === null || known === null) return false;
  const index = ([0, 1, 2] as const).find((one) => parsed[one] !== known[one]);
  return index !== undefined && parsed[index] > known[index];
}

/** The oldest version that has a capability, for messages. */
export function firstVersionWith(capability: Capability): string {
  return CAPABILITIES[capability].join('.');
}

function parseVersion(version: string): [number, number, number] | null {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}
