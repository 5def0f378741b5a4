/** What one layer, a folder under src/, may import besides itself. */
export interface LayerRule {
  readonly layers: readonly string[];
  /** Node's built-in modules. */
  readonly node: boolean;
  readonly packages: 'any' | 'any but zod' | 'none';
}

/** All layers below the surfaces: what the composition root puts together. */
const belowSurfaces = [
  'core',
  'protocol',
  'client',
  'terminal',
  'machine',
  'worktree',
  'store',
  'notify',
  'codex/names',
  'codex',
  'lab',
  'fleet',
];

/** What a surface sees: the client and what the client speaks of. */
const surface = { layers: ['core', 'protocol', 'client'], node: true } as const;

/**
 * The one-way rule. zod stays off the command line's path to the socket: loading it takes longer than everything
 * else there (see also the check `start-path`).
 */
export const layerTable: Readonly<Record<string, LayerRule>> = {
  core: { layers: [], node: false, packages: 'none' },
  protocol: { layers: ['core'], node: false, packages: 'any' },
  client: { layers: ['core', 'protocol'], node: true, packages: 'any but zod' },

  terminal: { layers: ['core'], node: true, packages: 'any but zod' },
  machine: { layers: ['core'], node: true, packages: 'none' },
  worktree: { layers: ['core'], node: true, packages: 'any but zod' },
  store: { layers: ['core'], node: true, packages: 'any but zod' },
  notify: { layers: ['core'], node: true, packages: 'any but zod' },

  'codex/names': { layers: [], node: true, packages: 'none' },
  codex: { layers: ['core', 'machine', 'codex/names'], node: true, packages: 'any' },
  lab: { layers: ['codex/names'], node: true, packages: 'any' },
  fleet: { layers: ['core', 'protocol', 'client'], node: true, packages: 'any but zod' },

  daemon: { layers: belowSurfaces, node: true, packages: 'any' },

  cli: { ...surface, packages: 'any but zod' },
  tui: { ...surface, packages: 'any but zod' },
  mcp: { ...surface, packages: 'any' },
  web: { ...surface, packages: 'any but zod' },
};

/** The layer of a path from the root of the repository, the longest that fits; null outside of src/'s layers. */
export function layerOf(path: string): string | null {
  const names = Object.keys(layerTable).filter((name) => `${path}/`.startsWith(`src/${name}/`));
  return names.toSorted((one, other) => other.length - one.length)[0] ?? null;
}

/** True when a file of the first layer may import one of the second. */
export function mayImport(from: string, to: string): boolean {
  return from === to || (layerTable[from]?.layers.includes(to) ?? false);
}
