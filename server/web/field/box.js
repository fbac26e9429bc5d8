// The phone's memory: outbox, drafts, photos, what the platform told; one IndexedDB.  A record and its number are
// written in one transaction: a number is never given twice, and none is lost when the battery dies in between.
import { openDB } from "../vendor/idb.js";
import { batch, foldAck, isAnswered } from "./fold.js";

/** @typedef {import("./fold.js").Mail & {event: any, made: number, sentAt?: number, again?: number, draft?: string, label?: string, photos?: string[], from?: string, device?: string, replaced?: string, removed?: number, unsendable?: boolean, kind?: string}} Record_
 * device: whose it was when it was made; replaced: "epoch/seq" of what stands for it now; removed: taken off the list then, ms */

const KEEP_MS = 7 * 24 * 3600e3; // answered tracks: a platform restored from a backup may ask again
const READ_MS = 90 * 24 * 3600e3; // what the worker made himself stays readable
const GONE_MS = 180 * 24 * 3600e3; // then its line goes, too

export const newEpoch = () => [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** Does it belong to the device that the phone is now?  Else it waits until the phone is that again. @param {Record_} m @param {any} account */
const isOurs = (m, account) => !m.device || !account || m.device === account.device;

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
		 * void (before it, under the number before), and what the phone has to remember with it is written.
		 * @param {{kind: string, at: number, body: any, [more: string]: any}} event without epoch and seq
		 * @param {{draft?: string, label?: string, photos?: {sha256: string, blob: Blob, mime: string, role: string}[], from?: string, meta?: Record<string, any>, instead?: {of: Record_, void: any}}} [more]
		 * @returns {Promise<Record_>} */
		async add(event, more = {}) {
			const tx = db.transaction(["meta", "mail", "draft", "photo"], "readwrite", { durability: "strict" });
			const meta = tx.objectStore("meta");
			const id = (await meta.get("stream")) || { epoch: newEpoch(), next: 1 };
			const account = await meta.get("account");
			if (more.instead?.void) {
				tx.objectStore("mail").add({ epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, made: event.at, device: account?.device, event: { epoch: id.epoch, seq: id.next, ...more.instead.void } });
				id.next++;
			}
			/** @type {Record_} */
			const m = { epoch: id.epoch, seq: id.next, state: "waiting", tries: 0, made: event.at, label: more.label, from: more.from, device: account?.device, photos: (more.photos || []).map((p) => p.sha256),
				event: { epoch: id.epoch, seq: id.next, ...event } };

			meta.put({ epoch: id.epoch, next: id.next + 1 }, "stream");
			tx.objectStore("mail").add(m);
			if (more.instead) {
				const old = await tx.objectStore("mail").get([more.instead.of.epoch, more.instead.of.seq]);

				if (old)
					tx.objectStore("mail").put({ ...old, replaced: `${m.epoch}/${m.seq}` });
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

		/** What may be sent now, oldest first, of one epoch. @param {number} nowMs @param {boolean} [alone] no more than one */
		async due(nowMs, alone = false) {
			const all = /** @type {Record_[]} */ ([...(await db.getAllFromIndex("mail", "state", "waiting")), ...(await db.getAllFromIndex("mail", "state", "sent"))]);
			const account = await db.get("meta", "account");
			const ready = all.filter((m) => isOurs(m, account) && (m.state === "waiting" || (m.again || 0) <= nowMs)).sort((a, b) => (a.epoch === b.epoch ? a.seq - b.seq : a.made - b.made));
			const one = ready.length ? ready.filter((m) => m.epoch === ready[0].epoch) : [];

			return one.length ? batch(alone ? one.slice(0, 1) : one) : null;
		},

		/** They left the phone. @param {Record_[]} mails @param {number} nowMs @param {(tries: number) => number} after ms until they are sent again */
		async left(mails, nowMs, after) {
			const tx = db.transaction("mail", "readwrite");

			for (const { epoch, seq } of mails) {
				const m = /** @type {Record_|undefined} */ (await tx.store.get([epoch, seq]));

				if (m && !isAnswered(m) && m.state !== "moved")
					tx.store.put({ ...m, state: "sent", tries: m.tries + 1, sentAt: nowMs, again: nowMs + after(m.tries + 1) });
			}
			await tx.done;
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
			const f = foldAck(await mail.getAll(IDBKeyRange.bound([ack.epoch, 0], [ack.epoch, Infinity])), ack, all, nowMs);

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
				if ((isAnswered(m) || m.state === "moved") && m.event && nowMs - (m.answered || m.made) > (["patrol.track", "status"].includes(m.event.kind) || m.removed ? KEEP_MS : READ_MS))
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
