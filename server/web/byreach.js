// The desk by reach, for the river chiefs' office: reaches instead of grids, duties of chiefs, what happened on the water.
// The lens is what the desk is seen through: blocks ask it what belongs to the reaches that are looked at.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";
import { group, ledgerTable } from "./ledger.js";
import { added, isReach, reachWords } from "./reaches.js";
import { link } from "./route.js";
import { stock } from "./stock.js";
import { codes, sum } from "./town.js";
import { full, instant, when } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./reaches.js").Reach} Reach */
/** @typedef {ReturnType<typeof newLens>} Lens */

const SPANS = /** @type {const} */ (["today", "month", "year"]);
const LEVELS = ["town", "community"];

/** How a reach's duties of now stand; the order of the legend.  Never by colour alone: width and dashes say the same. */
export const STANDING = /** @type {const} */ (["met", "some", "none", "overdue", "free"]);
/** @type {Record<typeof STANDING[number], {colour: string, weight: number, dash: string|null}>} */
const LINE = {
	met: { colour: "--ok", weight: 7, dash: null },
	some: { colour: "--due", weight: 6, dash: "14 9" },
	none: { colour: "--edge", weight: 4, dash: null },
	overdue: { colour: "--late", weight: 8, dash: "1 11" },
	free: { colour: "--water", weight: 2, dash: "3 6" },
};

/** @type {Record<typeof STANDING[number], import("./i18n.js").Key>} */
const STANDING_TEXT = { met: "reach_met", some: "reach_some", none: "reach_none", overdue: "reach_overdue", free: "reach_free" };

/** What blocks of the desk say otherwise by reach: the desk by grid need not carry these words. */
const WORDS = /** @type {const} */ ({ alerts: "lens_no_alerts", cases: "lens_no_cases", overdue: "lens_no_overdue", closing: "lens_closing_note", legend: "reach_legend", person: "reach_person", any: "lens_any" });

/** @param {Reach} r @param {boolean} overdue @returns {typeof STANDING[number]} */
export const standing = (r, overdue) => (overdue ? "overdue" : r.duties.count === 0 ? "free" : r.duties.met === r.duties.count ? "met" : r.duties.done > 0 ? "some" : "none");

/** @param {number} n @param {number} of half up, one decimal */
const percent = (n, of) => (of ? `${(Math.round((1000 * n) / of) / 10).toFixed(1)}%` : "—");

/** What was picked on the map comes into view in the table; the page itself stays where it is. */
function intoView() {
	const row = /** @type {HTMLElement|null} */ (document.querySelector('.reachdesk .pick[aria-pressed="true"]')?.closest("tr") || null);
	const box = row?.closest(".scroll");

	if (!row || !box || box.scrollHeight <= box.clientHeight)
		return;
	const top = row.offsetTop - (box.querySelector("thead")?.clientHeight || 0);

	if (top < box.scrollTop || row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight)
		box.scrollTop = top;
}

