import { Icon } from "../design/icon.js";
import { newClass } from "../project/project.js";
import { change } from "../project/state.js";
import { pickFiles, pickFolder } from "./pick.js";

const startWithClasses = () =>
  change("Add 2 classes", () => {
    const first = newClass("Class 1", []);
    return { classes: [first, newClass("Class 2", [first])] };
  });

/** Before there is anything: what this is, and the ways to begin. */
export const EmptyProject = ({ onWebcam }: { onWebcam: () => void }) => (
  <div class="welcome">
    <div class="welcome-text">
      <h2 class="welcome-title">Teach it to see what you see</h2>
      <p class="soft welcome-lead">
        Show a few dozen pictures of each thing you want told apart. A network learns them here, in this tab, and is yours to take away. Nothing leaves this
        device.
      </p>
    </div>
    <div class="drop-zone">
      <svg class="welcome-art" viewBox="0 0 220 120" aria-hidden="true">
        <g class="art-card" transform="rotate(-9 60 66)">
          <rect x="22" y="26" width="76" height="76" rx="10" />
          <path d="M22 84l22-22 18 16 12-10 24 20" />
        </g>
        <g class="art-card" transform="rotate(8 160 66)">
          <rect x="122" y="26" width="76" height="76" rx="10" />
          <circle cx="160" cy="64" r="18" />
        </g>
        <g class="art-card front">
          <rect x="70" y="16" width="80" height="80" rx="10" />
          <circle cx="110" cy="43" r="9" />
          <circle cx="97" cy="66" r="9" />
          <circle cx="123" cy="66" r="9" />
        </g>
      </svg>
      <p>
        <strong>Drop a folder of images here.</strong>
        <br />
        <span class="soft">Each folder inside becomes a class. A zip works too, and so does pasting.</span>
      </p>
      <div class="row welcome-ways">
        <button type="button" class="button primary" onClick={() => pickFolder(null)}>
          <Icon name="folder" /> Choose a folder
        </button>
        <button type="button" class="button" onClick={() => pickFiles(null)}>
          <Icon name="images" /> Choose images
        </button>
        <button type="button" class="button" onClick={onWebcam}>
          <Icon name="camera" /> Use the camera
        </button>
      </div>
      <button type="button" class="button quiet" onClick={startWithClasses}>
        Name the classes first
      </button>
    </div>
  </div>
);
