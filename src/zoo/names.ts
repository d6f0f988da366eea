/** Rounds a channel count to a multiple of 8, never below 90 % of it: the MobileNets' rule for widths. */
export function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** Renames `module.weight` and the like by a table of modules; a module that the table lacks keeps its name. */
export function renamer(modules: ReadonlyMap<string, string>): (name: string) => string {
  return (name) => {
    const dot = name.lastIndexOf(".");
    return `${modules.get(name.slice(0, dot)) ?? name.slice(0, dot)}${name.slice(dot)}`;
  };
}
