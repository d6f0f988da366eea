import { signal } from "@preact/signals";
import type { EpochRecord, Progress } from "ocelli";

/** Points of both curves by rounds since the beginning; null where nothing was measured. */
export interface Curve {
  readonly x: number[];
  readonly learnt: (number | null)[];
  readonly aside: (number | null)[];
}

const none = (): Curve => ({ x: [], learnt: [], aside: [] });

export const curves = signal<{ readonly accuracy: Curve; readonly loss: Curve; readonly epochs: number }>({ accuracy: none(), loss: none(), epochs: 1 });

/** Milliseconds between two points within a round. */
const pace = 120;
let last = 0;
/** Steps of the rounds before this one, for the place within it. */
let roundStart = { epoch: 0, step: 0 };

export function startCurves(): void {
  last = 0;
  roundStart = { epoch: 0, step: 0 };
  curves.value = { accuracy: none(), loss: none(), epochs: 1 };
}

/** Rounds that were finished before. */
export function drawEpochs(records: readonly Pick<EpochRecord, "epoch" | "loss" | "accuracy" | "validation">[]): void {
  for (const { epoch, loss, accuracy, validation } of records) put(epoch, { loss, accuracy }, validation);
  show(Math.max(1, ...records.map(({ epoch }) => epoch)));
}

export function drawStep({ epoch, epochs, step, steps, loss, accuracy, validation, endOfEpoch }: Progress): void {
  if (epoch !== roundStart.epoch) roundStart = { epoch, step: step - 1 };
  const now = performance.now();
  if (!endOfEpoch && now - last < pace) return;
  last = now;
  const left = (steps - roundStart.step) / Math.max(1, epochs - epoch + 1);
  const x = endOfEpoch ? epoch : epoch - 1 + Math.min(0.95, (step - roundStart.step) / left);
  put(x, { loss, accuracy }, validation);
  show(epochs);
}

function put(x: number, learnt: { loss: number; accuracy: number }, aside: { loss: number; accuracy: number } | undefined): void {
  for (const kind of ["accuracy", "loss"] as const) {
    const curve = curves.value[kind];
    curve.x.push(x);
    curve.learnt.push(learnt[kind]);
    curve.aside.push(aside?.[kind] ?? null);
  }
}

const show = (epochs: number) => {
  curves.value = { ...curves.value, epochs };
};
