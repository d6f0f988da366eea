import { UnsupportedOpError } from "../core/errors.js";

/** Bytes that `refusePickle` looks at. */
export const pickleHeadBytes = 256;

/** What such files are called; other files end in `.bin` too. */
const pickleName = /(pytorch[^/\\]*\.bin|\.(pt|pth|ckpt|pkl|pickle))$/i;

/** MARK, EMPTY_LIST, GLOBAL, EMPTY_DICT, LONG1 (PyTorch's magic number), FRAME: what follows the protocol in files that are seen. */
const firstOperations = [0x28, 0x5d, 0x63, 0x7d, 0x8a, 0x95];

/**
 * Refuses PyTorch's own files: a pickle is a program that builds objects, and reading it runs it. Told by the name, or
 * by the first bytes: a bare pickle of protocol 2 to 5, or the zip archive that `torch.save` writes, whose first entry is `<name>/data.pkl`.
 *
 * @param head the first bytes, as many as there are up to `pickleHeadBytes`; without them the name tells
 * @param where the file, for the message
 * @throws {UnsupportedOpError} saying how to convert it
 */
export function refusePickle(name: string, head: Uint8Array = new Uint8Array(), where = name): void {
  const isBarePickle = head[0] === 0x80 && head[1] >= 2 && head[1] <= 5 && firstOperations.includes(head[2]);
  const isArchive = head[0] === 0x50 && head[1] === 0x4b && /\/data\.pkl/.test(String.fromCharCode(...head.subarray(0, pickleHeadBytes)));
  if (!isBarePickle && !isArchive && !(head.length === 0 && pickleName.test(name))) return;
  throw new UnsupportedOpError(
    `expected safetensors, got a Python pickle, which is a program and is never run here; convert it once in Python: ` +
      `from safetensors.torch import save_file; save_file(torch.load("weights.pth", weights_only=True), "weights.safetensors") (${where})`,
  );
}
