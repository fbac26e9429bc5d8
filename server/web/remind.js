// Reminding somebody of an overdue duty: one click, told to everybody, carried to his phone by its next sync.
import { html, nothing } from "./vendor/lit.js";
import { call } from "./api.js";
import { count } from "./i18n.js";
import { brief, full } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {{person: string, rule: string, target: string, name?: string, reminders?: number, reminded_at?: number, reminded_by?: string, reminded_name?: string}} Owed */

export const AGAIN_MS = 10 * 60e3; // of the platform: not sooner

/** @param {Owed} r */
const keyOf = (r) => `${r.person}|${r.rule}|${r.target}`;

/** May he remind people? @param {App} app */
export const mayRemind = (app) => !!app.me && app.me.roles.some((r) => r === "centre" || r === "leader" || r === "office");

/** @param {App} app */
export function newRemind(app) {
	/** @type {Map<string, {busy: boolean, error: Key|null, at: number}>} by duty */
	const sent = new Map();
	const box = {
		/** @param {Owed} r */
		of: (r) => sent.get(keyOf(r)),
		/** Was somebody reminded just now? @param {Owed} r */
		lately: (r) => (r.reminded_at !== undefined && app.nowMs() - r.reminded_at < AGAIN_MS) || (sent.get(keyOf(r))?.at ?? -Infinity) > app.mono() - AGAIN_MS,
		/** @param {Owed} r @returns {Promise<boolean>} */
		async send(r) {
			const s = { busy: true, error: /** @type {Key|null} */ (null), at: -Infinity };

			if (sent.get(keyOf(r))?.busy)
				return false;
			sent.set(keyOf(r), s);
			app.act.draw();
			const a = await call("POST", "/api/v1/reminders", { body: { person: r.person, rule: r.rule, target: r.target }, csrf: app.me?.csrf });

			s.busy = false;
			if (a.status === 401) {
				app.act.expired();
				return false;
			}
			if (a.status === 200) {
				s.at = app.mono();
				app.said = app.say("said_reminded", { who: r.name || r.person });
			} else {
				s.error = a.status === 0 || a.body?.code === "outcome_unknown" ? "act_unknown" : a.status === 503 ? "act_down" : a.status === 403 ? "act_forbidden"
					: a.body?.code === "reminded" ? "remind_lately" : a.status === 404 || a.status === 409 ? "remind_gone" : "act_refused";
			}
			app.act.draw();
			return a.status === 200;
		},
		/** One after the other; stops when the platform is away. @param {Owed[]} rows */
		async all(rows) {
			for (const r of rows)
				if (!box.lately(r) && !(await box.send(r)) && ["act_down", "act_unknown", "act_forbidden"].includes(box.of(r)?.error || ""))
					return;
		},
		forget: () => sent.clear(),
	};

	return box;
}

/** When, by whom, how often; and the button. @param {App} app @param {Owed} r */
export function remindView(app, r) {
	const { say, remind } = app;
	const mine = remind.of(r);

	return html`${r.reminders ? html`<span class="sub reminded" title=${full(r.reminded_at || 0)}>${say(r.reminders > 1 ? "reminded_times" : "reminded", { when: brief(r.reminded_at || 0, app.nowMs()), who: r.reminded_name || r.reminded_by || "", n: count(r.reminders) })}</span>` : nothing}
		${mayRemind(app) && !remind.lately(r) ? html`<button type="button" class="small own" ?disabled=${mine?.busy} aria-label=${say("remind_who", { who: r.name || r.person })} @click=${() => remind.send(r)}>${say(mine?.busy ? "reminding" : "remind")}</button>` : nothing}
		${mine?.error ? html`<div class="late" role="alert">${say(mine.error)}</div>` : nothing}`;
}
