// The phone's memory: outbox, drafts, photos, what the platform told; one IndexedDB.  A record and its number are
// written in one transaction: a number is never given twice, and none is lost when the battery dies in between.
import { openDB } from "../vendor/idb.js";
import { batch, foldAck, isAnswered } from "./fold.js";

/** @typedef {import("./fold.js").Mail & {event: any, made: number, sentAt?: number, again?: number, draft?: string, label?: string, photos?: string[], from?: string, device?: string, replaced?: string, removed?: number, unsendable?: boolean, kind?: string, wall?: number, page?: string, withdrawn?: boolean}} Record_
 * device: whose it was when it was made; wall, page: by which clock, of which page; withdrawn: the void that stands for it is all; replaced: "epoch/seq" of what stands for it now; removed: taken off the list then, ms */

const KEEP_MS = 7 * 24 * 3600e3; // answered tracks: a platform restored from a backup may ask again
const READ_MS = 90 * 24 * 3600e3; // what the worker made himself stays readable
const GONE_MS = 180 * 24 * 3600e3; // then its line goes, too

const AGAIN_MAX_MS = 400e3; // longer than any wait: the phone's clock was set back
const SAME_CLOCK_MS = 2000;
const PAGE = Math.random().toString(36).slice(2);

/** The clock's time when this page began: another one when the clock is set. */
export const wall = () => Math.round(Date.now() - performance.now());

/** Has it never left the phone, for all that is known? @param {Record_} m */
export const isUnsent = (m) => m.state === "waiting" && m.tries === 0;

