/** Rounds a channel count to a multiple of `divisor`, default 8, and up where it were below `limit` of it, default 0.9: the MobileNets' rule for widths. */
export function roundChannels(channels: number, { divisor = 8, limit = 0.9 }: { divisor?: number; limit?: number } = {}): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return rounded < limit * channels ? rounded + divisor : rounded;
}

/** Renames `module.weight` and the like by a table of modules; a module that the table lacks keeps its name. */
export function renamer(modules: ReadonlyMap<string, string>): (name: string) => string {
  return (name) => {
    const dot = name.lastIndexOf(".");
    return `${modules.get(name.slice(0, dot)) ?? name.slice(0, dot)}${name.slice(dot)}`;
  };
}

/** Renames by rules, each to what those before it made of the name. */
export function replacer(rules: readonly (readonly [pattern: RegExp, to: string])[]): (name: string) => string {
  return (name) => rules.reduce((text, [pattern, to]) => text.replace(pattern, to), name);
}