/** @param {App} app */
export function newLens(app) {
	stock(app);
	/** @type {Map<string, Reach>} */
	let byCode = new Map();
	/** @type {Set<string>} */
	let people = new Set();
	let made = "";

	/** What hangs on the list alone. */
	function fresh() {
		const key = `${app.reaches.version} ${lens.picked}`;

		if (key === made)
			return;
		made = key;
		byCode = new Map(app.reaches.rows.map((r) => [r.code, r]));
		people = new Set(lens.rows.flatMap((r) => r.people.map((p) => p.person)));
	}

	const lens = {
		/** A reach or a river that is looked at alone; "" all of them. */
		get picked() {
			return app.place.query.get("reach") || "";
		},
		/** As the API and the lists name it. */
		get filter() {
			return lens.picked || "*";
		},
		/** Changes with whatever blocks remember of it. */
		get key() {
			return `${lens.picked} ${app.reaches.version}`;
		},
		/** The reaches that are looked at. @returns {Reach[]} */
		get rows() {
			const p = lens.picked;

			return p ? app.reaches.rows.filter((r) => r.code === p || r.river === p) : app.reaches.rows;
		},
		/** Does what stands at that place belong to them? @param {string|null|undefined} code */
		has(code) {
			if (!code || !isReach(code))
				return false;
			fresh();
			return !lens.picked || code === lens.picked || byCode.get(code)?.river === lens.picked;
		},
		/** @param {import("./town.js").Alert} a */
		hasAlert: (a) => lens.has(a.scope) || (!!a.case && lens.has(app.town.rows.cases.get(a.case)?.scope)),
		/** @param {string} person */
		hasPerson(person) {
			fresh();
			return people.has(person);
		},
		/** What the lens hides of a list, in words. @param {number} n @param {number} [red] of them the gravest @param {boolean} [first] nothing stands before it */
		hidden: (n, red = 0, first = false) => (n ? html`${first ? nothing : " · "}<span data-test="lens-hidden">${app.say(lens.picked ? "lens_others" : "lens_off_reach", { n: count(n) })}${red ? html` <span class="late">${app.say("lens_red", { n: count(red) })}</span>` : nothing}</span>` : nothing),
		/** Today's patrols of a line of the chart; null: not known. @param {string} figure @param {string} level */
		today: (figure, level) => (!app.reaches.known ? null : figure === "patrols" ? lens.rows.reduce((n, r) => n + r.patrols.today, 0) : added(lens.rows, "today", level).patrols),
		/** How the line of a reach is drawn; null: it is none that we know. @param {string} code */
		line(code) {
			fresh();
			const r = byCode.get(code);

			return r ? { ...LINE[standing(r, r.duties.overdue > 0)], faint: !lens.has(code) } : null;
		},
		/** @param {string} code @returns {string[]} what the map says of it */
		words(code) {
			fresh();
			const r = byCode.get(code);

			if (!r)
				return [];
			const t = added([r], "today");
			const m = added([r], "month");

			return [`${r.name} · ${r.river || ""}`, app.say(STANDING_TEXT[standing(r, r.duties.overdue > 0)]), app.say("reach_done", { n: count(t.patrols), due: count(t.owed), month: count(m.patrols), owed: count(m.owed) }), app.say("map_open", { n: count(openOf(r.code).all) })];
		},
		/** Look at it alone, or at all of them again. @param {string} what */
		pick(what) {
			const off = !what || lens.picked === what;

			app.said = app.say(off ? "said_all_reaches" : "said_one_reach", { what: reachWords(app, what) });
			app.act.go(link("desk", { by: "reach", reach: off ? "" : what }));
			requestAnimationFrame(() => requestAnimationFrame(intoView)); // after the drawing
		},
		enter() {
			app.reaches.want();
			app.closing.ask();
			app.chart.ask();
		},
		/** @param {any} msg */
		frame(msg) {
			if (msg.op === "snapshot" || (msg.overdue || []).length || (msg.cases || []).some((/** @type {any} */ c) => c.gone || isReach(c.scope))
				|| (msg.feed || []).some((/** @type {any} */ f) => /^(patrol\.(start|end|substitute)|void)$/.test(f.kind) || isReach(f.scope)))
				app.reaches.soon();
		},
		table: () => tableView(app, lens, openOf),
		ledger: () => ledgerByReach(app, lens),
		/** @param {keyof typeof WORDS} what */
		word: (what) => app.say(WORDS[what]),
		legend: () => STANDING.map((s) => html`<li><span class="reach-line ${s}" aria-hidden="true"></span>${app.say(STANDING_TEXT[s])}</li>`),
	};

	/** @type {Map<string, {all: number, hazards: number}>} */
	let open = new Map();
	let openMade = -1;
	let openTown = app.town;

	/** Open cases at a reach, as the stream has them. @param {string} code */
	function openOf(code) {
		if (openMade !== app.town.turn.cases || openTown !== app.town) {
			openMade = app.town.turn.cases;
			openTown = app.town;
			open = new Map();
			for (const c of app.town.rows.cases.values())
				if (isReach(c.scope)) {
					const o = open.get(c.scope) || { all: 0, hazards: 0 };

					o.all++;
					o.hazards += c.class === "hazard" ? 1 : 0;
					open.set(c.scope, o);
				}
		}
		return open.get(code) || { all: 0, hazards: 0 };
	}

	return lens;
}

