import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ArgumentError, DataError, FormatError, StorageError } from "../../src/core/errors.js";
import {
  bytesOf,
  openSafetensors,
  readHeader,
  safetensorsDtypes,
  saveSafetensors,
  SHA256_KEY,
  type TensorArray,
  type TensorToWrite,
  writeSafetensors,
} from "../../src/formats/safetensors/index.js";
import { arrayTypes } from "../../src/formats/safetensors/dtype.js";
import { asset } from "../assets.js";

const fixture = join(import.meta.dirname, "fixtures/dtypes.safetensors");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ocelli-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

const weights: TensorToWrite[] = [
  { name: "head.weight", dtype: "F32", shape: [2, 3], data: Float32Array.of(1, -2, 3, -4, 5, 0.1) },
  { name: "head.bias", dtype: "F16", shape: [2], data: Float32Array.of(0.5, -65504) },
];

describe("safetensors written by NumPy", () => {
  const expected = [-2.5, -0, 1 / 3, 1e-7, 65504, Number.POSITIVE_INFINITY];

  it("reads every dtype", async () => {
    const file = await openSafetensors(fixture);
    expect([...file.metadata]).toEqual([
      ["made by", "numpy"],
      ["größe", "zwei\n"],
    ]);
    expect([...file.tensors.keys()]).toEqual(["count", "double", "a.weight", "b.weight", "int", "brain", "half", "signed", "unsigned", "flag"]);
    expect(await file.read("a.weight")).toEqual({ dtype: "F32", shape: [2, 3], data: Float32Array.from(expected) });
    expect((await file.read("b.weight")).data).toEqual(new Float32Array(0));
    expect((await file.read("count")).data).toEqual(BigInt64Array.of(2n ** 53n + 1n));
    expect((await file.read("double")).data).toEqual(Float64Array.of(1 / 3));
    expect((await file.read("int")).data).toEqual(Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect((await file.read("flag")).data).toEqual(Uint8Array.of(1, 0, 1));
    expect((await file.read("half")).data).toEqual(Uint16Array.of(0xc100, 0x8000, 0x3555, 0x0002, 0x7bff, 0x7c00));
    expect(await file.readFloat32("half")).toEqual(Float32Array.of(-2.5, -0, 0.333251953125, 2 ** -23, 65504, Number.POSITIVE_INFINITY));
    expect(await file.readFloat32("brain")).toEqual(Float32Array.of(-2.5, -0, 0.333984375, 215 * 2 ** -31, 65536, Number.POSITIVE_INFINITY));
    expect(await file.readFloat32("signed")).toEqual(Float32Array.of(-128, 127, 0));
    expect(await file.readFloat32("unsigned")).toEqual(Float32Array.of(0, 255));
    expect(await file.readFloat32("count")).toEqual(Float32Array.of(2 ** 53));
    await file.close();
  });

  it("is written with the same bytes", async () => {
    const file = await openSafetensors(fixture);
    const tensors: TensorToWrite[] = [];
    for (const name of [...file.tensors.keys()].reverse()) tensors.push({ name, ...(await file.read(name)) });
    await file.close();
    expect(Buffer.from(await writeSafetensors(tensors, file.metadata))).toEqual(await readFile(fixture));
    const rounded = tensors.map((tensor) => (/^(half|brain)$/.test(tensor.name) ? { ...tensor, data: Float32Array.from(expected) } : tensor));
    expect(Buffer.from(await writeSafetensors(rounded, file.metadata))).toEqual(await readFile(fixture));
  });
});

it("reads a real checkpoint", async ({ skip }) => {
  const path = asset("weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors");
  if (!path) return skip("weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors is not there");
  const file = await openSafetensors(path);
  expect(file.metadata.get("format")).toBe("pt");
  expect(file.tensors.size).toBe(314);
  expect(file.tensors.get("features.0.0.weight")).toMatchObject({ dtype: "F32", shape: [32, 3, 3, 3], length: 3456 });
  expect(file.tensors.get("classifier.1.weight")).toMatchObject({ dtype: "F32", shape: [1001, 1280] });
  expect(file.tensors.get("features.0.1.num_batches_tracked")).toMatchObject({ dtype: "I64", shape: [1] });
  const head = await file.readFloat32("classifier.1.weight");
  expect(head.length).toBe(1001 * 1280);
  expect(head.every(Number.isFinite)).toBe(true);
  expect(await file.readFloat32("features.0.1.running_var")).toEqual(new Float32Array(32).fill(1));
  await file.close();
});

describe("safetensors sources", () => {
  let bytes: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    const wide = { name: "wide", dtype: "F32", shape: [50_000], data: Float32Array.from({ length: 50_000 }, (_, i) => i) } as const;
    bytes = await writeSafetensors([...weights, wide], { k: "v" });
    await writeFile(join(folder, "sources.safetensors"), bytes);
  });

  it.each<[string, () => string | URL | Blob | ArrayBuffer | Uint8Array]>([
    ["path", () => join(folder, "sources.safetensors")],
    ["file URL", () => pathToFileURL(join(folder, "sources.safetensors"))],
    ["Blob", () => new Blob([bytes])],
    ["File", () => new File([bytes], "photos.safetensors")],
    ["ArrayBuffer", () => bytes.buffer],
    ["Uint8Array", () => new Uint8Array([0, ...bytes]).subarray(1)],
    ["data URL", () => `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`],
  ])("opens a %s", async (_, source) => {
    const file = await openSafetensors(source());
    expect(await file.readFloat32("head.weight")).toEqual(weights[0].data);
    expect((await file.read("wide")).data[49_999]).toBe(49_999);
    await file.close();
  });

  it("names a file that is not there, a folder, and a File", async () => {
    const missing = join(folder, "missing.safetensors");
    await expect(openSafetensors(missing)).rejects.toThrow(new DataError(`cannot open ${missing}: there is no such file or folder`));
    await expect(openSafetensors(folder)).rejects.toThrow(new DataError(`cannot open ${folder}: expected a file, found a folder`));
    await expect(openSafetensors(new File(["{}"], "photos.safetensors"))).rejects.toThrow("(photos.safetensors)");
  });

  it("gives every tensor memory of its own, and says which names it does not have", async () => {
    const file = await openSafetensors(bytes);
    const { data } = await file.read("head.weight");
    data[0] = 99;
    expect((await file.read("head.weight")).data[0]).toBe(1);
    await expect(file.read("toString")).rejects.toThrow(new ArgumentError('safetensors: there is no tensor "toString" among the 3 of bytes in memory'));
  });

  describe("over HTTP", () => {
    let server: Server;
    let address: string;
    let requests: (string | undefined)[];
    beforeAll(async () => {
      server = createServer((request, response) => {
        requests.push(request.headers.range);
        const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
        if (request.url === "/missing") return response.writeHead(404).end();
        if (request.url === "/whole" || !from) return response.writeHead(200).end(bytes);
        if (request.url === "/hidden") return response.writeHead(206).end(bytes.subarray(Number(from), Number(to) + 1));
        const end = Math.min(Number(to) + 1, bytes.length);
        const etag = request.url === "/changing" ? `"${requests.length}"` : '"1"';
        response.writeHead(206, { "content-range": `bytes ${from}-${end - 1}/${bytes.length}`, etag }).end(bytes.subarray(Number(from), end));
      }).listen(0, "127.0.0.1");
      await new Promise((ready) => server.once("listening", ready));
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => server.close());

    it("fetches only what is read", async () => {
      requests = [];
      const file = await openSafetensors(new URL(`${address}/ranges`));
      const { offset, length } = file.tensors.get("head.bias") ?? { offset: 0, length: 0 };
      expect(await file.readFloat32("head.bias")).toEqual(weights[1].data);
      expect(requests).toEqual(["bytes=0-65535", `bytes=${offset}-${offset + length - 1}`]);
    });

    it.each([
      ["/whole", 1],
      ["/hidden", 2],
    ])("takes the whole body where ranges cannot be used: %s", async (path, count) => {
      requests = [];
      const file = await openSafetensors(address + path);
      expect((await file.read("wide")).data[49_999]).toBe(49_999);
      expect(requests.length).toBe(count);
    });

    it("notices a missing file and one that changes", async () => {
      await expect(openSafetensors(`${address}/missing`)).rejects.toThrow(new DataError(`cannot fetch ${address}/missing: status 404 Not Found`));
      const file = await openSafetensors(`${address}/changing`);
      await expect(file.read("wide")).rejects.toThrow(/changed while it was read/);
    });
  });
});

