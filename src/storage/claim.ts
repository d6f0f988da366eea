/** Web Locks: held by a tab or worker until it lets go or is gone, however it ended. Pages without https have none. */
const locks = globalThis.navigator?.locks as LockManager | undefined;

/** Whether it can be known that a claim was left behind. */
export const claimsEnd = locks !== undefined;

/** What is claimed in this page or worker, where there are no locks. */
const claimed = new Set<string>();

/** Takes a name for as long as this tab or worker lives. @returns what gives it back, or undefined where another has it */
export async function claim(name: string): Promise<(() => void) | undefined> {
  if (!locks) {
    if (claimed.has(name)) return undefined;
    claimed.add(name);
    return () => claimed.delete(name);
  }
  return new Promise((settle, fail) => {
    locks.request(`ocelli: ${name}`, { ifAvailable: true }, (lock) => (lock ? new Promise<void>((release) => settle(release)) : settle(undefined))).catch(fail);
  });
}

/** Does `clean` where whoever had claimed `name` is gone without giving it back. */
export async function ifAbandoned(name: string, clean: () => Promise<unknown>): Promise<void> {
  const release = claimsEnd ? await claim(name) : undefined;
  if (release) await clean().finally(release);
}