/** The reaches, river by river. @param {App} app @param {Lens} lens @param {(code: string) => {all: number, hazards: number}} openOf */
function tableView(app, lens, openOf) {
	const { say, reaches } = app;

	reaches.want();
	/** @type {Map<string, Reach[]>} */
	const rivers = new Map();
	const rows = lens.rows;
	const met = rows.reduce((s, r) => s + r.duties.met, 0);
	const all = rows.reduce((s, r) => s + r.duties.count, 0);

	for (const r of reaches.rows)
		rivers.set(r.river || r.name, [...(rivers.get(r.river || r.name) || []), r]);
	const head = (/** @type {import("./i18n.js").Key} */ k, cls = "") => html`<th scope="col" class="n ${cls}">${say(k)}</th>`;

	return html`<section class="block reachdesk" aria-labelledby="h-reachdesk">
	<h2 id="h-reachdesk">${say("lens_reaches")} <small>${reaches.known ? html`${say("lens_count", { n: count(rows.length) })} · ${say("duty_done")}${all ? html` · ${numberLink(link("duties", { reach: lens.filter, state: "any" }), say("lens_met", { n: count(met), all: count(all) }))}` : nothing}` : nothing}</small>
		${lens.picked ? html`<span class="only" data-test="lens-only">${say("lens_only", { what: reachWords(app, lens.picked) })}</span><button type="button" class="small" data-test="lens-clear" @click=${() => lens.pick("")}>${say("lens_all")}</button>` : nothing}</h2>
	${reaches.rows.length === 0 ? html`<p class="empty" data-test="why">${say(reaches.failed ? "empty_failed" : reaches.known ? "reaches_none" : "loading")}</p>` : html`
	<div class="scroll" role="group" aria-labelledby="h-reachdesk" tabindex="0"><table>
		<thead><tr><th scope="col">${say("reach")}</th>${head("today")}${head("month")}${head("year", "far")}${head("lens_valid", "far")}${head("lens_duty")}<th scope="col" class="far last">${say("last_out")}</th>${head("lens_open")}</tr></thead>
		${repeat(rivers, ([river]) => river, ([river, list]) => html`<tbody>
			<tr class="group"><th scope="rowgroup" colspan="8"><button type="button" class="pick" data-river=${river} aria-pressed=${lens.picked === river} title=${say("lens_pick")} @click=${() => lens.pick(river)}>${river}</button> <small>${list.length > 1 ? say("lens_count", { n: count(list.length) }) : nameOf("reachkind", list[0].kind, app.lang)}</small></th></tr>
			${repeat(list, (r) => r.code, (r) => rowView(app, lens, r, openOf(r.code)))}</tbody>`)}</table>
	${reaches.more ? html`<p class="more">${say("reaches_more", { n: count(reaches.rows.length) })}</p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Lens} lens @param {Reach} r @param {{all: number, hazards: number}} open */
function rowView(app, lens, r, open) {
	const { say, lang } = app;
	const [today, month, year] = SPANS.map((s) => added([r], s));
	const chiefs = LEVELS.concat(r.people.map((p) => p.level || "")).filter((l, i, a) => a.indexOf(l) === i)
		.map((l) => [l, r.people.filter((p) => p.role === "chief" && (p.level || "") === l)]).filter(([, p]) => p.length);
	const last = instant(r.last_patrol?.start || "");
	const to = (/** @type {string} */ period, more = {}) => link("patrols", { reach: r.code, river: "1", period, ...more });
	const cell = (/** @type {import("./reaches.js").Count} */ c, /** @type {string} */ period) => html`${numberLink(to(period), count(c.patrols))}<span class="of"> / ${count(c.owed)}</span>`;

	return html`<tr class="${lens.picked === r.code ? "here" : ""} ${app.flash(`reach ${r.code}`, `${today.patrols} ${month.patrols} ${r.duties.met} ${r.duties.overdue} ${open.all}`)}" data-row=${r.code}>
		<th scope="row" title=${r.code}><button type="button" class="pick own" aria-pressed=${lens.picked === r.code} title=${say("lens_pick")} @click=${() => lens.pick(r.code)}>${r.name}</button>
			<a class="sub" href=${link("grid", {}, r.code)} aria-label=${say("lens_page", { what: r.name })}>${say("lens_detail")}</a>
			<div class="sub own">${chiefs.length ? chiefs.map(([l, p], i) => html`${i ? say("lens_stop") : ""}${nameOf("holder", /** @type {string} */ (l), lang)} ${/** @type {Reach["people"]} */ (p).map((x) => x.person_name || x.person).join(say("list_comma"))}`) : html`<span class="late">${say("lens_no_chief")}</span>`}</div>
			<div class="sub near">${last === null ? say("never") : html`${say("last_out")} <a href="#/patrol/${encodeURIComponent(r.last_patrol?.id || "")}"><time title=${full(last)}>${when(last, app.nowMs())}</time></a>`}</div></th>
		<td class="n key ${today.patrols ? "" : "zero"}">${cell(today, "today")}</td><td class="n">${cell(month, "month")}</td><td class="n far">${cell(year, "year")}</td>
		<td class="n far" title=${say("lens_valid_hint", { n: count(year.valid), all: count(year.patrols) })}>${year.patrols ? numberLink(to("year", { valid: "1" }), percent(year.valid, year.patrols)) : "—"}</td>
		<td class="n">${r.duties.count ? html`${numberLink(link("duties", { reach: r.code, state: "any" }), count(r.duties.met))}<span class="of"> / ${count(r.duties.count)}</span>` : "—"}${r.duties.overdue ? html`<div><a class="late" href=${link("duties", { reach: r.code })}>${say("overdue_n", { n: count(r.duties.overdue) })}</a></div>` : nothing}</td>
		<td class="far last">${last === null ? html`<span class="sub">${say("never")}</span>` : html`<a href="#/patrol/${encodeURIComponent(r.last_patrol?.id || "")}"><time title=${full(last)}>${when(last, app.nowMs())}</time></a><div class="sub own">${r.last_patrol?.person_name || r.last_patrol?.person || ""}</div>`}</td>
		<td class="n">${numberLink(link("cases", { reach: r.code }), count(open.all))}${open.hazards ? html`<div>${numberLink(link("cases", { reach: r.code, class: "hazard" }), html`<span class="due">${say("lens_hazards", { n: count(open.hazards) })}</span>`)}</div>` : nothing}</td></tr>`;
}

/** The ledger of rivers: live while all reaches are looked at, from the list for some of them.  @param {App} app @param {Lens} lens */
function ledgerByReach(app, lens) {
	const { say, lang, town, reaches } = app;
	const rows = lens.rows;
	const all = !lens.picked && !reaches.more;
	const levels = LEVELS.concat(rows.flatMap((r) => r.levels.map((l) => l.level)), all ? codes(town, "river_patrols", "level", []) : []).filter((l, i, a) => a.indexOf(l) === i);
	/** @param {"patrols"|"valid"} what @param {string} [level] */
	const of = (what, level) => {
		const [today, month, year] = SPANS.map((s) => added(rows, s, level));
		const owed = what === "patrols" && reaches.known;
		const s = { today: today[what], month: month[what], year: year[what] };

		if (all) // as the stream has them: sooner
			Object.assign(s, sum(town, what === "valid" ? "river_patrols_valid" : "river_patrols", level === undefined ? {} : { level }));
		return { today: s.today, month: s.month, year: s.year, due: owed ? today.owed : null, dueMonth: owed ? month.owed : null, dueYear: owed ? year.owed : null };
	};
	const any = { today: 0, month: 0, year: 0, due: null };

	for (const s of SPANS)
		any[s] = rows.reduce((n, r) => n + r.patrols[s], 0);
	const lines = (/** @type {"patrols"|"valid"} */ what) => levels.map((level) => ({ code: level, name: nameOf("chief", level, lang), sum: of(what, level) }));
	const to = (/** @type {Record<string, string>} */ more) => (/** @type {string} */ c) => (/** @type {string} */ period) => link("patrols", { reach: lens.picked || (all ? "" : "*"), river: "1", level: c === "*" ? "" : c || "none", period, ...more });

	return ledgerTable(app, say("lens_ledger_note"), all || reaches.known, html`
		${group(app, "lens river_patrols", say("group_river"), say("lens_owed_note"), lines("patrols"), to({}), of("patrols"), { reach: lens.filter, role: "chief" })}
		${group(app, "lens valid", say("lens_group_valid"), say("lens_valid_note"), lines("valid"), to({ valid: "1" }), of("valid"))}
		${reaches.known ? group(app, "lens any", say("lens_group_any"), nothing, [{ code: "any", name: say("lens_any"), sum: any }], () => (period) => link("patrols", { reach: lens.filter, period })) : nothing}`);
}
