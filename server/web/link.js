// The live stream's connection: keeps it, notices when it is dead, resumes where it stood.
//
//   connecting --first frame--> live --close--> waiting --delay, kick--> connecting
//   live <--any word, silence--> silent --more of it, close--> waiting
//   any --4403--> denied, or expired when the session is gone        stop(): stopped
//
// While the page is looked at the server says something every 0.7 s (`beat`), else every 15 s. Without a word it is asked; 1 s
// later the connection counts as silent, and is given up in the end.

export const RETRY_S = [1, 2, 4, 8, 15]; // ± 20 %
export const OPEN_WITHIN_MS = 10e3; // from the attempt to the first frame
export const SEEN = { ask: 1e3, over: 8e3 }; // ms without a word
export const HIDDEN = { ask: 20e3, over: 28e3 };
const SILENT_MS = 1e3; // after the question
const SURE_MS = 50; // what came while the page was busy is heard first
const LATE_MS = 500; // a timer held back by the browser, or the PC slept: the silence counts from here
const CLOSE_DENIED = 4403;

/** @typedef {"connecting"|"live"|"silent"|"waiting"|"denied"|"expired"|"stopped"} Phase */

/**
 * @typedef {object} Deps the world, so that tests can give another one
 * @property {() => WebSocket} open
 * @property {() => Promise<"ok"|"expired"|"down">} probe is the session good? asked before each new attempt
 * @property {() => {scope: string, db: string|null, since: number|null}} hello what we hold
 * @property {(msg: any) => "ok"|"gap"|"unknown"} frame
 * @property {() => void} change phase or lostAt changed
 * @property {() => boolean} seen is the page looked at?
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
	let sure = false; // nothing waits to be heard
	let quietAt = 0; // the silence counts from
	let due = 0; // when the watch is to look
	let fresh = false; // ask for a snapshot whatever we hold
	let turn = 0; // tells answers of an abandoned probe apart

	const link = {
		/** @type {Phase} */
		phase: "waiting",
		/** when the connection was lost or the server heard last, monotonic ms; null while it is live */
		lostAt: /** @type {number|null} */ (deps.now()),
		/** the last frame that says how the data stand */
		frameAt: /** @type {number|null} */ (null),
		start: () => connect(),
		kick,
		/** The page is looked at, or no longer. */
		look: () => {
			if (link.phase === "live")
				ask();
		},
		stop: () => end("stopped"),
	};

	/** @param {Phase} phase */
	function set(phase) {
		link.phase = phase;
		if (phase === "live")
			link.lostAt = null;
		else if (link.lostAt === null)
			link.lostAt = phase === "silent" ? quietAt : deps.now();
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

		drop();
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
			const beat = deps.seen();

			w.send(JSON.stringify(fresh || h.since === null ? { op: "hello", scope: h.scope, beat } : { op: "hello", ...h, beat }));
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
		asked = sure = false;
		quietAt = deps.now();
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
		if (link.phase === "silent") // a word that is no data: there are none
			set("live");
		if (link.phase === "live")
			look((deps.seen() ? SEEN : HIDDEN).ask);
	}

	/** Look at the silence. @param {number} ms from now */
	function look(ms) {
		due = deps.now() + ms;
		alarm(watch, ms);
	}

	function watch() {
		const seen = deps.seen();
		const rhythm = seen ? SEEN : HIDDEN;
		const quiet = deps.now() - quietAt;

		if (deps.now() - due > LATE_MS && (seen || !asked)) // browsers hold back every timer of a hidden page
			ask();
		else if (quiet < rhythm.ask)
			look(rhythm.ask - quiet);
		else if (quiet >= rhythm.over)
			lose();
		else if (link.phase === "silent")
			look(rhythm.over - quiet);
		else if (!asked)
			ask(quietAt);
		else if (rhythm.ask + SILENT_MS - quiet > SURE_MS)
			look(rhythm.ask + SILENT_MS - quiet - SURE_MS);
		else if (!sure) {
			sure = true;
			look(SURE_MS);
		} else {
			set("silent");
			look(rhythm.over - quiet);
		}
	}

	function ask(from = deps.now()) {
		asked = true;
		sure = false;
		quietAt = from;
		if (ws)
			ws.send(JSON.stringify({ op: "ping", beat: deps.seen() }));
		look(0);
	}

	/** The network is back, the page is looked at, or somebody asks: do not wait. */
	function kick() {
		if (link.phase === "waiting" || link.phase === "silent")
			retry();
		else
			link.look();
	}

	return link;
}
