import { exp, log } from "./math.js";
import type { Random } from "./random.js";

/** The logarithm of a draw of the gamma distribution with scale 1 (Marsaglia and Tsang 2000): it stays finite for tiny shapes too. */
function logGamma(random: Random, shape: number): number {
  if (shape < 1) return logGamma(random, shape + 1) + log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    if (log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + log(v))) return log(d) + log(v);
  }
}

/** A draw of the symmetric Dirichlet distribution: `count` shares whose sum is 1. */
export function dirichlet(random: Random, alpha: number, count: number): number[] {
  const logs = Array.from({ length: count }, () => logGamma(random, alpha));
  const top = Math.max(...logs);
  const shares = logs.map((value) => exp(value - top));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}

/** A draw of the beta distribution with both parameters `alpha`, 0 to 1. */
export function beta(random: Random, alpha: number): number {
  return dirichlet(random, alpha, 2)[0];
}
