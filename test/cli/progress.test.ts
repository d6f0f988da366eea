import { afterEach, describe, expect, it, vi } from "vitest";
import { ProgressBar } from "../../src/cli/progress.js";

/** What a bar writes to a terminal of so many columns, or elsewhere. */
function drawn(columns: number | undefined, draw: (bar: ProgressBar) => void): string {
  let text = "";
  const stream = { isTTY: columns !== undefined, columns, write: (part: string) => (text += part) };
  draw(new ProgressBar(stream as unknown as NodeJS.WriteStream));
  return text;
}

afterEach(() => vi.useRealTimers());

describe("ProgressBar", () => {
  it("draws work, share, text and time left", () => {
    expect(drawn(100, (bar) => bar.update("all 2/5", 0.5, "loss 0.412  96 images/s", 125))).toBe(
      "\r\u001b[2Kall 2/5  ━━━━━━━━━━━━────────────  50 %  loss 0.412  96 images/s  2:05 left",
    );
  });

  it.each([20, 40, 60, 80])("stays within one line of %i columns", (columns) => {
    const text = drawn(columns, (bar) => bar.update("all 2/5", 0.5, "loss 0.412  96 images/s", 125));
    expect(text.replace("\r\u001b[2K", "").length).toBeLessThan(columns);
    expect(text).toContain(columns < 40 ? "all 2/5" : "50 %");
  });

  it("writes nothing where there is no terminal", () => {
    expect(
      drawn(undefined, (bar) => {
        bar.update("all 2/5", 0.5, "loss 0.412");
        bar.clear();
      }),
    ).toBe("");
  });

  it("redraws at most every 80 ms, at once for new work, and estimates the time left", () => {
    vi.useFakeTimers({ now: 0, toFake: ["performance"] });
    const text = drawn(100, (bar) => {
      bar.update("features", 0.1, "1 of 10");
      bar.update("features", 0.2, "2 of 10");
      vi.advanceTimersByTime(3000);
      bar.update("features", 0.3, "3 of 10");
      bar.update("checking", 0.5, "5 of 10");
      bar.clear();
    });
    expect(text.split("\r\u001b[2K").map((line) => line.trim())).toEqual([
      "",
      "features  ━━──────────────────────  10 %  1 of 10",
      "features  ━━━━━━━─────────────────  30 %  3 of 10  0:07 left",
      "checking  ━━━━━━━━━━━━────────────  50 %  5 of 10",
      "",
    ]);
  });
});
