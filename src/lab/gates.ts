/** Named latches: closed until released, open ever after. */
export class Gates {
  readonly #open = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();

  isOpen(name: string): boolean {
    return this.#open.has(name);
  }

  /** Calls `pass` once the gate is open: at once if it is. The result takes the wish back; idempotent. */
  whenOpen(name: string, pass: () => void): () => void {
    if (this.#open.has(name)) {
      pass();
      return () => {};
    }
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    waiting.add(pass);
    return () => void waiting.delete(pass);
  }

  /** Opens the gate for good. Returns how many requests it held; 0 is no error. */
  release(name: string): number {
    this.#open.add(name);
    const passes = [...(this.#waiting.get(name) ?? [])];
    this.#waiting.delete(name);
    for (const pass of passes) pass();
    return passes.length;
  }

  /** Names of the gates that hold a request now. */
  holding(): readonly string[] {
    return [...this.#waiting].filter(([, passes]) => passes.size > 0).map(([name]) => name);
  }
}
