// Parts of forms: what a text may hold, why a position is poor.
import { html, nothing } from "../vendor/lit.js";
import { isVague } from "./main.js";
import { CODES, named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */

export const CLASSES = ["hazard", "finding", "appeal", "dispute"];

/** @type {Record<string, number>} bytes that the platform takes */
const ROOM = { title: 200, object: 200, text: 4000, note: 4000, household: 64, unit: 64 };
/** @type {Record<string, import("./words.js").Word>} */
const NAME = { title: "heading", object: "object", text: "text", note: "note", household: "household", unit: "unit" };

/** The field that holds more than it may; "": none. @param {any} v @returns {import("./words.js").Word|""} */
export const tooLong = (v) => NAME[Object.keys(ROOM).find((k) => new TextEncoder().encode(v[k] || "").length > ROOM[k]) || ""] || "";

/** Only where the position is poor, or there is none: it goes out all the same, with the reason.
 * @param {Field} app @param {any} v @param {(app: Field, change: any) => void} set */
export function reasonRow(app, v, set) {
	const { say, lang } = app;

	return !isVague() && app.here ? nothing : html`<div class="row warned" role="group" aria-label=${say("vague")}><span class="label">${say(app.here ? "vague" : "vague_none")}</span><div class="choices">${Object.keys(CODES.vague).map((c) => html`<button type="button"
	aria-pressed=${v.vague === c} @click=${() => set(app, { vague: c })}>${named("vague", c, lang)}</button>`)}</div></div>`;
}
