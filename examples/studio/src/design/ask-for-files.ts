interface Wanted {
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly webkitdirectory?: boolean;
}

/** Asks for files with the platform's own dialog. */
export function askForFiles(wanted: Wanted, take: (input: HTMLInputElement) => void): void {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", hidden: true }, wanted);
  document.body.append(input); // Firefox tells only inputs of the page
  input.addEventListener("change", () => {
    take(input);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  input.click();
}
