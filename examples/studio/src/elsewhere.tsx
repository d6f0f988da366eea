import { Icon } from "./design/icon.js";

/** Where the project is open in another tab. */
export const Elsewhere = () => (
  <main class="empty elsewhere">
    <Icon name="copy" />
    <h1>Open in another tab</h1>
    <p>The studio is open elsewhere in this browser. Close it there, and it goes on here.</p>
  </main>
);
