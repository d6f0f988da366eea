/** Descriptions of a repository, its `config.json`, that the reader must refuse, each made to break one rule. */

export interface Attack {
  readonly name: string;
  readonly config: string;
  readonly message: string;
}

const config = (name: string, text: string | object, message: string): Attack => ({
  name,
  config: typeof text === "string" ? text : JSON.stringify(text),
  message,
});
const timm = (name: string, more: object, message: string) => config(name, { architecture: "resnet18", num_classes: 2, ...more }, message);
const deep = "[".repeat(100_000) + "]".repeat(100_000);

export const attacks: readonly Attack[] = [
  config("cut in the middle", '{"architecture": "resn', "expected JSON, got"),
  config("a web page", "<!DOCTYPE html><p>log in", "expected JSON, got"),
  config("a list", "[]", "expected an object, got []"),
  config("a name that is nested without end", `{"architecture": ${deep}}`, "architecture: expected a text, got a list of 1"),
  config(
    "a number that is nested without end",
    `{"architecture": "resnet18", "num_classes": ${deep}}`,
    "num_classes: expected a whole number, got a list of 1",
  ),
  timm("huge images", { input_size: [3, 2 ** 30, 2 ** 30] }, "input_size: expected [channels, height, width], got [3,1073741824,1073741824]"),
  timm("images of negative size", { input_size: [3, -224, -224] }, "input_size: expected [channels, height, width], got [3,-224,-224]"),
  timm("a crop of nothing", { input_size: [3, 224, 224], crop_pct: 0 }, "crop_pct: expected"),
  timm("images divided by zero", { std: [0, 1, 1] }, "std: expected 1 to 4 numbers above 0, got [0,1,1]"),
  timm("half a class", { num_classes: 1.5 }, "num_classes: expected a whole number, got 1.5"),
  timm("a name that is a number", { label_names: [1, 2] }, "label_names: expected a list of texts, got [1,2]"),
];