export const newEpoch = () => [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** Does it belong to the device that the phone is now?  Else it waits until the phone is that again. @param {Record_} m @param {any} account */
const isOurs = (m, account) => !m.device || !account || m.device === account.device;

/** What the phone makes by itself. @param {Record_} m */
const isDull = (m) => ["patrol.track", "status"].includes(m.event?.kind || m.kind || "");

/** Photos that a record names: those that came with it, and those of the one that it corrects. @param {Record_} m @returns {string[]} */
export const namesOf = (m) => [...new Set([...(m.photos || []), ...(m.event?.att || []).map((/** @type {any} */ a) => a.sha256)])];

/** Those whose state an ack that answers no hello can change: a phone's memory of a season is not read for each.
 * @param {any} mail the store @param {import("./fold.js").Ack} ack @returns {Promise<Record_[]>} */
async function concerned(mail, ack) {
	/** @type {Map<number, Record_>} */
	const out = new Map();
	const take = (/** @type {(Record_|undefined)[]} */ all) => all.forEach((m) => m?.epoch === ack.epoch && out.set(m.seq, m));

	for (const state of ["waiting", "sent", "held"])
		take(await mail.index("state").getAll(state));
	for (const [lo, hi] of ack.missing || [])
		take(await mail.getAll(IDBKeyRange.bound([ack.epoch, lo], [ack.epoch, hi])));
	for (const r of ack.results || [])
		take([await mail.get([ack.epoch, r.seq])]);
	return [...out.values()];
}

/** @param {string} name of the database */
export async function openBox(name) {
	const db = await openDB(name, 1, {
		upgrade(/** @type {any} */ d) {
			d.createObjectStore("meta");
			d.createObjectStore("mail", { keyPath: ["epoch", "seq"] }).createIndex("state", "state");
			d.createObjectStore("draft");
			d.createObjectStore("photo", { keyPath: "sha256" });
		},
	});
	const box = {
		db,
		/** @param {string} key */
		get: (key) => db.get("meta", key),
		/** @param {string} key @param {any} value */
		set: (key, value) => db.put("meta", value, key),
		/** @param {string} key @returns {Promise<any>} */
		draft: (key) => db.get("draft", key),
		/** @param {string} key @param {any} value null: gone */
		keepDraft: (key, value) => (value === null ? db.delete("draft", key) : db.put("draft", value, key)),
		drafts: async () => {
			const keys = await db.getAllKeys("draft");

			return Promise.all(keys.map(async (/** @type {IDBValidKey} */ k) => ({ key: String(k), value: await db.get("draft", k) })));
		},

		/** Takes a record into the outbox; with the same stroke its draft goes, its photos come with it, what it corrects is marked and made
		 * void (before it, under the number before), and what the phone has to remember with it is written.  What never left the phone is
		 * corrected where it stands, under its own number.
		 * @param {{kind: string, at: number, body: any, [more: string]: any}} event without epoch and seq
		 * @param {{draft?: string, label?: string, photos?: {sha256: string, blob: Blob, mime: string, role: string}[], from?: string, meta?: Record<string, any>, instead?: {of: Record_, void: any, withdrawn?: boolean}, wall?: number}} [more] wall: the clock that `at` is by, else the present one
		 * @returns {Promise<Record_>} */
		async add(event, more = {}) {
			const tx = db.transaction(["meta", "mail", "draft", "photo"], "readwrite", { durability: "strict" });
			const meta = tx.objectStore("meta");
			const id = (await meta.get("stream")) || { epoch: newEpoch(), next: 1 };
			const account = await meta.get("account");
			const mail = tx.objectStore("mail");
			const old = /** @type {Record_|undefined} */ (more.instead && await mail.get([more.instead.of.epoch, more.instead.of.seq]));
			const clock = { wall: more.wall ?? wall(), page: PAGE, device: account?.device };
			const photos = (more.photos || []).map((p) => p.sha256);
			const inPlace = !!old && isUnsent(old) && isOurs(old, account) && !more.instead?.withdrawn;
			/** @type {Record_} */
			let m;

			if (old && inPlace) {
				m = { ...old, label: more.label, photos: [...(old.photos || []), ...photos], event: { epoch: old.epoch, seq: old.seq, ...event } };
				mail.put(m);
			} else {
				if (more.instead?.void && !["refused", "conflict"].includes(old?.state || "")) {
					mail.add({ epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, made: more.instead.void.at, ...clock, event: { epoch: id.epoch, seq: id.next, ...more.instead.void } });
					id.next++;
				}
				m = { epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, made: event.at, label: more.label, from: more.from, ...clock, photos, event: { epoch: id.epoch, seq: id.next, ...event } };
				meta.put({ epoch: id.epoch, next: id.next + 1 }, "stream");
				mail.add(m);
				if (old)
					mail.put({ ...old, replaced: `${m.epoch}/${m.seq}`, withdrawn: more.instead?.withdrawn });
			}
			for (const [k, v] of Object.entries(more.meta || {}))
				meta.put(v, k);
			if (more.draft)
				tx.objectStore("draft").delete(more.draft);
			for (const p of more.photos || [])
				tx.objectStore("photo").put({ ...p, state: "waiting", device: account?.device });
			await tx.done;
			return m;
		},

		/** Takes back what never left the phone.  Its number is taken, so `event`, which says nothing of it, leaves under it; photos that only it named go.
		 * @param {Record_} m @param {any} event without epoch and seq @returns {Promise<boolean>} false: it may have left */
		async withdraw(m, event) {
			const tx = db.transaction(["mail", "photo"], "readwrite", { durability: "strict" });
			const mail = tx.objectStore("mail");
			const now = /** @type {Record_|undefined} */ (await mail.get([m.epoch, m.seq]));

			if (!now || !isUnsent(now))
				return false;
			mail.put({ ...now, label: undefined, from: undefined, photos: [], event: { epoch: now.epoch, seq: now.seq, ...event } });
			const named = new Set(/** @type {Record_[]} */ (await mail.getAll()).flatMap(namesOf));

			for (const h of namesOf(now))
				if (!named.has(h))
					tx.objectStore("photo").delete(h);
			await tx.done;
			return true;
		},

		/** The platform's clock is `off` ahead of ours: what this page recorded by the clock as it is now, and did not send, says so.
		 * @param {number} off ms */
		async reclock(off) {
			const tx = db.transaction("mail", "readwrite", { durability: "strict" });
			const now = wall();

			for (const m of /** @type {Record_[]} */ (await tx.store.index("state").getAll("waiting")))
				if (isUnsent(m) && m.page === PAGE && Math.abs((m.wall || 0) - now) < SAME_CLOCK_MS && !m.from)
					tx.store.put({ ...m, event: { ...m.event, off } });
			await tx.done;
		},

		/** Takes an answered one off the list; its line stays, and the platform can still have it again. @param {Record_} m @param {number} nowMs */
		async remove(m, nowMs) {
			const tx = db.transaction("mail", "readwrite");
			const now = /** @type {Record_|undefined} */ (await tx.store.get([m.epoch, m.seq]));

			if (now && isAnswered(now))
				tx.store.put({ ...now, removed: nowMs });
			await tx.done;
		},

		/** It can never be sent: the platform takes nothing like it. @param {Record_[]} mails @param {string} code @param {string} detail @param {number} nowMs */
		async refuse(mails, code, detail, nowMs) {
			const tx = db.transaction("mail", "readwrite");

			for (const { epoch, seq } of mails) {
				const m = /** @type {Record_|undefined} */ (await tx.store.get([epoch, seq]));

				if (m && !isAnswered(m) && m.state !== "moved")
					tx.store.put({ ...m, state: "refused", unsendable: true, code, detail, answered: nowMs });
			}
			await tx.done;
		},

		/** All, newest first. @returns {Promise<Record_[]>} */
		async list() {
			const all = /** @type {Record_[]} */ (await db.getAll("mail"));

			return all.sort((a, b) => b.made - a.made || b.seq - a.seq);
		},

		/** Takes what is to be sent now, oldest first, of one epoch.  From here on it may have arrived: it is marked as sent, on the disk, before it leaves.
		 * @param {number} nowMs @param {boolean} alone no more than one @param {(tries: number) => number} after ms until it is sent again */
		async lift(nowMs, alone, after) {
			if (!(await db.countFromIndex("mail", "state", "waiting")) && !(await db.countFromIndex("mail", "state", "sent")))
				return null;
			const tx = db.transaction(["meta", "mail"], "readwrite", { durability: "strict" });
			const mail = tx.objectStore("mail");
			const all = /** @type {Record_[]} */ ([...(await mail.index("state").getAll("waiting")), ...(await mail.index("state").getAll("sent"))]);
			const account = await tx.objectStore("meta").get("account");
			const isDue = (/** @type {Record_} */ m) => m.state === "waiting" || (m.again || 0) <= nowMs || (m.again || 0) > nowMs + AGAIN_MAX_MS;
			const ready = all.filter((m) => isOurs(m, account) && isDue(m)).sort((a, b) => (a.epoch === b.epoch ? a.seq - b.seq : a.made - b.made));
			const one = ready.length ? ready.filter((m) => m.epoch === ready[0].epoch) : [];
			const next = one.length ? batch(alone ? one.slice(0, 1) : one) : null;

			for (const m of next?.mails || [])
				mail.put({ ...m, state: "sent", tries: m.tries + 1, sentAt: nowMs, again: nowMs + after(m.tries + 1) });
			await tx.done;
			return next;
		},

		/** What did not get out waits again at once. */
		async back() {
			const tx = db.transaction("mail", "readwrite");

			for (const m of await tx.store.index("state").getAll("sent"))
				tx.store.put({ ...m, state: "waiting" });
			await tx.done;
		},

		/** An answer. @param {import("./fold.js").Ack} ack @param {boolean} all @param {number} nowMs @returns {Promise<{changed: number, cloned: number}>} */
		async take(ack, all, nowMs) {
			const tx = db.transaction(["meta", "mail"], "readwrite", { durability: "strict" });
			const mail = tx.objectStore("mail");
			const f = foldAck(all ? await mail.getAll(IDBKeyRange.bound([ack.epoch, 0], [ack.epoch, Infinity])) : await concerned(mail, ack), ack, all, nowMs);

			for (const m of f.changed)
				mail.put(m);
			if (f.cloned.length) { // another phone has this epoch: what it did not send goes on under a new one
				const id = { epoch: newEpoch(), next: 1 };

				for (const m of /** @type {Record_[]} */ (f.cloned.sort((a, b) => a.seq - b.seq))) {
					mail.put({ ...m, state: "moved" });
					mail.add({ ...m, epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, event: { ...m.event, epoch: id.epoch, seq: id.next } });
					id.next++;
				}
				tx.objectStore("meta").put(id, "stream");
			}
			await tx.done;
			return { changed: f.changed.length, cloned: f.cloned.length };
		},

		/** A conflict, or the wish of the user: the same content as a new event, of a new epoch when `fresh`.
		 * @param {Record_} m @param {any} event @param {boolean} fresh */
		async again(m, event, fresh) {
			const tx = db.transaction(["meta", "mail"], "readwrite", { durability: "strict" });
			const had = (await tx.objectStore("meta").get("stream")) || { epoch: newEpoch(), next: 1 };
			const id = fresh ? { epoch: newEpoch(), next: 1 } : had;
			const { epoch: _e, seq: _s, ...rest } = event;

			tx.objectStore("mail").put({ ...m, state: "moved" });
			tx.objectStore("mail").add({ ...m, epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, code: undefined, detail: undefined, answered: undefined, event: { epoch: id.epoch, seq: id.next, ...rest } });
			tx.objectStore("meta").put({ epoch: id.epoch, next: id.next + 1 }, "stream");
			await tx.done;
		},

		/** What the phone still has of its epochs, for a hello each. */
		async hellos() {
			const all = /** @type {Record_[]} */ (await db.getAll("mail"));
			const id = await db.get("meta", "stream");
			const account = await db.get("meta", "account");
			/** @type {Map<string, {epoch: string, first: number, next: number}>} */
			const by = new Map();

			// what lies below a number that is gone from the phone, and is answered for, is not promised again
			for (const m of all.sort((a, b) => b.seq - a.seq)) {
				if (!m.event || m.unsendable || !isOurs(m, account) || (m.state === "moved" && by.get(m.epoch)?.first !== m.seq + 1))
					continue;
				const h = by.get(m.epoch) || { epoch: m.epoch, first: m.seq, next: m.seq + 1 };

				if (m.seq >= h.first - 1 || !isAnswered(m))
					by.set(m.epoch, { epoch: m.epoch, first: Math.min(h.first, m.seq), next: h.next });
			}
			if (id) {
				const h = by.get(id.epoch);

				by.set(id.epoch, { epoch: id.epoch, first: h ? h.first : id.next, next: id.next });
			}
			return [...by.values()];
		},

		/** Old answered ones lose their content, later their line. @param {number} nowMs */
		async tidy(nowMs) {
			const tx = db.transaction("mail", "readwrite");

			for (const m of /** @type {Record_[]} */ (await tx.store.getAll())) {
				if (isAnswered(m) && isDull(m) && m.state !== "refused" && m.state !== "conflict" && nowMs - (m.answered || m.made) > KEEP_MS)
					tx.store.delete([m.epoch, m.seq]); // nobody looks at its line, and there are thousands
				else if ((isAnswered(m) || m.state === "moved") && m.event && nowMs - (m.answered || m.made) > (isDull(m) || m.removed ? KEEP_MS : READ_MS))
					tx.store.put({ ...m, event: null, kind: m.event.kind });
				else if (!m.event && nowMs - m.made > GONE_MS)
					tx.store.delete([m.epoch, m.seq]);
			}
			await tx.done;
		},
	};

	return box;
}

/** @typedef {Awaited<ReturnType<typeof openBox>>} Box */
