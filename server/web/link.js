// The live stream's connection: keeps it, notices when it is dead, resumes where it stood.
//
//   connecting --first frame--> live --close, silence--> waiting --delay, kick--> connecting
//   any --4403--> denied, or expired when the session is gone        stop(): stopped
//
// A silent connection is asked after 20 s (the server ticks every 15 s) and given up 8 s later.

export const RETRY_S = [1, 2, 4, 8, 15]; // ± 20 %
export const OPEN_WITHIN_MS = 10e3; // from the attempt to the first frame
export const ASK_AFTER_MS = 20e3;
export const GIVE_UP_MS = 8e3;
const CLOSE_DENIED = 4403;

/** @typedef {"connecting"|"live"|"waiting"|"denied"|"expired"|"stopped"} Phase */

/**
 * @typedef {object} Deps the world, so that tests can give another one
 * @property {() => WebSocket} open
 * @property {() => Promise<"ok"|"expired"|"down">} probe is the session good? asked before each new attempt
 * @property {() => {scope: string, db: string|null, since: number|null}} hello what we hold
 * @property {(msg: any) => "ok"|"gap"|"unknown"} frame
 * @property {() => void} change phase or lostAt changed
 * @property {() => number} now monotonic ms
 * @property {(fn: () => void, ms: number) => any} later
 * @property {(id: any) => void} cancel
 * @property {() => number} random 0 … 1
 */

/** @param {Deps} deps */
export function newLink(deps) {
	/** @type {WebSocket|null} */
	let ws = null;
	/** @type {any} */
	let timer = null; // one at a time: the retry, the opening, or the watch over a live one
	let attempt = 0;
	let asked = false; // a ping is out
	let fresh = false; // ask for a snapshot whatever we hold
	let turn = 0; // tells answers of an abandoned probe apart

	const link = {
		/** @type {Phase} */
		phase: "waiting",
		/** when the connection was lost, monotonic ms; null while it is live */
		lostAt: /** @type {number|null} */ (deps.now()),
		/** the last frame that says how the data stand */
		frameAt: /** @type {number|null} */ (null),
		start: () => connect(),
		kick,
		stop: () => end("stopped"),
	};

	/** @param {Phase} phase */
	function set(phase) {
		link.phase = phase;
		if (phase === "live")
			link.lostAt = null;
		else if (link.lostAt === null)
			link.lostAt = deps.now();
		deps.change();
	}

	/** @param {() => void} fn @param {number} ms */
	function alarm(fn, ms) {
		deps.cancel(timer);
		timer = deps.later(fn, ms);
	}

	function drop() {
		deps.cancel(timer);
		if (ws) {
			ws.onopen = ws.onmessage = ws.onclose = ws.onerror = null;
			ws.close();
			ws = null;
		}
	}

	/** @param {Phase} phase */
	function end(phase) {
		turn++;
		drop();
		set(phase);
	}

	function lose() {
		turn++;
		drop();
		const ms = RETRY_S[Math.min(attempt, RETRY_S.length - 1)] * 1000 * (0.8 + 0.4 * deps.random());

		attempt++;
		alarm(retry, ms);
		set("waiting");
	}

	function retry() {
		const mine = ++turn;

		deps.cancel(timer);
		set("connecting");
		deps.probe().then((answer) => {
			if (mine !== turn)
				return;
			if (answer === "expired")
				end("expired");
			else if (answer === "down")
				lose();
			else
				connect();
		});
	}

	/** A right is lost; which one, the session tells. */
	function refused() {
		const mine = ++turn;

		drop();
		set("connecting");
		deps.probe().then((answer) => {
			if (mine !== turn)
				return;
			if (answer === "down")
				lose();
			else
				end(answer === "ok" ? "denied" : "expired");
		});
	}

	function connect() {
		const w = deps.open();

		turn++;
		ws = w;
		asked = false;
		w.onopen = () => {
			const h = deps.hello();

			w.send(JSON.stringify(fresh || h.since === null ? { op: "hello", scope: h.scope } : { op: "hello", ...h }));
			fresh = false;
		};
		w.onmessage = (e) => heard(e.data);
		w.onclose = (e) => (e.code === CLOSE_DENIED ? refused() : lose());
		alarm(lose, OPEN_WITHIN_MS);
		if (link.phase !== "connecting")
			set("connecting");
	}

	/** @param {any} data */
	function heard(data) {
		let msg;

		try {
			msg = JSON.parse(data);
		} catch (_) {
			lose();
			return;
		}
		asked = false;
		switch (deps.frame(msg)) {
		case "gap": // never go on from a hole: take everything anew
			fresh = true;
			drop();
			connect();
			return;
		case "ok":
			link.frameAt = deps.now();
			attempt = 0;
			if (link.phase !== "live")
				set("live");
		}
		if (link.phase === "live")
			alarm(watch, ASK_AFTER_MS);
	}

	function watch() {
		if (asked || !ws) {
			lose();
			return;
		}
		ask();
	}

	function ask() {
		asked = true;
		if (ws)
			ws.send('{"op":"ping"}');
		alarm(watch, GIVE_UP_MS);
	}

	/** The network is back, the page is looked at, or somebody asks: do not wait. */
	function kick() {
		if (link.phase === "waiting")
			retry();
		else if (link.phase === "live" && !asked && link.frameAt !== null && deps.now() - link.frameAt > ASK_AFTER_MS)
			ask();
	}

	return link;
}
