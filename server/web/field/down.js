// What the platform tells this phone: whole first, then only what changed.
import { basic } from "./post.js";

/** Lists of the answer, and what tells their rows apart. @type {Record<string, (r: any) => string>} */
const KEY = {
	people: (r) => r.id, areas: (r) => r.code, reaches: (r) => r.code, rules: (r) => `${r.rule} ${r.role} ${r.level}`, categories: (r) => `${r.class} ${r.code}`, calendar: (r) => r.date,
	duties: (r) => `${r.person || ""} ${r.rule} ${r.target} ${r.level} ${r.role}`, cases: (r) => r.id, figures: (r) => r.id, results: (r) => `${r.epoch} ${r.seq}`, patrols: (r) => r.patrol,
};

/** @param {any} have @param {any} got @returns {any} */
export function merge(have, got) {
	const out = got.full || !have ? {} : { ...have };

	for (const [k, v] of Object.entries(got)) {
		const key = KEY[k];

		if (!key || !Array.isArray(v)) {
			out[k] = v;
			continue;
		}
		const rows = new Map((out[k] || []).map((/** @type {any} */ r) => [key(r), r]));

		for (const r of v) {
			if (r.gone)
				rows.delete(key(r));
			else
				rows.set(key(r), r);
		}
		out[k] = [...rows.values()];
	}
	return out;
}

/** @param {import("./box.js").Box} box @param {import("./post.js").Account} account @param {any} have @returns {Promise<any>} what is known now; null: nothing new */
export async function syncOnce(box, account, have) {
	for (let i = 0; i < 2; i++) {
		const cursor = have?.cursor ? `?cursor=${encodeURIComponent(have.cursor)}` : "";
		const r = await fetch(`/api/v1/sync${cursor}`, { headers: { Authorization: basic(account), Accept: "application/json" }, credentials: "omit", cache: "no-store" }).catch(() => null);

		if (r && r.status === 200) {
			const now = merge(have, await r.json());

			await box.set("down", now);
			return now;
		}
		if (!r || r.status !== 410)
			return null;
		have = null; // the cursor is no good any more: all of it anew
	}
	return null;
}
