/** What `JSON.parse` does not say about a text. */
export interface JsonScan {
  /** A key that an object has twice (JSON.parse keeps the last and hides the rest). */
  repeatedKey?: string;
  /** Character at which objects and arrays are nested deeper than allowed. */
  tooDeep?: number;
  /** Members and elements in all, at most; a bound of what parsing will allocate. */
  values: number;
}

/** One pass over `text` without recursion. Text that is no JSON gets some answer: JSON.parse is to refuse it. */
export function scanJson(text: string, depth: number): JsonScan {
  const keys: (Set<string> | undefined)[] = [];
  let values = 1;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        if (keys.length === depth) return { tooDeep: at, values };
        expectKey = text[at] === "{";
        keys.push(expectKey ? new Set() : undefined);
        break;
      case "}":
      case "]":
        keys.pop();
        expectKey = false;
        break;
      case ",":
        values++;
        expectKey = keys.at(-1) !== undefined;
        break;
      case '"': {
        const start = at;
        while (++at < text.length && text[at] !== '"') if (text[at] === "\\") at++;
        if (!expectKey) break;
        const key = unescape(text.slice(start, at + 1));
        if (keys.at(-1)?.has(key)) return { repeatedKey: key, values };
        keys.at(-1)?.add(key);
        expectKey = false;
      }
    }
  }
  return { values };
}

function unescape(token: string): string {
  if (!token.includes("\\")) return token.slice(1, -1);
  try {
    return JSON.parse(token);
  } catch {
    return token;
  }
}
