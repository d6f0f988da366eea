/**
 * Whether Node's own modules can be had, with files and threads behind them: in Node, Deno and Bun. workerd has some of the modules, and
 * says that it is Node.
 */
export const hasNode: boolean =
  typeof process === "object" &&
  typeof process.getBuiltinModule === "function" &&
  Boolean(process.versions?.node) &&
  globalThis.navigator?.userAgent !== "Cloudflare-Workers";

/** What Deno asks its user for. */
type Permission =
  | { readonly name: "env"; readonly variable: string }
  | { readonly name: "sys"; readonly kind: "homedir" }
  | { readonly name: "write"; readonly path: string };

/** Whether something is allowed already: what Ocelli can do without is not worth Deno's question to its user. */
export function isAllowed(permission: Permission): boolean {
  const { Deno } = globalThis as { Deno?: { permissions: { querySync(permission: Permission): { readonly state: string } } } };
  return Deno === undefined || Deno.permissions.querySync(permission).state === "granted";
}

/** A variable of the environment, where there is one that may be read. */
export function variable(name: string): string | undefined {
  return (typeof process === "object" && isAllowed({ name: "env", variable: name }) && process.env?.[name]) || undefined;
}
