import { vi } from "vitest";
import { Pool } from "../../src/runtime/pool.js";
import { Session } from "../../src/runtime/session.js";

const nextTurn = setImmediate;

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * Counts the work that calls begin, in units that do not depend on how fast it is done: messages to threads, tensors written and read,
 * slices of the caller's thread, and what a test adds by `begin`: items of a data set, reads of a file, requests to a server.
 */
export class Work {
  private begun = 0;
  /** Of these, slices of the caller's thread. */
  private slices = 0;
  private running = 0;
  private stop: { readonly at: number; readonly abort: () => void } | undefined;

  constructor() {
    for (const [target, name] of [
      [Pool.prototype, "ask"],
      [Session.prototype, "read"],
      [Session.prototype, "write"],
    ] as const) {
      const methods = target as unknown as Record<string, Method>;
      const original = methods[name];
      const { during } = this;
      methods[name] = function (...args) {
        return during(() => original.apply(this, args));
      };
    }
    // What works in slices asks the clock after each whether it is time to give others a turn: here it always is.
    let time = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (time += 1000));
    vi.spyOn(globalThis, "setImmediate").mockImplementation(((turn: () => void) => {
      this.slices++;
      this.begin();
      return nextTurn(turn);
    }) as typeof setImmediate);
  }

  /** A unit begins. */
  readonly begin = (): void => {
    this.begun++;
    if (!this.stop || this.begun < this.stop.at) return;
    const { abort } = this.stop;
    this.stop = undefined;
    abort();
  };

  /**
   * Aborts a call in its `at`th unit.
   *
   * @param at 0 for when the call has only been made
   * @returns what it threw, if it did, and the units that it began after the abort: until it settled, and of those that are no slices all that
   * went on behind it; a program that is being planned stays for the next call
   */
  async abort(at: number, reason: Error, call: (signal: AbortSignal) => Promise<unknown>): Promise<{ thrown?: unknown; settled: number; behind: number }> {
    const controller = new AbortController();
    let [begun, slices] = [Number.NaN, Number.NaN];
    const abort = () => {
      [begun, slices] = [this.begun, this.slices];
      controller.abort(reason);
    };
    this.stop = { at: at === 0 ? Number.POSITIVE_INFINITY : this.begun + at, abort };
    const settling = call(controller.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (at === 0) abort();
    const thrown = await settling;
    this.stop = undefined;
    const settled = this.begun - begun;
    await this.quiet();
    return { thrown, settled, behind: this.begun - this.slices - (begun - slices) };
  }

  /** Until nothing runs and, for some turns of the event loop, nothing begins. */
  private async quiet(turns = 20): Promise<void> {
    for (let still = 0, last = this.begun; still < turns; still = this.running === 0 && this.begun === last ? still + 1 : 0) {
      last = this.begun;
      await new Promise<void>((resolve) => nextTurn(resolve));
    }
  }

  /** A unit that is known to run until it ends. */
  private readonly during = async (unit: () => Promise<unknown>): Promise<unknown> => {
    this.begin();
    this.running++;
    try {
      return await unit();
    } finally {
      this.running--;
    }
  };
}
