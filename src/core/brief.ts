/** A value for a message, cut short. */
export function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? `a list of ${value.length}` : "an object";
  return (typeof value === "string" ? JSON.stringify(value) : String(value)).slice(0, 80);
}
