// One case opened for reading and acting: what the server said of it, the act that is being written, and how the
// server answered.  How it is sent: caseact.js.
//
//   closed --open--> loading --answer--> ready | absent | failed        a new etag in the live rows: read again
//   ready: form --send--> busy --200--> done | --412--> read again | --else--> the reason is said
//   read again while a form is open: who changed the case is said in it
import { call } from "./api.js";

/** @typedef {import("./i18n.js").Key} Key */

/** @typedef {object} Act an entry of the time line
 * @property {string} action
 * @property {string} [person]
 * @property {string} [person_name]
 * @property {string} at RFC 3339
 * @property {string|null} [committed] when the office learned of it; null: it is held
 * @property {string} [received]
 * @property {string} [text] of a report
 * @property {string} [note]
 * @property {string} [to]
 * @property {string} [to_name]
 * @property {string} [until]
 * @property {string} [result]
 * @property {string} [rating]
 * @property {{sha256: string, role: string}[]} [photos]
 * @property {string} [status] in_force repeated held displaced voided
 * @property {{person: string, person_name?: string, at: string, reason: string}|null} [voided]
 * @property {string} [code]
 * @property {string} [detail]
 * @property {boolean} [parallel]
 */

/** @typedef {object} Detail
 * @property {string} id
 * @property {string} etag
 * @property {string} class
 * @property {string} category
 * @property {string} [category_name]
 * @property {number} severity
 * @property {string} title
 * @property {string} scope
 * @property {string} [scope_name]
 * @property {string} [reporter]
 * @property {string} [reporter_name]
 * @property {string} state
 * @property {string} [level]
 * @property {string} [holder]
 * @property {string} [holder_name]
 * @property {string} at RFC 3339
 * @property {string|null} due
 * @property {boolean|null} [on_time]
 * @property {string} [result]
 * @property {string} [rating]
 * @property {string|null} [patrol]
 * @property {Record<string, number>} [counts]
 * @property {number} [timeline_cut]
 * @property {string[]} actions
 * @property {Act[]} timeline
 */

/** @typedef {object} Form
 * @property {string} action
 * @property {string} key the same for the same attempt: it is done at most once
 * @property {boolean} busy
 * @property {Key|null} error
 * @property {string} detail the server's own words
 * @property {string} code and its code for them
 * @property {string} by who was quicker
 * @property {string} did
 * @property {string} [doubted] a receiver whom nobody knows: sent when it is confirmed
 */

const WAIT_MS = 400; // news of one's own act and of its row come together

/** Also without a secure context. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** @param {{csrf: () => string, draw: () => void, expired: () => void, done: (action: string) => void}} deps */
export function newCasefile(deps) {
	let turn = 0; // tells answers for an earlier case apart
	/** @type {any} */
	let timer = null;
	const file = {
		/** @type {string|null} */ id: null,
		/** @type {"loading"|"ready"|"absent"|"failed"} */ phase: "loading",
		/** @type {Detail|null} */ data: null,
		/** @type {Form|null} */ form: null,
		open,
		close,
		read,
		/** The live rows say how it stands. @param {string|undefined} etag undefined: it is not among the open ones */
		seen: (etag) => {
			const d = file.data;

			if (!d || file.form?.busy || timer !== null)
				return;
			if (etag === undefined ? isOpen(d.state) && !wasAbsent : etag !== d.etag) {
				wasAbsent = etag === undefined;
				timer = setTimeout(() => {
					timer = null;
					read();
				}, WAIT_MS);
			}
		},
		/** @param {string|null} action */
		choose: (action) => {
			file.form = action === null ? null : { action, key: newKey(), busy: false, error: null, detail: "", code: "", by: "", did: "" };
			deps.draw();
		},
		deps,
		turn: () => turn,
	};
	let wasAbsent = false; // it left the open ones; read once for that

	/** @param {string} state */
	const isOpen = (state) => !["closed", "declined", "void"].includes(state);

	/** @param {string} id */
	function open(id) {
		if (file.id === id)
			return;
		close();
		file.id = id;
		file.phase = "loading";
		read();
	}

	function close() {
		turn++;
		clearTimeout(timer);
		timer = null;
		wasAbsent = false;
		file.id = null;
		file.data = null;
		file.form = null;
	}

	/** What is being written was begun on an older state: who changed it is said before it is sent. @param {Form} form */
	function moved(form) {
		const last = [...(file.data?.timeline || [])].reverse().find((a) => !a.status || a.status === "in_force");

		form.error = "act_changed";
		form.by = last?.person_name || last?.person || "";
		form.did = last?.action || "";
	}

	async function read() {
		const mine = turn;

		if (file.id === null)
			return;
		const r = await call("GET", `/api/v1/cases/${encodeURIComponent(file.id)}`);

		if (mine !== turn)
			return;
		if (r.status === 401)
			return deps.expired();
		if (r.status === 200) {
			const old = file.data;

			file.data = { actions: [], timeline: [], ...r.body };
			file.phase = "ready";
			if (old && file.form && !file.form.busy && old.etag !== file.data?.etag)
				moved(file.form);
		} else if (!file.data || r.status === 404) {
			file.phase = r.status === 404 || r.status === 403 ? "absent" : "failed";
		}
		deps.draw();
	}

	return file;
}
