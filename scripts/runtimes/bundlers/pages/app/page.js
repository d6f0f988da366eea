"use client";
import { useEffect } from "react";
import { run } from "../run.js";

export default function Page() {
  useEffect(() => {
    globalThis.outcome ??= run().then(
      (value) => ({ value }),
      (error) => ({ error: `${error.stack ?? error}` }),
    );
  }, []);
  return null;
}
