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
        at = endOfString(text, start);
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

/** Where the string that begins at `start` has its closing quote, or the text's end: a quote after an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote;
  }
  return text.length;
}

function unescape(token: string): string {
  if (!token.includes("\\")) return token.slice(1, -1);
  try {
    return JSON.parse(token);
  } catch {
    return token;
  }
}
