import type { Cell, Setting } from "../cell.js";
import { expectEqual } from "../cell.js";
import { killAtMilestone } from "../milestones.js";
import { makeProfile } from "../profile.js";

const job = "jobs/resume.js";

/** Training in a page that keeps checkpoints in the browser goes on after kills and a reload, to the bits of one that nothing stopped. */
export function* resume({ programs }: Setting): Iterable<Cell> {
  for (const installed of programs.filter(({ runtime: { name } }) => name === "Chromium" || name === "Firefox"))
    for (const store of ["opfs", "indexedDb"])
      yield {
        name: `${installed.name}, training, ${store}`,
        async run() {
          const { kept, remove } = await makeProfile();
          try {
            await killAtMilestone(installed, job, { store, end: "step", at: 7 }, kept);
            await killAtMilestone(installed, job, { store, end: "write", at: 12 }, kept);
            const { firstSteps, resumed, whole, names } = (await installed.run(job, { store, end: "reload", at: 16 }, kept)) as Results;
            // The checkpoint of step 6 outlived the first kill, that of step 9 the one in the middle of writing the next.
            expectEqual(firstSteps, [10, 16], "first steps after the second kill and after the reload");
            expectEqual(resumed, whole, "hash of the weights");
            expectEqual(names, ["run.checkpoint", "run.checkpoint.previous"], "what is left");
            return `killed in a step and in a write, reloaded: weights ${whole.slice(0, 8)} as without`;
          } finally {
            remove();
          }
        },
      };
}

interface Results {
  readonly firstSteps: readonly number[];
  readonly resumed: string;
  readonly whole: string;
  readonly names: readonly string[];
}
