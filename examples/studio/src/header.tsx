import { useSignal } from "@preact/signals";
import { Icon, type IconName } from "./design/icon.js";
import { say } from "./design/toast.js";
import { theme, themes } from "./design/theme.js";
import { ProjectMenu } from "./project-menu.js";
import { change, project, redo, redoable, saving, undo, undoable } from "./project/state.js";
import { route, steps } from "./route.js";
import { trained } from "./project/trained.js";

const themeIcons: Record<(typeof themes)[number], IconName> = { auto: "auto", light: "sun", dark: "moon" };

/** Name of the project, the four steps, and what concerns all of them. */
export function Header() {
  const isMenu = useSignal(false);
  const isDone = { collect: project.value.images.length > 0, teach: trained.value !== undefined, look: false, "take-away": false };
  return (
    <header class="header">
      <div class="brand">
        <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" class="logo">
          <rect width="32" height="32" rx="8" />
          <circle cx="16" cy="10.2" r="4.4" />
          <circle cx="9.6" cy="20.8" r="4.4" />
          <circle cx="22.4" cy="20.8" r="4.4" />
        </svg>
        <input
          class="project-name"
          aria-label="Name of the project"
          value={project.value.name}
          maxLength={60}
          onBlur={({ currentTarget }) => rename(currentTarget)}
          onKeyDown={({ key, currentTarget }) => key === "Enter" && currentTarget.blur()}
        />
        <Saved />
      </div>
      <nav class="steps" aria-label="Steps">
        <ol>
          {steps.map(({ id, name }, i) => (
            <li key={id}>
              <a href={`#${id}`} aria-current={route.value === id ? "step" : undefined}>
                <span class="step-number" aria-hidden="true">
                  {isDone[id] && route.value !== id ? <Icon name="check" /> : i + 1}
                </span>
                {name}
              </a>
            </li>
          ))}
        </ol>
      </nav>
      <div class="header-tools">
        <Tool icon="undo" what={undoable.value} name="Undo" run={undo} />
        <Tool icon="redo" what={redoable.value} name="Do again" run={redo} />
        <button
          type="button"
          class="button quiet icon-only"
          aria-label={`Theme: ${theme.value}`}
          title={`Theme: ${theme.value}`}
          onClick={() => (theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length])}
        >
          <Icon name={themeIcons[theme.value]} />
        </button>
        <button type="button" class="button quiet icon-only" aria-label="Project" title="Project" onClick={() => (isMenu.value = true)}>
          <Icon name="more" />
        </button>
      </div>
      {isMenu.value && <ProjectMenu onClose={() => (isMenu.value = false)} />}
    </header>
  );
}

const Tool = ({ icon, name, what, run }: { icon: IconName; name: string; what?: string; run: () => string | undefined }) => (
  <button
    type="button"
    class="button quiet icon-only"
    aria-label={name}
    title={what ? `${name}: ${what}` : name}
    disabled={!what}
    onClick={() => {
      const done = run();
      if (done) say(`${name}: ${done}`);
    }}
  >
    <Icon name={icon} />
  </button>
);

function rename(input: HTMLInputElement): void {
  const name = input.value.trim();
  if (!name) input.value = project.value.name;
  else if (name !== project.value.name) change("Rename the project", () => ({ name }));
}

/** Whether what is seen is also kept. */
function Saved() {
  const state = saving.value;
  if (state instanceof Error)
    return (
      <span class="saved bad" role="alert" title={state.message}>
        Not saved
      </span>
    );
  return <span class="saved small soft">{state === "saved" ? "Saved here" : "Saving…"}</span>;
}
