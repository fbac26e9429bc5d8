// What an ack means for the outbox: pure, so that it can be tested without a browser.
//
//   waiting --published--> sent --ack--> stored | held | refused | conflict
//   asked for again (missing; or above `upto` in the answer to a hello: a platform restored from a backup): waiting
//   answered for before it was sent again: only the answer to that counts (the number may be another phone's)
//   answered for, and never sent: another phone has this epoch; the record moves to a new one

/** @typedef {"waiting"|"sent"|"stored"|"held"|"refused"|"conflict"|"moved"} State */
/** @typedef {{epoch: string, seq: number, state: State, tries: number, code?: string, detail?: string, commit?: number, answered?: number, unsendable?: boolean}} Mail unsendable: the platform cannot read it, and said so without a number */
/** @typedef {{epoch: string, upto: number, missing: number[][], commit: number, time: number, results: {seq: number, status: string, code: string, detail?: string}[]}} Ack */
/** @typedef {{changed: Mail[], cloned: Mail[]}} Folded changed: to be written; cloned: to be made again in a new epoch */

const ANSWERED = ["stored", "held", "refused", "conflict"];
const STATUS = /** @type {Record<string, State>} */ ({ held: "held", rejected: "refused", conflict: "conflict" });

/** Is there an answer for it? @param {Mail} m */
export const isAnswered = (m) => ANSWERED.includes(m.state);

/** @param {Mail[]} mails of any epoch @param {Ack} ack @param {boolean} all it answers a hello: it tells all that the platform has @param {number} nowMs @returns {Folded} */
export function foldAck(mails, ack, all, nowMs) {
	const results = new Map((ack.results || []).map((r) => [r.seq, r]));
	/** @type {Folded} */
	const out = { changed: [], cloned: [] };

	for (const m of mails) {
		if (m.epoch !== ack.epoch || m.state === "moved")
			continue;
		const covered = m.seq <= ack.upto && !(ack.missing || []).some(([lo, hi]) => m.seq >= lo && m.seq <= hi);
		const r = results.get(m.seq);

		if (m.seq <= ack.upto && m.tries === 0 && m.state === "waiting") {
			out.cloned.push(m); // also one that is "missing": that number is another phone's by now
		} else if (covered && !r && m.state === "waiting") {
			continue; // sent once, unanswered, about to be sent again: the answer to that says whether the number is ours
		} else if (r || covered) {
			const state = r ? STATUS[r.status] || "stored" : m.state === "held" || !isAnswered(m) ? "stored" : m.state;

			// an ack that says nothing of a refused one is no other answer: its result was told before
			if (m.state !== state || (r && (m.code !== r.code || m.detail !== r.detail)))
				out.changed.push({ ...m, state, code: r ? r.code : undefined, detail: r ? r.detail : undefined, commit: ack.commit, answered: m.answered || nowMs });
		} else if (isAnswered(m) && !m.unsendable && (m.seq <= ack.upto || all)) {
			out.changed.push({ ...m, state: "waiting", answered: undefined, code: undefined, detail: undefined });
		}
	}
	return out;
}

const FIRST_MS = 30e3;
const LONGEST_MS = 300e3;

/** When an unanswered one is sent again: 30 s, doubling to 5 minutes, give or take a fifth.
 * @param {number} tries that it was sent @param {number} random 0..1 */
export const againAfter = (tries, random) => Math.min(FIRST_MS * 2 ** Math.max(0, tries - 1), LONGEST_MS) * (0.8 + 0.4 * random);

export const BATCH = 200;
export const BATCH_BYTES = 192 * 1024;

/** Can the platform be given it at all?  Not even alone, when one fills more than a payload. @param {string} payload */
export const fits = (payload) => new TextEncoder().encode(payload).length <= BATCH_BYTES;

/** The next ones to send, oldest first, in one payload. @template {{event: any}} T @param {T[]} mails @returns {{mails: T[], payload: string}} */
export function batch(mails) {
	/** @type {T[]} */
	const take = [];
	/** @type {string[]} */
	const texts = [];
	let n = 2;

	for (const m of mails) {
		const text = JSON.stringify(m.event);
		const size = new TextEncoder().encode(text).length + 1;

		if (take.length === BATCH || (take.length && n + size > BATCH_BYTES))
			break;
		take.push(m);
		texts.push(text);
		n += size;
	}
	return { mails: take, payload: texts.length === 1 ? texts[0] : `[${texts.join(",")}]` };
}
