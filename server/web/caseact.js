// The act on the case that is open: what each takes, and how it is sent.  Comes with the drawer.
import { call } from "./api.js";
import { newKey } from "./casefile.js";

/** @typedef {ReturnType<typeof import("./casefile.js").newCasefile>} CaseFile */

/** Which of the form's members an action takes, and which it needs. */
export const NEEDS = /** @type {Record<string, {note?: "may"|"must", to?: true, until?: true, result?: true, rating?: true}>} */ ({
	ack: {}, accept: { note: "may" }, decline: { note: "must" }, dispatch: { to: true, note: "may" }, sign: {}, return: { note: "must" }, escalate: { note: "must" },
	extend: { until: true, note: "may" }, suspend: { note: "must" }, resume: { note: "must" }, urge: { note: "may" }, handle: { result: true, note: "may" },
	verify_pass: { note: "may" }, verify_fail: { note: "must" }, rate: { rating: true, note: "may" }, reopen: { note: "must" }, void: { note: "must" },
});

/** Results that fit a class. @param {string} cls */
export const resultsOf = (cls) => (cls === "dispute" ? ["settled_written", "settled_oral", "failed", "guided", "withdrawn", "transferred"] : ["rectified", "done", "transferred", "stopped"]);
export const RATINGS = ["satisfied", "basic", "dissatisfied", "no_contact"];

/** @param {string} person of the registry, within the officer's scope */
async function isNobody(person) {
	const r = await call("GET", `/api/v1/people?${new URLSearchParams({ person, limit: "1" })}`);

	return r.status === 200 && r.body.people.length === 0;
}

/** @param {CaseFile} file @param {Record<string, string>} body @param {boolean} known its receiver has cases or a device */
export async function sendAct(file, body, known) {
	const { deps, form, data } = file;
	const mine = file.turn();

	if (!form || !data || form.busy)
		return;
	form.busy = true;
	form.error = null;
	deps.draw();
	if (body.to && !known && form.doubted !== body.to && await isNobody(body.to)) {
		if (mine !== file.turn())
			return;
		Object.assign(form, { busy: false, error: "act_nobody", doubted: body.to, detail: "", code: "" });
		return deps.draw();
	}
	const r = await call("POST", `/api/v1/cases/${encodeURIComponent(data.id)}/actions`, {
		body: { action: form.action, ...body }, csrf: deps.csrf(), headers: { "If-Match": `"${data.etag}"`, "Idempotency-Key": form.key },
	});

	if (mine !== file.turn())
		return;
	if (r.status === 401)
		return deps.expired();
	form.busy = false;
	form.detail = r.body?.detail || "";
	form.code = r.body?.code || "";
	if (r.status === 200) {
		file.form = null;
		await file.read();
		if (mine === file.turn())
			deps.done(form.action);
		return;
	}
	if (r.status === 0 || r.status === 503) {
		form.error = r.status === 0 || r.body?.code === "outcome_unknown" ? "act_unknown" : "act_down"; // asked again under the same key, it is done once
	} else {
		form.key = newKey();
		form.error = r.status === 412 ? "act_changed" : r.status === 409 ? "act_illegal" : r.status === 403 ? "act_forbidden" : "act_refused";
		if (r.status === 412 || r.status === 409)
			await file.read();
		if (mine !== file.turn())
			return;
	}
	deps.draw();
}
