// How the screens say times, places and people.
const SHIFT_MS = 8 * 3600e3; // the platform's civil time, whatever the phone says
const civil = (/** @type {number} */ ms) => new Date(ms + SHIFT_MS).toISOString();

export const clock = (/** @type {number} */ ms) => civil(ms).slice(11, 16);
export const dayOf = (/** @type {number} */ ms) => civil(ms).slice(0, 10);
export const when = (/** @type {number} */ ms) => (dayOf(ms) === dayOf(Date.now()) ? clock(ms) : `${dayOf(ms).slice(5)} ${clock(ms)}`);
export const full = (/** @type {number} */ ms) => `${dayOf(ms)} ${civil(ms).slice(11, 19)}`;
export const two = (/** @type {number} */ n) => String(n).padStart(2, "0");

/** Records that the worker made, not the phone by itself. @param {import("./box.js").Record_} m */
export const isOwn = (m) => !["patrol.track", "status", "void"].includes(m.event?.kind || m.kind || "");
