// Is the page that is open still of the version that the server has?  It is told, never loaded anew by itself.
import { call } from "./api.js";

const MINE = /\/a\/([0-9a-f]{16})\//.exec(import.meta.url)?.[1] || null;

/** @param {{draw: () => void}} deps */
export function newVersion(deps) {
	let mine = MINE; // without a name that says it: what the server said first

	const version = {
		isOld: false,
		/** After each reconnection: the server may have been started anew. */
		async check() {
			const r = await call("GET", "/version");
			const theirs = r.status === 200 ? r.body?.pages || null : null;

			if (theirs === null)
				return;
			if (mine === null)
				mine = theirs;
			if (version.isOld !== (theirs !== mine)) {
				version.isOld = theirs !== mine;
				deps.draw();
			}
		},
	};

	return version;
}
