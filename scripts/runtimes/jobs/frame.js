import { png } from "./images.js";

/** Opens a page of this server in a frame, gives its file input a picture, and reads the lines that it then lists. */
export default async function frame({ page }, { base }) {
  const frame = document.createElement("iframe");
  frame.src = new URL(page, base).href;
  const loaded = new Promise((done) => frame.addEventListener("load", done));
  document.body.append(frame);
  await loaded;
  const inside = frame.contentDocument;
  const wrong = [];
  for (const kind of ["error", "unhandledrejection"])
    frame.contentWindow.addEventListener(kind, ({ message, reason }) => wrong.push(String(message ?? reason)));
  const input = inside.querySelector("input");
  const files = new DataTransfer();
  files.items.add(new File([png], "photo.png", { type: "image/png" }));
  // The snippet listens once its model is there, the page with a model inside from the start.
  const isReady = () => input.onchange !== null || inside.querySelector("[role=status]");
  await until(() => isReady() || wrong.length > 0);
  input.files = files.files;
  input.dispatchEvent(new Event("change"));
  await until(() => inside.querySelector("ol li") || wrong.length > 0 || /^cannot|expected/.test(inside.querySelector("[role=status]")?.textContent ?? ""));
  const lines = [...inside.querySelectorAll("ol li")].map((line) => line.textContent);
  const requests = frame.contentWindow.performance.getEntriesByType("resource").map(({ name }) => name);
  return { lines, wrong, said: inside.querySelector("[role=status]")?.textContent, requests: requests.filter((name) => name.startsWith("http")) };
}

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
