import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Collect } from "./collect/collect.js";
import { Icon } from "./design/icon.js";
import { say, Toasts } from "./design/toast.js";
import { Header } from "./header.js";
import { redo, undo } from "./project/state.js";
import { route, type StepId, steps } from "./route.js";
import { Look } from "./look/look.js";
import { TakeAway } from "./take-away/take-away.js";
import { Teach } from "./teach/teach.js";

const pages: Record<StepId, ComponentType> = { collect: Collect, teach: Teach, look: Look, "take-away": TakeAway };

export function App() {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isText = event.target instanceof HTMLInputElement && event.target.type !== "checkbox" && event.target.type !== "range";
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || isText) return;
      event.preventDefault();
      const what = event.shiftKey ? redo() : undo();
      if (what) say(`${event.shiftKey ? "Did again" : "Undid"}: ${what}`);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const Page = pages[route.value];
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header />
      <main id="main" class="main" tabIndex={-1} key={route.value}>
        <Page />
      </main>
      <nav class="tabs" aria-label="Steps, below">
        {steps.map(({ id, name, icon }) => (
          <a key={id} href={`#${id}`} aria-current={route.value === id ? "step" : undefined}>
            <Icon name={icon} />
            {name}
          </a>
        ))}
      </nav>
      <Toasts />
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
