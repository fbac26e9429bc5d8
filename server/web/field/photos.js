// Photos on their way: after their record was answered, one after the other, going on where the last try stopped (tus 1.0).
// One is let go when the platform has said that it is stored, and some days have passed in which it may ask again.
import { html, nothing } from "../vendor/lit.js";
import { namesOf } from "./box.js";
import { isAnswered } from "./fold.js";
import { basic } from "./post.js";
import { named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */
/** @typedef {import("./box.js").Record_} Mail */
/** @typedef {{sha256: string, blob: Blob|null, bytes: number, mime: string, role: string, state: "waiting"|"stored"|"refused"|"seen", device?: string, url?: string, at?: number, tries?: number, again?: number, stored?: number, why?: string}} Photo
 * at: bytes that the platform has; again: not before then, ms; stored: when it said so, or when it was seen, ms; seen: of a case, taken by somebody else */

const PIECE = 64 * 1024; // grows while the line is quick, so that a lost signal costs little
const PIECE_MAX = 1024 * 1024;
const QUICK_MS = 1500;
const PIECE_MS = 60e3;
const KEEP_MS = 7 * 24 * 3600e3; // like the records: a platform restored from a backup asks again
const KEEP_BYTES = 100e6; // of stored ones; the oldest are let go
const TRIES = 3; // to send bytes that arrive as others
const LATER_MAX_S = 3600;
const FRESH_MS = 60e3; // what was stored since is asked for by mistake

/** What the outbox shows, without the bytes. @type {Map<string, Photo>} */
const known = new Map();
let wifiOnly = false;

/** @param {Photo} p */
const note = (p) => known.set(p.sha256, { ...p, blob: null });

/** @param {import("./box.js").Box} box */
export async function loadPhotos(box) {
	wifiOnly = !!(await box.get("wifi_only"));
	for (const p of await box.db.getAll("photo"))
		note(p);
}

/** Photos of cases that are no longer this phone's go. @param {import("./box.js").Box} box @param {any} down */
export async function dropSeen(box, down) {
	const named = new Set((down?.cases || []).flatMap((/** @type {any} */ c) => c.photos || []));

	for (const p of [...known.values()].filter((x) => x.state === "seen" && !named.has(x.sha256))) {
		await box.db.delete("photo", p.sha256);
		known.delete(p.sha256);
		shown.delete(p.sha256);
	}
}

/** What is no longer in the box is not shown. @param {import("./box.js").Box} box */
export async function forgetPhotos(box) {
	const there = new Set(await box.db.getAllKeys("photo"));

	for (const h of known.keys())
		if (!there.has(h))
			known.delete(h);
}

/** @param {import("./box.js").Box} box @param {Photo} p @param {Partial<Photo>} change */
async function put(box, p, change) {
	Object.assign(p, change);
	await box.db.put("photo", p);
	note(p);
}

// ---------------------------------------------------------------- the line

/** Does the browser say what kind of network it is? */
const knowsLine = () => !!(/** @type {any} */ (navigator).connection?.type);
const isDear = () => /** @type {any} */ (navigator).connection?.type === "cellular";

/** What is to go out now. @param {import("./box.js").Box} box @param {string} device @returns {Promise<Photo[]>} */
async function due(box, device) {
	const isTime = (/** @type {number} */ ms) => ms <= 0 || ms > LATER_MAX_S * 1000; // so far away: the clock was set back
	const isDue = (/** @type {Photo|undefined} */ p) => p?.state === "waiting" && (!p.device || p.device === device) && isTime((p.again || 0) - Date.now());
	const names = [...known.values()].filter(isDue).map((p) => p.sha256);

	if (!names.length || (wifiOnly && isDear()))
		return [];
	const told = new Set(/** @type {Mail[]} */ (await box.db.getAll("mail")).filter((m) => isAnswered(m) && m.state !== "refused").flatMap(namesOf));
	const all = /** @type {Photo[]} */ (await Promise.all(names.filter((h) => told.has(h)).map((h) => box.db.get("photo", h))));

	return all.filter((p) => isDue(p) && p.blob);
}

/** Sends what waits; one tab at a time. @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {() => void} draw */
export async function sendPhotos(box, account, draw) {
	const all = async () => {
		for (const p of await due(box, account.device))
			if (!(await sendOne(box, account, p, draw).catch(() => later(box, p, 0))))
				return; // no network, or it is to wait: the others as well
	};

	await (navigator.locks ? navigator.locks.request("xunge-photos", { ifAvailable: true }, (lock) => (lock ? all() : undefined)) : all());
	draw();
}

/** @param {import("./post.js").Account} account @param {string} method @param {string} url @param {Record<string, string>} more @param {Blob} [body] */
function call(account, method, url, more, body) {
	const stop = new AbortController();
	const limit = setTimeout(() => stop.abort(), PIECE_MS);

	return fetch(url, { method, credentials: "omit", cache: "no-store", body, headers: { "Tus-Resumable": "1.0.0", Authorization: basic(account), ...more }, signal: stop.signal }).finally(() => clearTimeout(limit));
}

/** Where the platform is with it; begun when it knows nothing of it. The response says why not.
 * @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {Photo} p @returns {Promise<number|Response>} */
async function place(box, account, p) {
	if (p.url) {
		const r = await call(account, "HEAD", p.url, {});

		if (r.ok)
			return Number(r.headers.get("Upload-Offset"));
		if (r.status !== 404)
			return r;
		await put(box, p, { url: "", at: 0 });
	}
	const r = await call(account, "POST", "/api/v1/files", { "Upload-Length": String(p.blob?.size), "Upload-Metadata": Object.entries({ sha256: p.sha256, mime: p.mime, role: p.role }).map(([k, v]) => `${k} ${btoa(v)}`).join(",") });

	if (r.status !== 201)
		return r;
	await put(box, p, { url: r.headers.get("Location") || "", at: 0 });
	return 0;
}

/** @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {Photo} p @param {() => void} draw @returns {Promise<boolean>} go on with the next one */
async function sendOne(box, account, p, draw) {
	const blob = /** @type {Blob} */ (p.blob);
	const from = await place(box, account, p);
	let size = PIECE;

	if (typeof from !== "number")
		return refused(box, p, from);
	for (let at = from; at < blob.size;) {
		const piece = blob.slice(at, at + size);
		const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await piece.arrayBuffer()));
		const began = Date.now();
		const r = await call(account, "PATCH", /** @type {string} */ (p.url), { "Upload-Offset": String(at), "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...sum))}`, "Content-Type": "application/offset+octet-stream" }, piece);

		if (r.status !== 204)
			return refused(box, p, r);
		at = Number(r.headers.get("Upload-Offset"));
		size = Date.now() - began < QUICK_MS ? Math.min(size * 2, PIECE_MAX) : PIECE;
		note(Object.assign(p, { at })); // not written: the platform knows it
		draw();
	}
	await put(box, p, { state: "stored", stored: Date.now(), tries: 0 });
	draw();
	return true;
}

/** Not now. @param {import("./box.js").Box} box @param {Photo} p @param {number} seconds @returns {Promise<false>} */
async function later(box, p, seconds) {
	if (seconds)
		await put(box, p, { again: Date.now() + seconds * 1000 });
	return false;
}

/** @param {import("./box.js").Box} box @param {Photo} p @param {Response} r @returns {Promise<boolean>} go on with the next one */
async function refused(box, p, r) {
	const why = String((await r.json().catch(() => ({}))).code || r.status);

	if (r.status === 404 || r.status === 409 || r.status === 460) // asked for anew the next time
		return later(box, p, r.status === 404 && why === "no_photos" ? 600 : 2);
	if (r.status === 422 && (p.tries || 0) + 1 < TRIES) { // the line made other bytes of them
		await put(box, p, { url: "", at: 0, tries: (p.tries || 0) + 1 });
		return later(box, p, 30);
	}
	if ([400, 413, 415, 422].includes(r.status)) { // it will never be taken: said, and kept
		await put(box, p, { state: "refused", url: "", at: 0, why });
		return true;
	}
	return later(box, p, Math.min(Number(r.headers.get("Retry-After")) || 20, LATER_MAX_S)); // 401: the records say so
}

// ---------------------------------------------------------------- what the platform asks for, what is let go

/** The platform lacks some that it had (its disk, a backup): they wait again. @param {import("./box.js").Box} box @param {any} down @param {number} askedMs when that answer was asked for
 * @returns {Promise<boolean>} there are some */
export async function bringAgain(box, down, askedMs) {
	let some = false;

	for (const sha256 of down?.photos_wanted || []) {
		const p = /** @type {Photo|undefined} */ (await box.db.get("photo", sha256));

		if (p?.state === "stored" && p.blob && (p.stored || 0) < askedMs - FRESH_MS) {
			await put(box, p, { state: "waiting", url: "", at: 0, again: 0 });
			some = true;
		}
	}
	return some;
}

/** @param {import("./box.js").Box} box @param {number} nowMs */
export async function tidyPhotos(box, nowMs) {
	const stored = /** @type {Photo[]} */ (await box.db.getAll("photo")).filter((p) => (p.state === "stored" || p.state === "seen") && p.blob).sort((a, b) => (b.stored || 0) - (a.stored || 0));
	let bytes = 0;

	for (const p of stored) {
		bytes += p.blob?.size || 0;
		if (bytes <= KEEP_BYTES && nowMs - (p.stored || 0) <= KEEP_MS)
			continue;
		if (p.state === "seen")
			await box.db.delete("photo", p.sha256);
		else
			await put(box, p, { blob: null });
	}
}

// ---------------------------------------------------------------- what the outbox says

/** The photos of a record. @param {Field} app @param {Mail} m */
export function photosOf(app, m) {
	const { say } = app;
	const all = namesOf(m).map((h) => known.get(h)).filter((p) => !!p);

	if (!all.length)
		return nothing;
	return html`<small class="shots" data-test="shots">${say("photos")} ${all.map((p, i) => html`${i ? " · " : nothing}<span class=${p.state === "stored" ? "good" : p.state === "refused" ? "bad" : ""}>${p.state === "stored" ? say("photo_here") : p.state === "refused" ? say("photo_refused", { why: named("code", p.why, app.lang) })
		: p.at ? say("photo_part", { n: Math.floor(p.at * 100 / p.bytes) }) : say("photo_waits")}</span>`)}</small>`;
}

/** How many wait, and whether they may go out over any network. @param {Field} app */
export function photosView(app) {
	const { say } = app;
	const n = [...known.values()].filter((p) => p.state === "waiting").length;

	if (!n && !wifiOnly)
		return nothing;
	return html`<p class="note" data-test="photos-wait">${say("photos_wait", { n })}${n && wifiOnly && isDear() ? html` · ${say("photos_wifi_wait")}` : nothing}
		${knowsLine() || wifiOnly ? html`<button type="button" data-test="wifi-only" aria-pressed=${wifiOnly} @click=${async () => {
			wifiOnly = !wifiOnly;
			await app.box.set("wifi_only", wifiOnly);
			app.retry();
		}}>${say("photos_wifi")}</button>` : nothing}</p>`;
}

// ---------------------------------------------------------------- what others took of a case that one has

/** Address of a picture in memory; "": asked for; "away": not to be had now. @type {Map<string, string>} */
const shown = new Map();
/** @type {Set<string>} cases whose photos are open */
const open = new Set();

/** From the phone, or the platform; then it is there without signal, too. @param {Field} app @param {string} sha256 */
async function look(app, sha256) {
	shown.set(sha256, "");
	const had = /** @type {Photo|undefined} */ (await app.box.db.get("photo", sha256));
	let blob = had?.blob;

	if (!blob && app.account) {
		const r = await fetch(`/api/v1/files/${sha256}`, { headers: { Authorization: basic(app.account) }, credentials: "omit" }).catch(() => null);

		blob = r?.ok ? await r.blob().catch(() => null) : null;
		if (blob && !had)
			await put(app.box, /** @type {Photo} */ ({ sha256, blob, bytes: blob.size, mime: blob.type, role: "" }), { state: "seen", stored: Date.now() });
	}
	shown.set(sha256, blob ? URL.createObjectURL(blob) : "away");
	app.draw();
}

/** @param {Field} app @param {any} c a case of the sync */
export function casePhotos(app, c) {
	const { say } = app;
	/** @type {string[]} */
	const all = c.photos || [];
	const ask = () => all.filter((h) => !shown.get(h) || shown.get(h) === "away").forEach((h) => look(app, h));

	if (!all.length)
		return nothing;
	return html`<span class="detail case-photos" data-test="case-photos"><button type="button" aria-expanded=${open.has(c.id)} @click=${() => {
		if (!open.delete(c.id)) {
			open.add(c.id);
			ask();
		}
		app.draw();
	}}>${say("photos_show", { n: all.length })}</button>
		${open.has(c.id) ? all.map((h, i) => (shown.get(h) === "away" ? html`<span class="warn">${say("photo_away")}</span>` : shown.get(h) ? html`<img alt=${say("photo_n", { n: i + 1 })} .src=${shown.get(h)}>` : nothing)) : nothing}</span>`;
}
