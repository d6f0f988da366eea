import { useSignal } from "@preact/signals";
import { Dialog } from "../design/dialog.js";
import { addFromAddress } from "./incoming.js";
import { shownClass } from "./view.js";

/** An image by its address on the web. */
export function AddFromAddress({ onClose }: { onClose: () => void }) {
  const address = useSignal("");
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    isBusy.value = true;
    problem.value = "";
    try {
      await addFromAddress(address.value, shownClass.value);
      onClose();
    } catch (error) {
      problem.value = (error as Error).message;
    }
    isBusy.value = false;
  };
  return (
    <Dialog title="Add an image from the web" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <label class="field">
          <span>Address of the image</span>
          <input
            class="input"
            type="url"
            required
            placeholder="https://example.com/cat.jpg"
            value={address.value}
            aria-describedby="address-problem"
            onInput={({ currentTarget }) => (address.value = currentTarget.value)}
          />
        </label>
        <p id="address-problem" role="alert" class="problem">
          {problem.value}
        </p>
        <div class="dialog-actions">
          <button type="submit" class="button primary" disabled={isBusy.value}>
            {isBusy.value ? "Fetching…" : "Add"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
