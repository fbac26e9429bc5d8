// What the platform tells this phone: whole first, then only what changed.
import { basic } from "./post.js";

/** A list that came is whole: what it no longer holds is not this phone's any more.
 * @param {any} have @param {any} got @returns {any} */
export const merge = (have, got) => (got.full || !have ? got : { ...have, ...got });

/** @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {any} have @param {{another?: () => void, clock?: (off: number) => void}} [tell] another: the platform's database is another one,
 * restored from a backup; clock: platform clock - ours, ms
 * @returns {Promise<any>} what is known now; null: nothing new */
export async function syncOnce(box, account, have, tell = {}) {
	for (let i = 0; i < 2; i++) {
		const cursor = have?.cursor ? `?cursor=${encodeURIComponent(have.cursor)}` : "";
		const r = await fetch(`/api/v1/sync${cursor}`, { headers: { Authorization: basic(account), Accept: "application/json" }, credentials: "omit", cache: "no-store" }).catch(() => null);

		if (r && r.status === 200) {
			const got = await r.json();
			const now = merge(have, got);

			if (typeof got.time === "number")
				tell.clock?.(got.time - Date.now());
			await box.set("down", now);
			return now;
		}
		if (r?.status !== 410)
			return null;
		if (have)
			tell.another?.();
		have = null; // the cursor is no good any more: all of it anew
	}
	return null;
}
