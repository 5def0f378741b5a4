/** Node's timers hold at most a signed 32-bit count of milliseconds; longer waits are cut into pieces. */
const LONGEST_MS = 2 ** 31 - 1;

/** One timer for many wake-up times: set for the earliest, rings for each key that is due. */
export class Alarm {
  readonly #now: () => number;
  readonly #ring: (key: string) => void;
  readonly #times = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(now: () => number, ring: (key: string) => void) {
    this.#now = now;
    this.#ring = ring;
  }

  /** When to ring for a key, milliseconds since the epoch; null for never. Replaces what was set for it. */
  set(key: string, at: number | null): void {
    if (this.#stopped) return;
    if (at === null) this.#times.delete(key);
    else this.#times.set(key, at);
    if (at !== null && at < this.#timerAt) this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#times.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Math.min(...this.#times.values(), Number.POSITIVE_INFINITY);
    if (this.#timerAt === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(Math.max(0, this.#timerAt - this.#now()), LONGEST_MS);
    this.#timer = setTimeout(() => this.#due(), delay);
  }

  #due(): void {
    const now = this.#now();
    const due = [...this.#times].filter(([, at]) => at <= now).map(([key]) => key);
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (const key of due) {
      // A ring before it may have set another time for this one.
      if ((this.#times.get(key) ?? Number.POSITIVE_INFINITY) > now) continue;
      this.#times.delete(key);
      this.#ring(key);
    }
    this.#arm();
  }
}
