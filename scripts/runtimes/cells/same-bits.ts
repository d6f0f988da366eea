import { labels, pictures } from "../../../src/cli/bench-runtimes/pictures.js";
import { type Bits, bitsProgram, expectedBits } from "../../../src/cli/bench-runtimes/same-bits.js";
import { type Cell, expectEqual, type Setting } from "../cell.js";

/** What the loss must fall below, as a share of what it was. */
const learned = 0.8;
/** Milliseconds for what takes seconds: two threads that share a core with others wait for each other. */
const patience = 900_000;

/** 200 training steps give the weights of the committed hash, to the bit, in every runtime and with any number of threads. */
export async function* sameBits({ programs }: Setting): AsyncIterable<Cell> {
  const input = { pictures: await pictures(bitsProgram.pictures), labels, epochs: bitsProgram.epochs };
  for (const installed of programs) {
    const asked = installed.runtime.threads ? [1, 2] : [1];
    yield {
      name: `${installed.name}, 200 training steps`,
      async run() {
        const said: string[] = [];
        for (const threads of asked) {
          const bits = (await installed.run("jobs/same-bits.js", { ...input, threads }, { timeout: patience })) as Bits;
          expectEqual([bits.steps, bits.threads], [200, threads], "steps and threads");
          expectEqual([bits.strange, bits.unmoved], [[], []], "weights that are not finite, and that did not move");
          const [first, last] = bits.losses;
          if (!(last < learned * first)) throw new Error(`the loss went from ${first} to ${last}`);
          expectEqual(bits.sha256, expectedBits, `sha256 of the weights with threads ${threads}`);
          said[0] = `threads ${asked.join(" and ")}, loss ${first.toFixed(3)} to ${last.toFixed(3)}, sha256 ${bits.sha256.slice(0, 16)}`;
        }
        return said[0];
      },
    };
  }
}
