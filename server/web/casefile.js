// One case opened for reading and acting: what the server said of it, the act that is being written, and how the
// server answered.
//
//   closed --open--> loading --answer--> ready | absent | failed        a new etag in the live rows: read again
//   ready: form --send--> busy --200--> done | --412--> read again, who changed it is said | --else--> the reason is said
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

/** Which of the form's members an action takes, and which it needs. */
export const NEEDS = /** @type {Record<string, {note?: "may"|"must", to?: true, until?: true, result?: true, rating?: true}>} */ ({
	ack: {}, accept: { note: "may" }, decline: { note: "must" }, dispatch: { to: true, note: "may" }, sign: {}, return: { note: "must" }, escalate: { note: "must" },
	extend: { until: true, note: "may" }, suspend: { note: "must" }, resume: { note: "must" }, urge: { note: "may" }, handle: { result: true, note: "may" },
	verify_pass: { note: "may" }, verify_fail: { note: "must" }, rate: { rating: true, note: "may" }, reopen: { note: "must" }, void: { note: "must" },
});

/** Results that fit a class. @param {string} cls */
export const resultsOf = (cls) => (cls === "dispute" ? ["settled_written", "settled_oral", "failed", "guided", "withdrawn", "transferred"] : ["rectified", "done", "transferred", "stopped"]);
export const RATINGS = ["satisfied", "basic", "dissatisfied", "no_contact"];

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
		send,
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
			file.data = { actions: [], timeline: [], ...r.body };
			file.phase = "ready";
		} else if (!file.data || r.status === 404) {
			file.phase = r.status === 404 || r.status === 403 ? "absent" : "failed";
		}
		deps.draw();
	}

	/** @param {string} person of the registry, within the officer's scope */
	async function isNobody(person) {
		const r = await call("GET", `/api/v1/people?${new URLSearchParams({ person, limit: "1" })}`);

		return r.status === 200 && r.body.people.length === 0;
	}

	/** @param {Record<string, string>} body @param {boolean} known its receiver has cases or a device */
	async function send(body, known) {
		const { form, data } = file;
		const mine = turn;

		if (!form || !data || form.busy)
			return;
		form.busy = true;
		form.error = null;
		deps.draw();
		if (body.to && !known && form.doubted !== body.to && await isNobody(body.to)) {
			if (mine !== turn)
				return;
			Object.assign(form, { busy: false, error: "act_nobody", doubted: body.to, detail: "", code: "" });
			return deps.draw();
		}
		const r = await call("POST", `/api/v1/cases/${encodeURIComponent(data.id)}/actions`, {
			body: { action: form.action, ...body }, csrf: deps.csrf(), headers: { "If-Match": `"${data.etag}"`, "Idempotency-Key": form.key },
		});

		if (mine !== turn)
			return;
		if (r.status === 401)
			return deps.expired();
		form.busy = false;
		form.detail = r.body?.detail || "";
		form.code = r.body?.code || "";
		if (r.status === 200) {
			file.form = null;
			await read();
			if (mine === turn)
				deps.done(form.action);
			return;
		}
		if (r.status === 0 || r.status === 503) {
			form.error = r.status === 0 || r.body?.code === "outcome_unknown" ? "act_unknown" : "act_down"; // asked again under the same key, it is done once
		} else {
			form.key = newKey();
			form.error = r.status === 412 ? "act_changed" : r.status === 409 ? "act_illegal" : r.status === 403 ? "act_forbidden" : "act_refused";
			if (r.status === 412 || r.status === 409) {
				await read();
				if (mine !== turn)
					return;
				const last = [...(file.data?.timeline || [])].reverse().find((a) => !a.status || a.status === "in_force");

				form.by = last ? last.person_name || last.person || "" : "";
				form.did = last ? last.action : "";
			}
		}
		deps.draw();
	}

	return file;
}
