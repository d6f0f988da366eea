import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

const wanted: MediaStreamConstraints = { video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "environment" } };

const reasons: Record<string, string> = {
  NotAllowedError: "The browser was not allowed to use the camera. Allow it in the address bar, and open this again.",
  NotFoundError: "There is no camera on this device.",
  NotReadableError: "Another program is using the camera.",
};

/** Shows the camera in a video as long as the component is there. @returns what is in the way, if anything */
export function useCamera(video: RefObject<HTMLVideoElement | null>): Signal<string> {
  const problem = useSignal("");
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isGone = false;
    const start = async () => {
      if (!navigator.mediaDevices) throw new Error("Cameras work on https pages and on localhost only.");
      stream = await navigator.mediaDevices.getUserMedia(wanted);
      if (isGone) return stop();
      if (video.current) video.current.srcObject = stream;
    };
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    start().catch((error: Error) => {
      problem.value = reasons[error.name] ?? error.message;
    });
    return () => {
      isGone = true;
      stop();
    };
  }, []);
  return problem;
}

/** What a video shows now, as it is: the mirror is only for the person. */
export async function frameOf(video: HTMLVideoElement): Promise<Blob> {
  const canvas = new OffscreenCanvas(video.videoWidth || 1, video.videoHeight || 1);
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}
