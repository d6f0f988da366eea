import { UnsupportedOpError } from "../core/errors.js";

/** Bytes that `refusePickle` looks at. */
export const pickleHeadBytes = 256;

/**
 * Refuses PyTorch's own files: a pickle is a program that builds objects, and reading it runs it. Told by the name, or
 * by the first bytes: a bare pickle of protocol 2 to 5, or the zip archive that `torch.save` writes, whose first entry is `<name>/data.pkl`.
 *
 * @param head the first bytes, as many as there are up to `pickleHeadBytes`; without them the name tells
 * @param where the file, for the message
 * @throws {UnsupportedOpError} saying how to convert it
 */
export function refusePickle(name: string, head: Uint8Array = new Uint8Array(), where = name): void {
  const isBarePickle = head[0] === 0x80 && head[1] >= 2 && head[1] <= 5;
  const isArchive = head[0] === 0x50 && head[1] === 0x4b && /\/data\.pkl/.test(String.fromCharCode(...head.subarray(0, pickleHeadBytes)));
  if (!isBarePickle && !isArchive && !(head.length === 0 && /\.(bin|pt|pth|ckpt|pkl|pickle)$/i.test(name))) return;
  throw new UnsupportedOpError(
    `expected safetensors, got a Python pickle, which is a program and is never run here; convert it once in Python: ` +
      `from safetensors.torch import save_file; save_file(torch.load("weights.pth", weights_only=True), "weights.safetensors") (${where})`,
  );
}
