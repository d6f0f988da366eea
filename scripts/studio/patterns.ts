import type { Person } from "./person.js";

/** Kinds of drawn images, which stand for photos where there are none that everybody may have. */
export const patterns = ["Waves", "Rings", "Dots", "Rays", "Bricks", "Leaves"] as const;
export const patternColors = ["#2f7fd6", "#dd6b20", "#3b9a57", "#b3459a", "#c2960c", "#7659c6"] as const;

/** What `bringPatterns` leaves in the page. @param turn another image of the kind */
export interface Drawing {
  drawPattern(kind: number, turn: number, type?: string): Promise<Blob>;
}

/** Lets the page draw images: `globalThis.drawPattern`. */
export function bringPatterns(person: Person): Promise<void> {
  return person.evaluate(() => {
    const side = 224;
    const page = globalThis as unknown as Drawing;
    page.drawPattern = (kind, turn, type = "image/webp") => {
      let state = (kind * 7919 + turn * 104729 + 1) >>> 0;
      const random = (low: number, high: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return low + ((high - low) * state) / 2 ** 32;
      };
      const canvas = new OffscreenCanvas(side, side);
      const pen = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      const hue = random(0, 360);
      const ground = pen.createLinearGradient(0, 0, side, side);
      ground.addColorStop(0, `hsl(${hue} 45% ${random(78, 92)}%)`);
      ground.addColorStop(1, `hsl(${hue + 40} 50% ${random(60, 76)}%)`);
      pen.fillStyle = ground;
      pen.fillRect(0, 0, side, side);
      const ink = (light = 0) => `hsl(${hue + random(140, 220)} ${random(45, 65)}% ${random(30, 48) + light}%)`;
      pen.translate(random(80, 144), random(80, 144));
      pen.rotate(random(0, 6.3));
      pen.lineCap = "round";
      pen.lineWidth = random(6, 13);
      const pitch = random(24, 36);
      for (let i = -7; i <= 7; i++) {
        pen.strokeStyle = pen.fillStyle = ink(i % 2 ? 8 : 0);
        pen.beginPath();
        if (kind === 0) for (let x = -240; x <= 240; x += 6) pen.lineTo(x, i * pitch + 13 * Math.sin(x / 20));
        if (kind === 1 && i > 0) pen.arc(0, 0, i * pitch * 0.8, 0, 7);
        if (kind === 3) pen.moveTo(18 * Math.cos(i * 0.45), 18 * Math.sin(i * 0.45));
        if (kind === 3) pen.lineTo(260 * Math.cos(i * 0.45), 260 * Math.sin(i * 0.45));
        if (kind === 4) pen.rect(-260, i * pitch, 520, 1);
        if (kind === 0 || kind === 1 || kind === 3 || kind === 4) pen.stroke();
        for (let j = -7; j <= 7; j++) {
          const [x, y] = [j * pitch * 1.2 + (i % 2 ? pitch * 0.6 : 0), i * pitch];
          pen.beginPath();
          if (kind === 2) pen.arc(x, y, pitch * 0.3, 0, 7);
          if (kind === 4) pen.rect(x, y, 1, pitch);
          if (kind === 5) pen.ellipse(x, y, pitch * 0.46, pitch * 0.16, (i + j) % 2 ? 0.7 : -0.7, 0, 7);
          if (kind === 4) pen.stroke();
          else if (kind === 2 || kind === 5) pen.fill();
        }
      }
      return canvas.convertToBlob({ type, quality: 0.85 });
    };
  });
}

/** Drops so many images of a kind on a class. */
export function dropPatterns(
  person: Person,
  dropped: { readonly kind: number; readonly count: number; readonly on: string; readonly first?: number },
): Promise<void> {
  return person.evaluate(async ({ kind, count, on, first = 0 }) => {
    const { drawPattern } = globalThis as unknown as Drawing;
    const data = new DataTransfer();
    for (let i = first; i < first + count; i++) data.items.add(new File([await drawPattern(kind, i, "image/jpeg")], `${on} ${i}.jpg`, { type: "image/jpeg" }));
    const target = [...document.querySelectorAll(".class-line")].find((line) => line.querySelector(".class-name")?.textContent === on);
    if (!target) throw new Error(`no class ${on}`);
    target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
  }, dropped);
}
