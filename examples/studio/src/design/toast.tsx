import { signal } from "@preact/signals";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const toasts = signal<readonly Toast[]>([]);
const shownMilliseconds = 6000;
let made = 0;

/** Says something in the corner for a few seconds, and to screen readers. */
export function say(text: string, action?: Toast["action"]): void {
  const id = ++made;
  // What an earlier one offers to do is about a state that is no more.
  toasts.value = [...toasts.value.filter((toast) => !toast.action).slice(-2), { id, text, action }];
  setTimeout(() => dismiss(id), shownMilliseconds);
}

const dismiss = (id: number) => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(({ id, text, action }) => (
      <div class="toast" key={id}>
        <span>{text}</span>
        {action && (
          <button
            type="button"
            class="button small"
            onClick={() => {
              dismiss(id);
              action.run();
            }}
          >
            {action.label}
          </button>
        )}
      </div>
    ))}
  </div>
);
