/** What a project is: plain data, kept as `project.json`. */
export interface ImageClass {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

export interface ProjectImage {
  /** First half of the sha256 of its bytes, so that the same image is the same file. */
  readonly id: string;
  readonly name: string;
  /** Class by id; null where nobody has said yet. */
  readonly label: string | null;
  readonly type: string;
  readonly bytes: number;
}

export interface Project {
  readonly version: 1;
  readonly name: string;
  readonly classes: readonly ImageClass[];
  readonly images: readonly ProjectImage[];
}

export const emptyProject: Project = { version: 1, name: "My project", classes: [], images: [] };

/** Told apart by most people, and visible on both themes. */
export const classColors = ["#2f7fd6", "#dd6b20", "#3b9a57", "#b3459a", "#c2960c", "#7659c6", "#12929b", "#d3414e", "#7c8b2b", "#95694a", "#5c7391", "#db749e"];

/** A class of the next colour that is least used. */
export function newClass(name: string, others: readonly ImageClass[], color?: string): ImageClass {
  const uses = (color: string) => others.filter((each) => each.color === color).length;
  const free = classColors.reduce((best, each) => (uses(each) < uses(best) ? each : best));
  return { id: crypto.randomUUID().slice(0, 8), name: unusedName(name, others), color: color ?? free };
}

/** `cat`, or where there is one `cat 2`. */
export function unusedName(name: string, others: readonly ImageClass[]): string {
  const taken = new Set(others.map((each) => each.name));
  let found = name;
  for (let i = 2; taken.has(found); i++) found = `${name} ${i}`;
  return found;
}

export function parseProject(text: string): Project {
  const project = JSON.parse(text) as Project;
  if (project.version !== 1 || !Array.isArray(project.classes) || !Array.isArray(project.images)) throw new Error("project.json is of another version");
  return project;
}
