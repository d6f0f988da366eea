/**
 * Whether Node's own modules can be had, with files and threads behind them: in Node, Deno and Bun. workerd has some of the modules, and
 * says that it is Node.
 */
export const hasNode: boolean =
  typeof process === "object" &&
  typeof process.getBuiltinModule === "function" &&
  Boolean(process.versions?.node) &&
  globalThis.navigator?.userAgent !== "Cloudflare-Workers";

/** What is asked of Deno, which would ask its user in turn. */
interface Permissions {
  querySync(descriptor: { readonly name: "env"; readonly variable: string }): { readonly state: string };
}

/** A variable of the environment, where there is one and it may be read: Deno's users are not asked for what has a default. */
export function variable(name: string): string | undefined {
  if (typeof process !== "object") return undefined;
  const { permissions } = (globalThis as { Deno?: { permissions: Permissions } }).Deno ?? {};
  if (permissions && permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  return process.env?.[name] || undefined;
}
