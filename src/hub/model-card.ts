/** What a model card (README.md) says of the licence, in the YAML between its first two lines of `---`. */
export function licenseOfCard(text: string): string | undefined {
  const matter = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
  if (matter === undefined) return undefined;
  // One word, or a list of one: no more of YAML than the hub's own cards use.
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(?:\\r?\\n[ \\t]*-[ \\t]*)?["']?([^\\s"'#\\[\\]][^\\r\\n"'#\\[\\]]*)`, "m").exec(matter)?.[1].trim();
  const license = field("license");
  const name = license === "other" ? (field("license_name") ?? license) : license;
  const link = license === "other" ? field("license_link") : undefined;
  return name && (link ? `${name} (${link})` : name).slice(0, 200);
}
