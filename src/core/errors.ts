/** Base of every error that Ocelli throws on purpose; `code` is stable, the message is for people. */
export class OcelliError extends Error {
  readonly code: string;
  /** Said in full: bundlers shorten class names. */
  override readonly name: string = "OcelliError";
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Shapes or attributes of an operator do not fit together. Thrown while a graph is built. */
export class ShapeError extends OcelliError {
  override readonly name = "ShapeError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_SHAPE", message, options);
  }
}

/** A file or byte stream is not what its format allows. Names the file, the place and the numbers. */
export class FormatError extends OcelliError {
  override readonly name = "FormatError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_FORMAT", message, options);
  }
}

/** Something well-formed is larger than a documented limit; `src/core/limits.ts` lists them. */
export class LimitError extends OcelliError {
  override readonly name = "LimitError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_LIMIT", message, options);
  }
}

/** An operator, data type or format feature that this version does not run. */
export class UnsupportedOpError extends OcelliError {
  override readonly name = "UnsupportedOpError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_UNSUPPORTED", message, options);
  }
}

/** A data set or an image cannot be used; names the file, class or row. */
export class DataError extends OcelliError {
  override readonly name = "DataError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_DATA", message, options);
  }
}

/** A file cannot be kept: no room, no permission, nowhere to put it. What was kept under its name before is as it was. */
export class StorageError extends OcelliError {
  override readonly name = "StorageError";
  /** Whether there is no room left: on the disk, or in what a browser gives the page. */
  readonly isFull: boolean;
  constructor(message: string, { isFull = false, ...options }: ErrorOptions & { readonly isFull?: boolean } = {}) {
    super("ERR_STORAGE", message, options);
    this.isFull = isFull;
  }
}

/** An option or argument of a public call is outside what its docstring allows. */
export class ArgumentError extends OcelliError {
  override readonly name = "ArgumentError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_ARGUMENT", message, options);
  }
}

/** A quantised model would lose more accuracy than was allowed. */
export class QuantizationError extends OcelliError {
  override readonly name = "QuantizationError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_QUANTIZATION", message, options);
  }
}

/** A worker failed, or a runtime feature that the engine needs is missing. */
export class WorkerError extends OcelliError {
  override readonly name = "WorkerError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_WORKER", message, options);
  }
}

/** A call used a model or session after `close()`. */
export class ClosedError extends OcelliError {
  override readonly name = "ClosedError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_CLOSED", message, options);
  }
}
