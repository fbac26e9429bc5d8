// What the platform tells this phone: whole first, then only what changed.
import { basic } from "./post.js";

/** A list that came is whole: what it no longer holds is not this phone's any more.
 * @param {any} have @param {any} got @returns {any} */
export const merge = (have, got) => (got.full || !have ? got : { ...have, ...got });

/** @typedef {{status: number, code: string, wait: number}} Problem why it was refused; wait: seconds */

/** A refusal of the platform. @param {Response} r @returns {Promise<Problem>} */
export const problemOf = async (r) => ({ status: r.status, code: String((await r.json().catch(() => ({}))).code || ""), wait: Number(r.headers.get("Retry-After")) || 0 });

/** @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {any} have @param {{another?: () => void, clock?: (off: number) => void, problem?: (p: Problem|null) => void}} [tell]
 * another: the platform's database is another one, restored from a backup; clock: platform clock - ours, ms; problem: it was refused, null: it was not
 * @returns {Promise<any>} what is known now, also when nothing is new; null: nobody could say */
export async function syncOnce(box, account, have, tell = {}) {
	for (let i = 0; i < 2; i++) {
		const cursor = have?.cursor ? `?cursor=${encodeURIComponent(have.cursor)}` : "";
		const r = await fetch(`/api/v1/sync${cursor}`, { headers: { Authorization: basic(account), Accept: "application/json", ...(have?.etag ? { "If-None-Match": have.etag } : {}) }, credentials: "omit", cache: "no-store" }).catch(() => null);

		if (r && r.status === 200) {
			const got = await r.json();
			const now = { ...merge(have, got), etag: r.headers.get("ETag"), at: Date.now() };

			tell.problem?.(null);
			if (typeof got.time === "number")
				tell.clock?.(got.time - Date.now());
			await box.set("down", now);
			return now;
		}
		if (r && r.status === 304) {
			tell.problem?.(null);
			return have;
		}
		if (!r)
			return null;
		if (r.status !== 410) {
			tell.problem?.(await problemOf(r));
			return null;
		}
		if (have)
			tell.another?.();
		have = null; // the cursor is no good any more: all of it anew
	}
	return null;
}
