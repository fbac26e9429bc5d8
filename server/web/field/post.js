// How records leave the phone: MQTT over WebSocket on the page's own origin; where that is blocked, HTTP.
// One tab sends (a lock says which); answers are written down before anything else follows from them.
import { connect } from "../vendor/mqtt.js";
import { problemOf } from "./down.js";
import { againAfter, fits } from "./fold.js";

/** @typedef {{device: string, secret: string, district: string}} Account */
/** @typedef {"off"|"connecting"|"mqtt"|"http"|"refused"} Link */

const HTTP_AFTER_MS = 6000; // no MQTT by then: try HTTP
const HTTP_EVERY_MS = 15e3; // while it does not answer
const ANSWER_MS = 20e3;
const HELLO_MS = 8000; // its answer is waited for so long

/** Time that nobody sets: a phone's clock may jump by a year. */
const mono = () => performance.now();

/** @param {{box: import("./box.js").Box, account: Account, app: string, changed: () => void, sync: () => void, clock: (off: number) => void}} o */
export function newPost(o) {
	const { box, account } = o;
	const at = `xunge/v1/${account.district}/${account.device}`;
	/** @type {Set<string>} epochs whose next ack answers a hello */
	const greeted = new Set();
	/** @type {any} */
	let client = null;
	/** @type {any} */
	let timer = null;
	let stopped = false;
	let busy = false;
	let since = mono();
	let httpAt = -HTTP_EVERY_MS;
	/** @type {any[]} what left last: an answer without a number is about these */
	let last = [];
	let lastAt = 0;
	let alone = false; // one at a time: the platform could not read a payload
	let asked = false; // what the platform has of ours, since it was last out of reach
	let askedAt = 0;
	let met = false; // connected before
	/** @type {() => void} */
	let release = () => {};
	const post = {
		/** @type {Link} */ link: "off",
		/** when the platform was last heard, ms */ heard: 0,
		/** @type {string} */ trouble: "",
		/** @type {import("./down.js").Problem|null} the platform refused what came by HTTP */ problem: null,
		/** this tab sends */ leads: false,
		async start() {
			await held();
			if (stopped)
				return;
			post.leads = true;
			post.link = "connecting";
			await box.back();
			open();
			tick();
		},
		stop() {
			stopped = true;
			clearTimeout(timer);
			client?.end(true);
			release();
		},
		/** The platform is another one than before: what it lacks, it is to get again. */
		async greet() {
			asked = false;
			if (!stopped && client?.connected)
				await hello();
			post.poke();
		},
		/** Something new is in the outbox, or the network is back. */
		poke() {
			if (stopped)
				return;
			clearTimeout(timer);
			timer = setTimeout(tick, 0);
		},
	};

	/** Only one tab of this phone sends. */
	const held = () => new Promise((/** @type {(v?: any) => void} */ ok) => {
		if (!navigator.locks)
			return ok();
		navigator.locks.request(`xunge-post-${account.device}`, () => new Promise((/** @type {(v?: any) => void} */ done) => {
			release = done;
			ok();
		}));
	});

	function open() {
		client = connect(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`, {
			clientId: account.device, username: account.device, password: account.secret, clean: true, keepalive: 45, reconnectPeriod: 4000, connectTimeout: 8000,
			protocolVersion: 4, resubscribe: false, queueQoSZero: false, timerVariant: "native",
			will: { topic: `${at}/presence`, payload: '{"online":false}', qos: 1, retain: false },
		});
		client.on("connect", async () => {
			post.link = "mqtt";
			post.trouble = "";
			since = mono();
			last = [];
			await client.subscribeAsync(`${at}/down`, { qos: 1 }).catch(() => {});
			client.publish(`${at}/presence`, JSON.stringify({ online: true, at: Date.now() }), { qos: 1 });
			await box.back();
			await hello();
			if (met)
				o.sync(); // hints of the meantime went nowhere
			met = true;
			o.changed();
			post.poke();
		});
		client.on("message", (/** @type {string} */ _t, /** @type {Uint8Array} */ raw) => heard(new TextDecoder().decode(raw)));
		client.on("close", () => {
			if (post.link === "mqtt") {
				post.link = "connecting";
				asked = false;
				since = mono();
				o.changed();
			}
		});
		client.on("error", (/** @type {any} */ e) => {
			post.trouble = e && (e.code === 4 || e.code === 5) ? "refused" : String(e?.message || "");
			if (post.trouble === "refused") {
				if (post.link !== "refused")
					o.sync(); // says why
				post.link = "refused";
			}
			o.changed();
		});
	}

	async function hello() {
		for (const h of await box.hellos()) {
			greeted.add(h.epoch);
			client.publish(`${at}/up`, JSON.stringify({ hello: { ...h, time: Date.now(), app: o.app } }), { qos: 1 });
		}
		asked = true;
		askedAt = mono();
	}

	/** Is it not yet told which numbers are taken?  Another phone may have ours: nothing new leaves before. */
	const unanswered = () => !asked || (greeted.size > 0 && mono() - askedAt < HELLO_MS);

	/** @param {string} text what came down */
	async function heard(text) {
		/** @type {any} */
		let msg = null;

		try {
			msg = JSON.parse(text);
		} catch (_) {
			return; // not ours
		}
		post.heard = Date.now();
		if (msg.type === "sync")
			return o.sync();
		if (msg.type === "hello")
			return hello();
		if (msg.type !== "ack")
			return;
		await (msg.epoch ? answered(msg) : unread(msg.error));
	}

	/** A payload could not be read, and nobody knows of which records it speaks: they go one by one, and one that cannot be read alone never can.
	 * @param {any} error */
	async function unread(error) {
		if (!error || !last.length)
			return;
		if (last.length === 1)
			await box.refuse(last, String(error.code || "bad_json"), String(error.limit || ""), Date.now());
		else
			await box.back();
		alone = last.length > 1;
		last = [];
		o.changed();
		post.poke();
	}

	/** @param {any} ack */
	async function answered(ack) {
		const all = greeted.delete(ack.epoch);

		if (last.length && ack.epoch === last[0].epoch && ack.upto >= last[0].seq)
			last = [];

		if (typeof ack.time === "number")
			o.clock(ack.time - Date.now());
		const r = await box.take(ack, all, Date.now());

		if (r.changed || r.cloned) {
			o.changed();
			post.poke();
		}
	}

	/** What goes next.  What fills more than a payload can never go: refused here, before a broker hangs up on it for ever. */
	async function lift() {
		let next = await box.lift(Date.now(), alone, (n) => againAfter(n, Math.random()));

		while (next && !fits(next.payload)) {
			await box.refuse(next.mails, "too_large", "", Date.now());
			o.changed();
			next = await box.lift(Date.now(), alone, (n) => againAfter(n, Math.random()));
		}
		return next;
	}

	/** Sends what is due; comes again by itself. */
	async function tick() {
		clearTimeout(timer);
		if (stopped || busy)
			return;
		busy = true;
		let wait = post.link === "mqtt" ? 250 : 1000;

		try {
			const now = mono();

			if (post.link === "mqtt") {
				const next = unanswered() || (alone && last.length && now - lastAt < ANSWER_MS) ? null : await lift();

				if (next) {
					last = next.mails;
					lastAt = now;
					o.changed();
					await Promise.race([client.publishAsync(`${at}/up`, next.payload, { qos: 1 }).catch(() => {}), new Promise((ok) => setTimeout(ok, ANSWER_MS))]); // a line that says nothing does not hold up what comes after
					wait = 0;
				}
			} else if (post.link === "http" && now >= httpAt && navigator.onLine !== false) {
				await byHttp(now);
			} else if (now - since > HTTP_AFTER_MS && now - httpAt > HTTP_EVERY_MS && navigator.onLine !== false) {
				await byHttp(now);
			}
		} finally {
			busy = false;
			clearTimeout(timer);
			if (!stopped)
				timer = setTimeout(tick, wait);
		}
	}

	/** One payload and its acks; null: it did not get there, or nobody knows. @param {string} payload @returns {Promise<any[]|null>} */
	async function carry(payload) {
		const stop = new AbortController();
		const limit = setTimeout(() => stop.abort(), ANSWER_MS);
		const r = await fetch("/api/v1/events", { method: "POST", headers: { "Content-Type": "application/json", Authorization: basic(account) }, body: payload, signal: stop.signal, credentials: "omit" }).catch(() => null);

		clearTimeout(limit);
		if (!r?.ok) {
			post.problem = r ? await problemOf(r) : null;
			if (post.problem?.wait)
				httpAt = mono() + post.problem.wait * 1000 - HTTP_EVERY_MS;
			if (r && r.status === 401)
				post.link = "refused";
			else if (post.link === "http")
				post.link = "connecting";
			return null;
		}
		post.problem = null;
		post.link = client?.connected ? "mqtt" : "http";
		post.heard = Date.now();
		const body = await r.json().catch(() => ({}));

		return body.acks || (body.error ? [body] : []);
	}

	/** A hello for each epoch, its answers. @returns {Promise<boolean>} */
	async function helloByHttp() {
		for (const h of await box.hellos()) {
			const acks = await carry(JSON.stringify({ hello: { ...h, time: Date.now(), app: o.app } }));

			if (!acks)
				return false;
			greeted.add(h.epoch);
			for (const ack of acks)
				await answered(ack);
		}
		return (asked = true);
	}

	/** @param {number} now */
	async function byHttp(now) {
		httpAt = now;
		if (!asked && !(await helloByHttp()))
			return o.changed();
		let next = await lift();
		const some = !!next;

		for (let i = 0; next && i < 50; i++) {
			const acks = await carry(next.payload);

			if (!acks && post.problem?.status === 413) { // also a proxy on the way may say so
				last = next.mails;
				await unread({ code: "too_large" });
			} else if (!acks) { // it may have arrived all the same: it stays marked as sent once
				await box.back();
				break;
			} else {
				last = next.mails;
				for (const ack of acks)
					await (ack.epoch ? answered(ack) : unread(ack.error));
			}
			next = i < 49 ? await lift() : null;
		}
		if (some)
			o.changed();
	}

	return post;
}

/** @param {Account} a */
export const basic = (a) => `Basic ${btoa(`${a.device}:${a.secret}`)}`;