describe("safetensors writer", () => {
  const anyTensors = fc
    .uniqueArray(
      fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__"),
      { maxLength: 6 },
    )
    .chain((names) => fc.tuple(...names.map((name) => fc.constantFrom(...safetensorsDtypes).chain((dtype) => anyTensor(name, dtype)))));

  function anyTensor(name: string, dtype: (typeof safetensorsDtypes)[number]): fc.Arbitrary<TensorToWrite> {
    return fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((a, b) => a * b, 1) * bytesOf(dtype);
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes) => ({ name, dtype, shape, data: new arrayTypes[dtype](bytes.slice().buffer) }));
    });
  }

  it("write, then read, is the identity", async () => {
    await fc.assert(
      fc.asyncProperty(anyTensors, fc.dictionary(fc.string(), fc.string()), fc.boolean(), async (tensors, metadata, sha256) => {
        delete metadata[SHA256_KEY];
        const bytes = await writeSafetensors(tensors, metadata, { sha256 });
        const file = await openSafetensors(bytes);
        expect(new Map([...file.metadata].filter(([key]) => key !== SHA256_KEY))).toEqual(new Map(Object.entries(metadata)));
        expect(file.tensors.size).toBe(tensors.length);
        for (const { name, dtype, shape, data } of tensors) {
          const back = await file.read(name);
          expect([back.dtype, back.shape]).toEqual([dtype, shape]);
          expect(bitsOf(back.data)).toEqual(bitsOf(data));
        }
        for (const { dtype, offset } of file.tensors.values()) expect(offset % bytesOf(dtype)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  const bitsOf = (data: TensorArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

  it("refuses what does not fit", async () => {
    const tensor = (changes: object) => [{ ...weights[0], ...changes }];
    await expect(writeSafetensors([...weights, ...weights])).rejects.toThrow(new ArgumentError('safetensors: tensor "head.weight" is given twice'));
    await expect(writeSafetensors(tensor({ name: "__metadata__" }))).rejects.toThrow("this name is the format's own");
    await expect(writeSafetensors(tensor({ shape: [3, 3] }))).rejects.toThrow('tensor "head.weight" of shape [3,3] expects 9 elements, got 6');
    await expect(writeSafetensors(tensor({ dtype: "I8" }))).rejects.toThrow('tensor "head.weight" of I8 expects Int8Array, got Float32Array');
    await expect(writeSafetensors(tensor({ dtype: "f32" }))).rejects.toThrow('tensor "head.weight" has dtype f32, expected one of');
    await expect(writeSafetensors(weights, { epoch: 3 } as never)).rejects.toThrow('metadata "epoch" expects a string, got 3');
  });

  it("records digests and refuses a tensor that does not match its own", async () => {
    const bytes = await writeSafetensors(weights, {}, { sha256: true });
    const { tensors } = await readHeader(bytes);
    const { offset } = tensors.get("head.weight") ?? { offset: 0 };
    expect(await (await openSafetensors(bytes)).readFloat32("head.weight")).toEqual(weights[0].data);
    bytes[offset + 2] ^= 1;
    const damaged = await openSafetensors(bytes);
    await expect(damaged.read("head.weight")).rejects.toThrow(FormatError);
    await expect(damaged.read("head.weight")).rejects.toThrow(/^safetensors: tensor "head.weight" has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(await damaged.readFloat32("head.bias")).toEqual(weights[1].data);
    expect((await (await openSafetensors(bytes, { verify: false })).read("head.weight")).data.length).toBe(6);
    for (const digests of ["", "1", "null", "{}", '{"head.weight":"x","head.bias":""}']) {
      await expect(openSafetensors(await writeSafetensors(weights, { [SHA256_KEY]: digests }))).rejects.toThrow("has no digest of tensor");
    }
  });

  it.each(["without WebCrypto", "on a page whose pool is not running"])("%s the digests are the same, and are verified", async (where) => {
    const large: TensorToWrite = { name: "large", dtype: "U8", shape: [600_000], data: Uint8Array.from({ length: 600_000 }, (_, i) => i % 251) };
    const expected = await writeSafetensors([large], {}, { sha256: true });
    if (where === "without WebCrypto") vi.stubGlobal("crypto", undefined);
    else vi.stubGlobal("document", {});
    try {
      const bytes = await writeSafetensors([large], {}, { sha256: true });
      expect(Buffer.compare(bytes, expected)).toBe(0);
      expect(Buffer.compare((await (await openSafetensors(bytes)).read("large")).data as Uint8Array, large.data as Uint8Array)).toBe(0);
      bytes[bytes.length - 1] ^= 1;
      await expect((await openSafetensors(bytes)).read("large")).rejects.toThrow(/^safetensors: tensor "large" has sha256/);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("saves a file that replaces the old one only when it is complete", async () => {
    const path = join(folder, "saved.safetensors");
    await saveSafetensors(path, weights, { epoch: "1" }, { sha256: true });
    const first = await readFile(path);
    expect(first).toEqual(Buffer.from(await writeSafetensors(weights, { epoch: "1" }, { sha256: true })));
    let looks = 0;
    const lost = {
      ...weights[0],
      name: "lost",
      get data() {
        if (++looks === 3) throw new Error("the tensor is gone");
        return weights[0].data;
      },
    };
    await expect(saveSafetensors(path, [...weights, lost])).rejects.toThrow("the tensor is gone");
    expect(await readFile(path)).toEqual(first);
    expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
    expect(looks).toBe(3);
    await expect(saveSafetensors(join(folder, "nowhere/a.safetensors"), weights)).rejects.toThrow(StorageError);
  });
  it.skipIf(process.platform === "win32")("leaves the old file when the new one does not fit", async () => {
    const path = join(folder, "full.safetensors");
    await saveSafetensors(path, weights);
    const old = await readFile(path);
    const command = `ulimit -f 1000; exec "$0" --import tsx "$1" "$2"`;
    const saver = spawn("bash", ["-c", command, process.execPath, join(import.meta.dirname, "save-forever.ts"), path], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    saver.stderr.on("data", (text) => {
      said += text;
    });
    expect(await once(saver, "close")).toEqual([1, null]);
    expect(said).toContain(`StorageError: cannot write ${path}: it is larger than files may be`);
    expect(await readFile(path)).toEqual(old);
    expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("leaves a whole file behind when the process is killed while saving", async () => {
    const path = join(folder, "killed.safetensors");
    let killedBetween = 0;
    for (let round = 0; round < 6; round++) {
      const saver = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "save-forever.ts"), path], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((saved) => saver.stdout.once("data", saved));
      await setTimeout(5 + 7 * round);
      saver.kill("SIGKILL");
      await once(saver, "exit");
      const file = await openSafetensors(path);
      const { data } = await file.read("weight");
      expect(data.length).toBe(1_000_000);
      expect(data.every((value) => value === data[0])).toBe(true);
      expect(file.metadata.get("step")).toBe(String(data[0]));
      await file.close();
      killedBetween += (await readdir(folder)).filter((name) => name.endsWith(".tmp")).length;
    }
    expect(killedBetween, "no kill came while a file was being written").toBeGreaterThan(0);
  });
});
