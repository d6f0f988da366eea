import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { imageBlob, thumbnailBlob } from "./image-workers.js";

type Show = (url: string) => void;

/** Addresses of thumbnails shown lately, the oldest first. */
const kept = new Map<string, string>();
const mostKept = 800;
/** Who waits for which thumbnail, those asked for first at the beginning. What scrolls by leaves before it is its turn. */
const wanted = new Map<string, Set<Show>>();
const underWay = new Set<string>();
const atOnce = 12;

/** Tells a thumbnail's address, now or once it is read. @returns what ends the wait */
function want(id: string, show: Show): () => void {
  const url = kept.get(id);
  if (url) {
    kept.delete(id);
    kept.set(id, url);
    show(url);
    return () => {};
  }
  const waiting = wanted.get(id) ?? new Set();
  wanted.set(id, waiting.add(show));
  readNext();
  return () => {
    waiting.delete(show);
    if (waiting.size === 0 && wanted.get(id) === waiting) wanted.delete(id);
  };
}

function readNext(): void {
  for (const id of wanted.keys()) {
    if (underWay.size >= atOnce) return;
    if (!underWay.has(id)) void read(id);
  }
}

async function read(id: string): Promise<void> {
  underWay.add(id);
  const blob = await thumbnailBlob(id).catch(() => undefined);
  underWay.delete(id);
  const waiting = wanted.get(id);
  wanted.delete(id);
  if (blob && waiting) {
    const url = URL.createObjectURL(blob);
    kept.set(id, url);
    for (const show of waiting) show(url);
    const [[oldest, address]] = kept;
    if (kept.size > mostKept && kept.delete(oldest)) URL.revokeObjectURL(address);
  }
  readNext();
}

export function Thumbnail({ id, alt }: { id: string; alt: string }) {
  const place = useRef<HTMLImageElement>(null);
  // Past the component's state: a grid that scrolls has dozens of these in each frame.
  useLayoutEffect(() => {
    const image = place.current as HTMLImageElement;
    image.removeAttribute("src");
    return want(id, (url) => {
      image.src = url;
    });
  }, [id]);
  return <img ref={place} class="thumbnail" alt={alt} decoding="async" draggable={false} />;
}

/** The image itself, in full. */
export function FullImage({ id, alt }: { id: string; alt: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let made: string | undefined;
    let isCurrent = true;
    void imageBlob(id).then((blob) => {
      if (isCurrent) setUrl((made = URL.createObjectURL(blob)));
    });
    return () => {
      isCurrent = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, [id]);
  return <img class="full-image" src={url} alt={alt} />;
}
