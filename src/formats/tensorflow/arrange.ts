/** TensorFlow's operators that move numbers. Axes, sizes and paddings must be constants; whole numbers are int64. */
import type { Draft, Ref } from "./draft.js";

/** "To the end" of a slice. */
const farEnd = 2 ** 31 - 1;

/** @param paddings [axes, 2], behind one another */
export function pad(draft: Draft, x: Ref, paddings: readonly number[], options: { value?: Ref; mode?: string } = {}): Ref {
  if (paddings.some((size) => size < 0)) draft.fail(`paddings [${paddings}] expect sizes of 0 or more`);
  const pads = [0, 1].flatMap((side) => paddings.filter((_, i) => i % 2 === side));
  const value = options.value === undefined ? [] : [options.value];
  return draft.add("Pad", [x, draft.ints(pads), ...value], { mode: options.mode ?? "constant" });
}

/** @param mode "REFLECT" leaves the edge out; "SYMMETRIC" repeats it, which is the same as the edge itself for paddings up to 1 */
export function mirrorPad(draft: Draft, x: Ref, paddings: readonly number[], mode: string, where: string): Ref {
  if (mode === "REFLECT") return pad(draft, x, paddings, { mode: "reflect" });
  if (mode === "SYMMETRIC" && paddings.every((size) => size <= 1)) return pad(draft, x, paddings, { mode: "edge" });
  return draft.unsupported(`${where}: padding of mode ${mode}`);
}

/** Tensors side by side along a new axis. */
export function pack(draft: Draft, inputs: readonly Ref[], axis: number): Ref {
  const axes = draft.ints([axis]);
  return draft.add(
    "Concat",
    inputs.map((x) => draft.add("Unsqueeze", [x, axes])),
    { axis },
  );
}

/** The `count` tensors along an axis, without it. */
export function unpack(draft: Draft, x: Ref, count: number, axis: number): Ref[] {
  const axes = draft.ints([axis]);
  return draft.addAll("Split", [x], count, { axis }).map((part) => draft.add("Squeeze", [part, axes]));
}

/** `size` from `begin` on along each axis; -1 is all that is left. */
export function slice(draft: Draft, x: Ref, begin: readonly number[], size: readonly number[]): Ref {
  const ends = size.map((length, i) => (length < 0 ? farEnd : begin[i] + length));
  return draft.add("Slice", [x, draft.ints(begin), draft.ints(ends), draft.ints(begin.map((_, axis) => axis))]);
}

/** Elements of some axes in reverse. */
export function reverse(draft: Draft, x: Ref, axes: readonly number[]): Ref {
  const all = (value: number) => draft.ints(axes.map(() => value));
  return draft.add("Slice", [x, all(-1), all(-farEnd), draft.ints(axes), all(-1)]);
}

/** Whole numbers of which each bit says something of one entry of a strided slice. */
export interface SliceMasks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrink: number;
}

/**
 * x[begin:end:strides] as NumPy has it. Entries behind an ellipsis count their axes from the end.
 *
 * @see tensorflow `StridedSlice`, for what the bits of the masks mean
 */
export function stridedSlice(
  draft: Draft,
  x: Ref,
  { begin, end, strides }: Readonly<Record<"begin" | "end" | "strides", readonly number[]>>,
  masks: SliceMasks,
): Ref {
  const bit = (mask: number, i: number) => ((mask >> i) & 1) === 1;
  const count = begin.length;
  if (end.length !== count || strides.length !== count || count > 31)
    draft.fail(`a strided slice has ${count} begins, ${end.length} ends and ${strides.length} strides`);
  const ellipsis = begin.findIndex((_, i) => bit(masks.ellipsis, i));
  const entries = begin.map((_, i) => i).filter((i) => i !== ellipsis);
  const isNew = (i: number) => bit(masks.newAxis, i);
  /** Axis of entry i among those that `counts`; from the end for entries behind the ellipsis. */
  const axisOf = (i: number, counts: (i: number) => boolean) =>
    ellipsis < 0 || i < ellipsis ? entries.filter((each) => each < i && counts(each)).length : -entries.filter((each) => each >= i && counts(each)).length;
  const read = entries.filter((i) => !isNew(i));
  const sliced = read.filter((i) => bit(masks.shrink, i) || strides[i] !== 1 || !(bit(masks.begin, i) || begin[i] === 0) || !bit(masks.end, i));
  let y = x;
  if (sliced.length > 0) {
    const starts = sliced.map((i) => (bit(masks.shrink, i) || !bit(masks.begin, i) ? begin[i] : strides[i] < 0 ? farEnd : 0));
    const ends = sliced.map((i) => {
      if (bit(masks.shrink, i)) return begin[i] === -1 ? farEnd : begin[i] + 1;
      return bit(masks.end, i) ? (strides[i] < 0 ? -farEnd : farEnd) : end[i];
    });
    const steps = sliced.map((i) => (bit(masks.shrink, i) ? 1 : strides[i]));
    const axes = sliced.map((i) => axisOf(i, (each) => !isNew(each)));
    y = draft.add("Slice", [y, draft.ints(starts), draft.ints(ends), draft.ints(axes), draft.ints(steps)]);
  }
  const shrunk = read.filter((i) => bit(masks.shrink, i));
  if (shrunk.length > 0) y = draft.add("Squeeze", [y, draft.ints(shrunk.map((i) => axisOf(i, (each) => !isNew(each))))]);
  const added = entries.filter(isNew);
  if (added.length > 0) y = draft.add("Unsqueeze", [y, draft.ints(added.map((i) => axisOf(i, (each) => isNew(each) || !bit(masks.shrink, each))))]);
  return y;
}
