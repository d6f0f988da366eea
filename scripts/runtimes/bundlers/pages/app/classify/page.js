"use client";
import { useEffect } from "react";
import { classify } from "../../classify.js";

export default function Page() {
  useEffect(() => void Object.assign(globalThis, { classify }), []);
  return null;
}
