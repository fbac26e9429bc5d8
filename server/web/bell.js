// What calls the officer: when a new alert sounds, and when the system shows a notice.  Both are off until asked for.
//   one ding in 15 s, for the gravest that came; red again every 30 s until somebody has signed;
//   silent: one's own alerts, and those of more than an hour before they were known

export const DING_EVERY_MS = 15e3;
export const RED_EVERY_MS = 30e3;
export const OLD_MS = 3600e3;

/** @typedef {import("./town.js").Alert} Alert */

/**
 * @typedef {object} World so that tests can give another one
 * @property {() => number} now monotonic ms
 * @property {() => string} me the person who looks
 * @property {(kind: "ding"|"red") => void} play
 * @property {(a: Alert) => void} notice
 * @property {() => Iterable<Alert>} alerts those that stand
 */

/** @param {World} world */
export function newBell(world) {
	let rangAt = -Infinity;
	let owed = 0; // severity of the gravest that waits for its turn; 0: none

	/** @param {Alert} a */
	const calls = (a) => a.state !== "cleared" && !a.acked_by && a.person !== world.me() && (a.raised || a.at) - a.at <= OLD_MS;

	/** @param {"ding"|"red"} kind */
	function ring(kind) {
		rangAt = world.now();
		owed = 0;
		world.play(kind);
	}

	const bell = {
		/** @type {boolean} the sound */
		on: false,
		/** @type {boolean} the system's notices */
		notices: false,
		/** @param {Alert[]} fresh alerts that were not known before */
		heard(fresh) {
			for (const a of fresh.filter(calls)) {
				owed = owed ? Math.min(owed, a.severity || 4) : a.severity || 4;
				if (bell.notices)
					world.notice(a);
			}
			bell.second();
		},
		/** Once a second, and when something came. */
		second() {
			const silent = world.now() - rangAt;

			if (!bell.on)
				owed = 0;
			else if (owed && silent >= DING_EVERY_MS)
				ring(owed === 1 ? "red" : "ding");
			else if (silent >= RED_EVERY_MS)
				for (const a of world.alerts())
					if (a.severity === 1 && calls(a))
						return ring("red");
		},
	};

	return bell;
}
