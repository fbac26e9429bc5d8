// Thumbnails of a case's photos.  An event comes before its photos: one that is not here yet says so, and is asked for again.
import { html, nothing } from "./vendor/lit.js";
import { nameOf } from "./i18n.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {{sha256: string, role: string}} Photo */

const AGAIN_MS = 20e3;

/** When one that was not there may be asked for again, monotonic ms. @type {Map<string, number>} */
const away = new Map();

/** @param {App} app @param {string} sha */
function missed(app, sha) {
	away.set(sha, app.mono() + AGAIN_MS);
	setTimeout(() => app.file.id !== null && app.act.draw(), AGAIN_MS + 50);
	app.act.draw();
}

/** @param {App} app @param {Photo[]} photos */
export function photosView(app, photos) {
	return photos.length === 0 ? nothing : html`<ul class="photos">${photos.filter((p) => /^[0-9a-f]{64}$/.test(p.sha256 || "")).map((p) => {
		const role = nameOf("photo", p.role || "", app.lang);
		const at = `/api/v1/files/${p.sha256}`;

		return html`<li>${(away.get(p.sha256) ?? 0) > app.mono() ? html`<span class="photo-away">${app.say("photo_away")}</span>`
			: html`<a href=${at} target="_blank" rel="noopener"><img src=${at} alt=${app.say("photo_alt", { role })} loading="lazy" decoding="async" @error=${() => missed(app, p.sha256)}></a>`}
			<span class="sub">${role}</span></li>`;
	})}</ul>`;
}
