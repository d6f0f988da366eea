/** What a repeated part of a network is called: by number alone, or by a word with one. */
const numbered = /^(\d+|(layer|block|stage|s|b|denseblock|denselayer|inception|encoder_layer_|Mixed_)\d+[\w-]*)$/;
/** May stand between the number of a stage and that of a block. */
const between = /^(blocks|layers)$/;
const stem = /^(stem|conv_stem|patch_embed|conv_proj)\b/;

/**
 * The block that each parameter is in, counted from the network's input; the stem, or else the first block, is 0. Blocks are told by their names (`layer2.0`,
 * `blocks.3.1`, `features.5`): a stage's number and a block's, as far as they have layers inside. What lies between stages belongs to the
 * block behind it where it has the stage's name, and else, like what is behind the last block, to the block before. @see timm
 * `group_matcher`, for whose names the numbers are the same, but that layers between a pooling and the classifier are the head's there
 *
 * @param names of a backbone's parameters, in order
 */
export function blockNumbers(names: readonly string[]): number[] {
  const parts = names.map((name) => name.split(".").slice(0, -1));
  const inner = new Set(parts.flatMap((path) => path.map((_, i) => path.slice(0, i).join("."))));
  const keys = parts.map((path) => (stem.test(path.join(".")) ? "" : blockOf(path, inner)));
  const all = [...new Set(keys)].filter((key) => key !== "");
  let number = -1;
  const numbers = new Map<string, number>();
  return keys.map((given) => {
    const key = all.find((other) => other.startsWith(`${given}.`)) ?? given;
    if (key === "") {
      number = Math.max(number, 0);
      return number;
    }
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, ++number);
    return number;
  });
}

/** The path of the block that a module is in, or "". @param inner paths that have modules inside */
function blockOf(path: readonly string[], inner: ReadonlySet<string>): string {
  const ends: number[] = [];
  for (let i = 0; i < path.length && ends.length < 2; i++) {
    if (numbered.test(path[i])) ends.push(i + 1);
    else if (ends.length > 0 && !between.test(path[i])) break;
  }
  const keys = ends.map((end) => path.slice(0, end).join(".")).reverse();
  return keys.find((key) => inner.has(key)) ?? keys.at(-1) ?? "";
}
