import { pad } from "./arrange.js";
import type { Window } from "./convolution.js";
import type { Draft, Ref } from "./draft.js";

/**
 * Dilated convolutions as TensorFlow writes them where its kernels have no dilation: every block-th pixel becomes an image of its own
 * (SpaceToBatchND), these are convolved, and the pixels go back (BatchToSpaceND). Here the images stay together and the convolution is
 * dilated; only operators that look at single elements may stand between.
 */
export class Dilations {
  private readonly blocks = new Map<Ref, readonly number[]>();

  constructor(private readonly draft: Draft) {}

  /** @param paddings [top, bottom, left, right] */
  begin(x: Ref, block: readonly number[], paddings: readonly number[], where: string): Ref {
    if (block.length !== 2 || block.some((size) => size < 1) || paddings.length !== 4) this.draft.unsupported(`${where} of blocks [${block}]`);
    const padded = paddings.some((size) => size !== 0) ? pad(this.draft, x, [0, 0, ...paddings, 0, 0]) : this.draft.add("Identity", [x]);
    this.blocks.set(padded, block);
    return padded;
  }

  /** @param crops [top, bottom, left, right] */
  end(x: Ref, block: readonly number[], crops: readonly number[], where: string): Ref {
    const open = this.blocks.get(x);
    if (!open || open.join() !== block.join() || crops.length !== 4) return this.draft.unsupported(`${where} without the SpaceToBatchND that it undoes`);
    const [top, bottom, left, right] = crops;
    const toEnd = (crop: number) => (crop === 0 ? 2 ** 31 - 1 : -crop);
    if (crops.every((size) => size === 0)) return this.draft.add("Identity", [x]);
    const { draft } = this;
    return draft.add("Slice", [x, draft.ints([top, left]), draft.ints([toEnd(bottom), toEnd(right)]), draft.ints([1, 2])]);
  }

  /** The window of a convolution of x, dilated where x is open. */
  window(x: Ref, window: Window, where: string): Window {
    const block = this.blocks.get(x);
    if (!block) return window;
    if (window.padding !== "VALID" || window.strides.some((stride) => stride !== 1) || window.channelsFirst)
      this.draft.unsupported(`${where} with strides or padding between SpaceToBatchND and BatchToSpaceND`);
    return { ...window, dilations: block };
  }

  /** Says that y was made of these without looking beyond a pixel, so that y is open as they are. */
  follow(inputs: readonly Ref[], y: Ref): Ref {
    const block = inputs.map((x) => this.blocks.get(x)).find(Boolean);
    if (block && y !== undefined) this.blocks.set(y, block);
    return y;
  }

  /** @throws {UnsupportedOpError} where one of these is open */
  refuse(inputs: readonly Ref[], where: string): void {
    if (inputs.some((x) => this.blocks.has(x))) this.draft.unsupported(`${where} between SpaceToBatchND and BatchToSpaceND`);
  }
}
