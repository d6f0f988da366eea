import { DataError } from "../core/errors.js";

/** The wanted columns of one row. */
export interface CsvRow {
  readonly values: string[];
  /** Line of the file on which the row ends, counted from 1. */
  readonly line: number;
}

/**
 * Reads columns of a CSV text (RFC 4180) by name; the first row has the names. Empty lines are left out.
 * @throws {DataError} for a missing column, a row of another length, or broken quotes, with the line
 */
export async function readCsv(text: string, columns: readonly string[], where: string, delimiter: string): Promise<CsvRow[]> {
  const { CsvError, parse } = await import("csv-parse/browser/esm/sync");
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, { bom: true, delimiter, info: true, skip_empty_lines: true, trim: true }) as unknown as typeof records;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new DataError(`${where}: ${cause.message}`, { cause });
  }
  const names = records[0]?.record ?? [];
  const places = columns.map((name) => {
    const place = names.indexOf(name);
    if (place < 0)
      throw new DataError(`${where}: expected a column ${JSON.stringify(name)}, found ${names.map((other) => JSON.stringify(other)).join(", ") || "nothing"}`);
    if (names.indexOf(name, place + 1) >= 0) throw new DataError(`${where}: there are two columns ${JSON.stringify(name)}`);
    return place;
  });
  return records.slice(1).map(({ record, info }) => ({ values: places.map((place) => record[place]), line: info.lines }));
}
