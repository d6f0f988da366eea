import { signal } from "@preact/signals";

interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const toast = signal<Toast | undefined>(undefined);
const shownMilliseconds = 6000;

/** Says something in the corner for a few seconds, and to screen readers, in place of what was said before: that is about a state that is no more. */
export function say(text: string, action?: Toast["action"]): void {
  const said = { text, action };
  toast.value = said;
  setTimeout(() => dismiss(said), shownMilliseconds);
}

const dismiss = (said: Toast) => {
  if (toast.value === said) toast.value = undefined;
};

export function Toasts() {
  const said = toast.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {said && (
        <div class="toast">
          <span>{said.text}</span>
          {said.action && (
            <button
              type="button"
              class="button small"
              onClick={() => {
                dismiss(said);
                said.action?.run();
              }}
            >
              {said.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
