import { useEffect, useState } from "preact/hooks";
import { imageBlob, readBlob, thumbnailFile } from "./files.js";

/** Addresses of thumbnails shown lately, the oldest first. */
const kept = new Map<string, Promise<string>>();
const mostKept = 800;

function thumbnail(id: string): Promise<string> {
  const found = kept.get(id) ?? load(id);
  kept.delete(id);
  kept.set(id, found);
  if (kept.size > mostKept) {
    const [[oldest, address]] = kept;
    kept.delete(oldest);
    void address.then((url) => url && URL.revokeObjectURL(url));
  }
  return found;
}

async function load(id: string): Promise<string> {
  const blob = (await readBlob(thumbnailFile(id))) ?? (await imageBlob(id).catch(() => undefined));
  return blob ? URL.createObjectURL(blob) : "";
}

export function Thumbnail({ id, alt }: { id: string; alt: string }) {
  const [loaded, setLoaded] = useState({ id: "", url: "" });
  useEffect(() => {
    let isCurrent = true;
    void thumbnail(id).then((url) => isCurrent && setLoaded({ id, url }));
    return () => {
      isCurrent = false;
    };
  }, [id]);
  const url = loaded.id === id ? loaded.url : "";
  return <img class="thumbnail" src={url || undefined} alt={alt} decoding="async" draggable={false} />;
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
