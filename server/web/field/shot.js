// Photos: made small on the phone, named by their SHA-256, sent after the event, resumed where they stopped (tus 1.0).
import { basic } from "./post.js";

const SIDE = 1600; // pixels
const QUALITY = 0.8;
const PIECE = 256 * 1024;

/** @param {Blob} file @param {string} role @returns {Promise<{sha256: string, blob: Blob, mime: string, bytes: number, role: string}>} */
export async function shrink(file, role) {
	const img = await createImageBitmap(file, { imageOrientation: "from-image" });
	const k = Math.min(1, SIDE / Math.max(img.width, img.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(img.width * k)), height: Math.max(1, Math.round(img.height * k)) });

	/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(img, 0, 0, canvas.width, canvas.height); // EXIF stays behind
	img.close();
	const blob = /** @type {Blob} */ (await new Promise((ok, fail) => canvas.toBlob((b) => (b ? ok(b) : fail(new Error("no picture"))), "image/jpeg", QUALITY)));
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));

	return { sha256: [...hash].map((b) => b.toString(16).padStart(2, "0")).join(""), blob, mime: "image/jpeg", bytes: blob.size, role };
}

/** Sends what waits; one at a time. @param {import("./box.js").Box} box @param {import("./post.js").Account} account @returns {Promise<boolean>} all of it is there */
export async function sendPhotos(box, account) {
	for (const p of await box.db.getAll("photo")) {
		if (p.state !== "waiting")
			continue;
		try {
			if (!(await sendOne(box, account, p)))
				return false;
		} catch (_) {
			return false; // no network: later
		}
	}
	return true;
}

/** @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {any} p */
async function sendOne(box, account, p) {
	const head = { "Tus-Resumable": "1.0.0", Authorization: basic(account) };
	let url = p.url || "";
	let at = -1;

	if (url) {
		const r = await fetch(url, { method: "HEAD", headers: head, credentials: "omit" });

		at = r.ok ? Number(r.headers.get("Upload-Offset")) : -1;
	}
	if (at < 0) {
		const r = await fetch("/api/v1/files", { method: "POST", credentials: "omit", headers: { ...head, "Upload-Length": String(p.blob.size),
			"Upload-Metadata": `sha256 ${btoa(p.sha256)},mime ${btoa(p.mime)},role ${btoa(p.role)}` } });

		if (r.status !== 201)
			return refused(box, p, r);
		url = r.headers.get("Location") || "";
		at = Number(r.headers.get("Upload-Offset") || 0);
		await box.db.put("photo", { ...p, url });
	}
	while (at < p.blob.size) {
		const r = await fetch(url, { method: "PATCH", credentials: "omit", body: p.blob.slice(at, at + PIECE), headers: { ...head, "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" } });

		if (r.status !== 204)
			return refused(box, p, r);
		at = Number(r.headers.get("Upload-Offset"));
	}
	await box.db.put("photo", { ...p, url, state: "stored", blob: null });
	return true;
}

/** @param {import("./box.js").Box} box @param {any} p @param {Response} r */
async function refused(box, p, r) {
	if (r.status === 413 || r.status === 415 || r.status === 422 || r.status === 400) { // it will never be taken: said, and kept
		await box.db.put("photo", { ...p, state: "refused", why: (await r.json().catch(() => ({}))).code || String(r.status) });
		return true;
	}
	if (r.status === 404 || r.status === 410)
		await box.db.put("photo", { ...p, url: "" });
	return false;
}
