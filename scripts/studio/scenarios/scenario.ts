import type { TestImages } from "../images.js";
import type { Person } from "../person.js";

export interface Setting {
  readonly images: TestImages;
  readonly origin: string;
  /** Folder of screenshots, where there are to be any. */
  readonly shots?: string;
  /** Where a file of the images is served. */
  address(file: string): string;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
}

/** Why a browser cannot be asked for something. */
export class LeftOut {
  constructor(readonly why: string) {}
}

/** @returns what there is to say of it, if anything */
export type Scenario = (person: Person, setting: Setting) => Promise<string | LeftOut | void>;
export type Scenarios = Record<string, Scenario>;
