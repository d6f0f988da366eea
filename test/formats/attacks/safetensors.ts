/** Files that a reader must refuse, each made to break one rule. */

/** A file from a header (JSON text, an object, or raw bytes) and a data section. `length` overrides the header's own. */
export function file(header: string | object | Uint8Array, data: number | Uint8Array = 0, length?: bigint): Uint8Array {
  const text = header instanceof Uint8Array ? header : new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

const tensor = (begin: unknown, end: unknown, shape: unknown = [2], dtype: unknown = "F32") => ({ dtype, shape, data_offsets: [begin, end] });
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

export interface Attack {
  name: string;
  bytes: Uint8Array;
  error: "FormatError" | "LimitError";
  message: string;
}

const refuse = (name: string, bytes: Uint8Array, message: string, error: Attack["error"] = "FormatError"): Attack => ({ name, bytes, error, message });

export const attacks: Attack[] = [
  refuse("empty file", new Uint8Array(0), "expected at least 8 bytes, got 0"),
  refuse("half a length", new Uint8Array(7), "expected at least 8 bytes, got 7"),
  refuse("header past the end", file("{}", 0, 3n), "header ends at byte 11, after the file's 10"),
  refuse("header longer than the limit", file("{}", 0, 100_000_001n), "header of 100000001 bytes is longer than 100000000", "LimitError"),
  refuse("header of 2^64 - 1 bytes", file("{}", 0, 2n ** 64n - 1n), "header of 18446744073709551615 bytes", "LimitError"),
  refuse("another format", new TextEncoder().encode("\x89PNG\r\n\x1a\n and so on"), "is this a safetensors file?", "LimitError"),
  refuse("empty header", file("", 8), "header begins with nothing"),
  refuse("header that begins with a space", file(" {}"), "header begins with byte 0x20"),
  refuse("header with a byte order mark", file("\ufeff{}"), "header begins with byte 0xef"),
  refuse("broken UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), "header is no valid UTF-8"),
  refuse("broken JSON", file('{"a":'), "header is no valid JSON"),
  refuse("open string", file('{"a'), "header is no valid JSON"),
  refuse("text after the JSON", file("{} {}"), "header is no valid JSON"),
  refuse("zeros after the JSON", file("{}\0\0"), "header is no valid JSON"),
  refuse("a million brackets", file(`{"a":${deep(500_000)}}`), "header is nested more than 3 deep at character 7"),
  refuse("repeated tensor", file(`{"a":${JSON.stringify(tensor(0, 8))},"a":${JSON.stringify(tensor(0, 8))}}`, 8), 'header has the key "a" twice'),
  refuse(
    "repeated tensor, spelled differently",
    file(`{"a":${JSON.stringify(tensor(0, 8))},"\\u0061":${JSON.stringify(tensor(0, 8))}}`, 8),
    'header has the key "a" twice',
  ),
  refuse("repeated field", file('{"a":{"dtype":"F32","shape":[2],"dtype":"I32","data_offsets":[0,8]}}', 8), 'header has the key "dtype" twice'),
  refuse("repeated metadata", file('{"__metadata__":{"x":"1","x":"2"}}'), 'header has the key "x" twice'),
  refuse("millions of values", file(`{"a":{"shape":[${"1,".repeat(3_200_001)}1]}}`), "values, more than 3200000", "LimitError"),
  refuse("entry that is no object", file({ a: 1 }), 'entry "a" is no object'),
  refuse("entry that is null", file({ a: null }), 'entry "a" is no object'),
  refuse("entry that is a list", file({ a: [] }), 'entry "a" is no object'),
  refuse("metadata that is a list", file({ __metadata__: ["x"] }), 'entry "__metadata__" is no object'),
  refuse("metadata that is a number", file({ __metadata__: { x: 1 } }), 'metadata "x" is no string'),
  refuse("__proto__ as a tensor", file('{"__proto__":{"dtype":"F32"}}'), 'tensor "__proto__" has shape nothing'),
  refuse("unknown dtype", file({ a: tensor(0, 8, [2], "Q4_0") }, 8), 'tensor "a" has dtype "Q4_0", expected one of'),
  refuse("dtype from the prototype", file({ a: tensor(0, 8, [2], "toString") }, 8), 'tensor "a" has dtype "toString"'),
  refuse("no dtype", file({ a: { shape: [2], data_offsets: [0, 8] } }, 8), 'tensor "a" has dtype nothing'),
  refuse("no shape", file({ a: { dtype: "F32", data_offsets: [0, 8] } }, 8), 'tensor "a" has shape nothing'),
  refuse("no offsets", file({ a: { dtype: "F32", shape: [2] } }, 8), 'tensor "a" has data_offsets nothing'),
  refuse("negative size", file({ a: tensor(0, 8, [-2]) }, 8), 'tensor "a" has shape [-2]'),
  refuse("fractional size", file({ a: tensor(0, 8, [0.5, 4]) }, 8), 'tensor "a" has shape [0.5,4]'),
  refuse("size as text", file({ a: tensor(0, 8, ["2"]) }, 8), 'tensor "a" has shape ["2"]'),
  refuse("infinite size", file('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}', 8), 'tensor "a" has shape [null]'),
  refuse("one offset", file({ a: { dtype: "F32", shape: [2], data_offsets: [0] } }, 8), 'tensor "a" has data_offsets [0]'),
  refuse("three offsets", file({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8, 8] } }, 8), 'tensor "a" has data_offsets [0,8,8]'),
  refuse("negative offset", file({ a: tensor(-8, 0) }, 8), 'tensor "a" has data_offsets [-8,0]'),
  refuse("offset above 2^53", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740993]}}', 8), 'tensor "a" has data_offsets'),
  refuse("offsets the wrong way round", file({ a: tensor(8, 0) }, 8), 'tensor "a" has data_offsets [8,0] that end before they begin'),
  refuse("data cut off", file({ a: tensor(0, 8) }, 4), 'tensor "a" ends at byte 70, after the file\'s 66'),
  refuse("data left over", file({ a: tensor(0, 8) }, 9), "tensors end at byte 70, before the file's 71"),
  refuse("data without tensors", file("{}", 4), "tensors end at byte 10, before the file's 14"),
  refuse("too few bytes for the shape", file({ a: tensor(0, 8, [3]) }, 8), 'tensor "a" has 8 bytes, expected 12 for F32 [3]'),
  refuse("hole at the start", file({ a: tensor(4, 12) }, 12), "leaving a hole after byte 63"),
  refuse("hole between tensors", file({ a: tensor(0, 8), b: tensor(12, 20) }, 20), 'tensor "b" begins at byte 129, leaving a hole after byte 125'),
  refuse("overlap", file({ a: tensor(0, 8), b: tensor(4, 12) }, 12), 'tensor "b" begins at byte 120, inside the one before, which ends at 124'),
  refuse("the same bytes twice", file({ a: tensor(0, 8), b: tensor(0, 8) }, 8), 'tensor "b" begins at byte'),
  refuse("empty tensor inside another", file({ a: tensor(0, 8), b: tensor(4, 4, [0]) }, 8), 'tensor "b" begins at byte'),
  refuse("product beyond 2^64", file({ a: tensor(0, 0, Array(64).fill(4294967296)) }), 'tensor "a" has shape [4294967296,4294967296,', "LimitError"),
  refuse("product beyond the element limit", file({ a: tensor(0, 0, [2 ** 30, 2]) }), "of more than 1073741824 elements", "LimitError"),
  refuse(
    "100,001 tensors",
    file(`{${Array.from({ length: 100_001 }, (_, i) => `"${i}":${JSON.stringify(tensor(0, 0, [0]))}`).join()},"__metadata__":{}}`),
    "100002 entries",
    "LimitError",
  ),
];
