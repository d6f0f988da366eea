import { describe, expect, it } from "vitest";
import { ArgumentError, DataError } from "../../src/core/errors.js";
import { ImageList, type ListItem } from "../../src/data/image-list.js";

const pixels = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 as const };

describe("ImageList.from", () => {
  it("takes paths, URLs, Blobs and pixels, with names as labels", () => {
    const blob = new Blob();
    const url = new URL("https://example.org/2.png");
    const data = ImageList.from([
      { image: "1.png", label: "dog" },
      { image: url, label: "cat" },
      { image: blob, label: "dog" },
      { image: pixels, label: "cat", id: "drawn" },
    ]);
    expect(data.classes).toEqual(["cat", "dog"]);
    expect([0, 1, 2, 3].map((index) => data.item(index))).toEqual([
      { image: "1.png", label: 1, id: "1.png" },
      { image: url, label: 0, id: "https://example.org/2.png" },
      { image: blob, label: 1, id: "item 2" },
      { image: pixels, label: 0, id: "drawn" },
    ]);
  });

  it("takes indices, sorts numbers by value, and keeps given classes", () => {
    const label = (...labels: (string | number)[]) => labels.map((name): ListItem => ({ image: pixels, label: name }));
    expect(ImageList.from(label(3, 0)).classes).toEqual(["0", "1", "2", "3"]);
    expect(ImageList.from(label("10", "9", "2")).classes).toEqual(["2", "9", "10"]);
    expect(ImageList.from(label("10", "9", "b")).classes).toEqual(["10", "9", "b"]);
    const data = ImageList.from(label("b", 0), { classes: ["z", "b"] });
    expect([data.item(0), data.item(1)]).toMatchObject([{ label: 1 }, { label: 0 }]);
  });

  const refusals: [(string | number)[], { classes?: string[] }, string][] = [
    [[], {}, "ImageList: there are no images"],
    [["a", "a"], {}, 'ImageList: expected at least two classes, got only "a"'],
    [["a", 1], {}, "ImageList: item 1 has label 1, expected a string like the first item's"],
    [[0, -1], {}, "ImageList: item 1 has label -1, expected a whole number from 0 to 1048575 or a class name"],
    [[0, 1.5], {}, "ImageList: item 1 has label 1.5, expected a whole number"],
    [[0, 2 ** 40], {}, "ImageList: item 1 has label 1099511627776, expected a whole number"],
    [["a", "c"], { classes: ["a", "b"] }, 'ImageList: item 1 has label "c", expected one of "a", "b"'],
    [[2], { classes: ["a", "b"] }, "ImageList: item 0 has label 2, expected 0 to 1"],
    [["a"], { classes: ["a", "b", "a"] }, 'ImageList: class "a" is given twice'],
    [[], { classes: [] }, "ImageList: expected at least two classes, got none"],
  ];
  it.each(refusals)("refuses %j %j", (labels, options, message) => {
    const items = labels.map((label) => ({ image: pixels, label }));
    expect(() => ImageList.from(items, options)).toThrow(DataError);
    expect(() => ImageList.from(items, options)).toThrow(message);
  });
});

describe("ImageList.fromAsync", () => {
  it("collects a stream, and no more of it than asked", async () => {
    let made = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<ListItem> {
      try {
        for (;;) yield { image: pixels, label: made++ % 3 };
      } finally {
        closed = true;
      }
    }
    const data = await ImageList.fromAsync(endless(), { limit: 7 });
    expect([data.length, data.classes.length, made, closed]).toEqual([7, 3, 7, true]);
    expect((await ImageList.fromAsync([{ image: pixels, label: "a" }], { classes: ["a", "b"] })).length).toBe(1);
    await expect(ImageList.fromAsync(endless(), { limit: 0 })).rejects.toThrow("there are no images");
    for (const limit of [-1, 0.5, Number.NaN]) await expect(ImageList.fromAsync([], { limit })).rejects.toThrow(ArgumentError);
  });
});
