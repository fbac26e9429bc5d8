// The patrol that is open: its facts, and its track on the map.  How it is drawn: patroldrawer.js.
import { call } from "./api.js";

/** @param {{draw: () => void, expired: () => void}} deps */
export function newPatrolfile(deps) {
	let turn = 0;
	const file = {
		/** @type {string|null} */ id: null,
		/** @type {"loading"|"ready"|"absent"|"failed"} */ phase: "loading",
		/** @type {any} */ data: null,
		/** @type {any} */ track: null,
		/** @param {string} id */
		open(id) {
			file.close();
			file.id = id;
			file.read();
		},
		close() {
			turn++;
			file.id = file.data = file.track = null;
		},
		async read() {
			const mine = ++turn;
			const at = `/api/v1/patrols/${encodeURIComponent(file.id || "")}`;

			file.phase = "loading";
			deps.draw();
			const [p, t] = await Promise.all([call("GET", at), call("GET", `${at}/track.geojson`)]);

			if (mine !== turn)
				return;
			if (p.status === 401)
				return deps.expired();
			file.phase = p.status === 200 ? "ready" : p.status === 404 ? "absent" : "failed";
			file.data = p.status === 200 ? p.body : null;
			file.track = t.status === 200 ? t.body : null;
			deps.draw();
		},
	};

	return file;
}
