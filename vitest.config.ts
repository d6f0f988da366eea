import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/**/*.test.ts"], globalSetup: "test/fresh-kernels.ts", testTimeout: 120_000, hookTimeout: 120_000, pool: "forks", maxWorkers: 2 },
});
