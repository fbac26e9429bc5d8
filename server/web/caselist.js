// The cases that a filter names: said in words, read page by page, kept up to date by the live stream.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { severityView } from "./alerts.js";
import { call } from "./api.js";
import { dueView, holderView } from "./cases.js";
import { exportsView } from "./exportlinks.js";
import { deafen, filtersView, periodView, placeView, placeWords, searchView, selectView, set } from "./filters.js";
import { count, NAMES, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { emptyView, howMany, moreView, sorted, sortHead, sortNeeds } from "./listview.js";
import { stock } from "./stock.js";
import { periodOf, periodWords, rangeOf } from "./period.js";
import { link } from "./route.js";
import { full, instant, when } from "./time.js";

/** @typedef {import("./main.js").App} App */

const CLASSES = ["hazard", "finding", "appeal", "dispute", "rectify"];
const STATES = ["open", "reported", "accepted", "dispatched", "in_progress", "handled", "suspended", "closed", "declined", "void"];
const NARROW = ["class", "category", "severity", "state", "scope", "reach", "overdue", "q", "figure", "level", "holder"];

/** @type {import("./listview.js").Sorts} */
const SORTS = { severity: (c) => c.severity, title: (c) => c.title || c.category_name, place: (c) => c.scope_name || c.scope, at: (c) => c.at, state: (c) => STATES.indexOf(c.state), due: (c) => c.due };

/** @param {App} app */
export function newCaselist(app) {
	const list = newList(app, { path: "/api/v1/cases", member: "cases", key: (c) => c.id });
	/** @type {Set<string>|null} cases that were there when the page was opened, or came since; null: not known yet */
	let known = null;
	/** @type {Set<string>} */
	let fresh = new Set();
	/** @type {{id: string, name: string, display: string, definition: string}|null} */
	let figure = null;
	let figureAsked = "";

	/** Without a period or a state, what is open. @param {URLSearchParams} q */
	const periodName = (q) => periodOf(q) || (q.get("figure") ? "month" : "");
	const page = {
		list,
		get figure() {
			return figure;
		},
		/** Cases that came while the page was open and that the filter does not show. */
		get hidden() {
			const shown = new Set(list.rows.map((c) => c.id));

			return list.phase === "ready" ? [...fresh].filter((id) => !shown.has(id)).length : 0;
		},
		/** The question to the API, and to the export. */
		query() {
			const q = app.place.query;
			const out = new URLSearchParams();
			const range = rangeOf(periodName(q), q, app.nowMs());
			const overdue = q.get("overdue") === "1";

			for (const k of NARROW)
				if (q.get(k) && k !== "overdue")
					out.set(k, /** @type {string} */ (q.get(k)));
			if (overdue)
				out.set("overdue", "true");
			else if (!q.get("state") && !periodName(q))
				out.set("state", "open");
			if (!overdue && range.from)
				out.set("from", range.from);
			if (!overdue && range.to)
				out.set("to", range.to);
			if (!overdue && (periodName(q) === "all" || (out.get("state") === "any" && !periodName(q))))
				out.set("from", "1970-01-01"); // the API's own default is this month
			if (out.get("state") === "any")
				out.delete("state");
			return out;
		},
		ask() {
			list.ask(page.query());
			askFigure();
		},
		enter() {
			known = app.town.commit === null ? null : new Set(app.town.rows.cases.keys());
			fresh = new Set();
			app.catalogue.want();
			app.reaches.want();
			page.ask();
		},
		leave() {
			deafen();
			list.forget();
			known = null;
			figure = null;
			figureAsked = "";
		},
		/** @param {any} msg */
		frame(msg) {
			if (msg.op === "snapshot" || known === null) {
				known = new Set([...(known || []), ...app.town.rows.cases.keys()]);
				list.soon();
				return;
			}
			for (const c of msg.cases || [])
				if (!c.gone && !known.has(c.id)) {
					known.add(c.id);
					fresh.add(c.id);
				}
			if ((msg.cases || []).length)
				list.soon();
		},
		clear: () => app.act.go(link("cases")),
	};

	/** What the figure is called, and the number that was clicked. */
	async function askFigure() {
		const q = page.query();
		const id = q.get("figure") || "";
		const key = ["figure", "level", "category", "scope", "reach", "from", "to"].map((k) => q.get(k) || "").join("|") + app.lang;

		if (!id) {
			figure = null;
			figureAsked = "";
			return;
		}
		if (key === figureAsked)
			return;
		figureAsked = key;
		const ask = new URLSearchParams({ figure: id, lang: app.lang });

		for (const k of ["scope", "reach", "from", "to"])
			if (q.get(k))
				ask.set(k, /** @type {string} */ (q.get(k)));
		const r = await call("GET", `/api/v1/figures?${ask}`);

		if (key !== figureAsked)
			return;
		const row = r.status === 200 ? r.body.figures.find((/** @type {any} */ f) => f.id === id && f.level === (q.get("level") || "") && f.category === (q.get("category") || "")) || r.body.figures.find((/** @type {any} */ f) => f.id === id) : null;

		figure = row && { id, name: row.name, display: row.display, definition: row.definition };
		app.act.draw();
	}

	return page;
}

/** The filter in words. @param {App} app @returns {string[]} */
function words(app) {
	const { say, lang, caselist } = app;
	const q = app.place.query;
	const name = periodOf(q) || (q.get("figure") ? "month" : "");
	const out = [];
	const get = (/** @type {string} */ k) => q.get(k) || "";

	if (get("figure"))
		out.push(caselist.figure?.name || get("figure"));
	if (get("overdue") === "1")
		out.push(say("w_overdue"));
	else if (get("state") === "open" || (!get("state") && !name))
		out.push(say("w_open"));
	else if (get("state") && get("state") !== "any")
		out.push(nameOf("state", get("state"), lang));
	if (get("class"))
		out.push(nameOf("class", get("class"), lang));
	if (get("category"))
		out.push(get("figure") && NAMES.class[/** @type {keyof typeof NAMES.class} */ (get("category"))] ? nameOf("class", get("category"), lang) : app.catalogue.nameOf(get("category"), get("class")));
	if (get("severity"))
		out.push(nameOf("severity", get("severity"), lang));
	if (get("level"))
		out.push(say("w_level", { level: nameOf("holder", get("level"), lang) }));
	if (get("holder"))
		out.push(say("w_holder", { who: get("holder") }));
	if (get("scope") || get("reach"))
		out.push(placeWords(app, get("scope") || get("reach")));
	if (get("q"))
		out.push(say("w_text", { text: get("q") }));
	if (name && get("overdue") !== "1")
		out.push(say(get("figure") ? "w_counted" : "w_reported", { period: periodWords(say, name, rangeOf(name, q, app.nowMs())) }));
	return out;
}

/** @param {App} app */
export function view(app) {
	const { say, lang, caselist } = app;
	const { list } = caselist;
	const q = app.place.query;
	const rows = sorted(app, list.rows, SORTS);
	const name = periodOf(q);
	const narrowed = NARROW.some((k) => q.get(k));
	const cls = q.get("class") || "";
	const cats = app.catalogue.categories.filter((c) => (cls ? c.class === cls : CLASSES.includes(c.class)));

	return html`<section class="block rows caserows" aria-labelledby="h-caselist">
	<div class="heading"><h2 id="h-caselist">${list.phase === "ready" ? howMany(app, list, "n_cases", "n_cases_least") : say("page_cases")} <small data-test="words">${words(app).join(" · ")}</small></h2>
		${exportsView(app, "cases", caselist.query())}</div>
	${filtersView(app, html`${selectView(app, "class", say("class"), CLASSES.map((c) => [c, nameOf("class", c, lang)]), { category: "", figure: "" })}
		${selectView(app, "category", say("f_category"), cats.map((c) => [c.code, (lang === "en" && c.name_en) || c.name]), { figure: "" })}
		${selectView(app, "severity", say("severity"), ["1", "2", "3", "4"].map((s) => [s, nameOf("severity", s, lang)]))}
		${selectView(app, "state", say("state"), [["any", say("f_anystate")], ["open", say("w_open")], ...STATES.slice(1).map((s) => /** @type {[string, string]} */ ([s, nameOf("state", s, lang)]))], { overdue: "" },
			q.get("overdue") === "1" || q.get("figure") || name ? "any" : "open")}
		${placeView(app)}
		${periodView(app, q.get("figure") ? "month" : "")}
		<label class="field check"><input type="checkbox" data-filter="overdue" .checked=${q.get("overdue") === "1"}
			@change=${(/** @type {Event} */ e) => set(app, /** @type {HTMLInputElement} */ (e.target).checked ? { overdue: "1", period: "", from: "", to: "", state: "", figure: "" } : { overdue: "" })}> ${say("w_overdue")}</label>
		${searchView(app, say("f_text"))}
		${narrowed || name ? html`<button type="button" data-test="clear" @click=${caselist.clear}>${say("filter_clear")}</button>` : nothing}`)}
	${caselist.figure ? html`<p class="sub definition">${say("figure_says", { name: caselist.figure.name, value: caselist.figure.display })} <span class="own">${caselist.figure.definition}</span></p>` : nothing}
	${caselist.hidden ? html`<p class="notice" role="status" data-test="hidden">${say("hidden_cases", { n: count(caselist.hidden) })} <button type="button" class="small" @click=${caselist.clear}>${say("filter_clear")}</button></p>` : nothing}
	${rows.length === 0 ? emptyView(app, list, { narrowed, period: name && periodWords(say, name, rangeOf(name, q, app.nowMs())), none: "cases_empty", clear: caselist.clear })
		: html`<div class="scroll" role="group" aria-labelledby="h-caselist" tabindex="0"><table>
		<thead><tr>${sortHead(app, SORTS, "severity", say("severity"))}${sortHead(app, SORTS, "title", say("case"))}<th scope="col" class="far">${say("class")}</th>
			${sortHead(app, SORTS, "place", say("place"), "far")}${sortHead(app, SORTS, "at", say("reported"), "far")}${sortHead(app, SORTS, "state", say("state"))}${sortHead(app, SORTS, "due", say("due"), "n")}</tr></thead>
		<tbody>${repeat(rows, (c) => c.id, (c) => rowView(app, c))}</tbody></table>
		${moreView(app, list, SORTS)}</div>`}</section>`;
}

/** @param {App} app @param {any} c */
function rowView(app, c) {
	const { lang } = app;
	const at = instant(c.at) || 0;
	const here = app.file.id === c.id;
	const flash = app.flash(`caselist ${c.id}`, `${c.etag}`, at > app.bornAt);
	const place = c.scope_name || c.area_name || c.scope || "";

	return html`<tr class="${flash} ${here ? "here" : ""}" data-row=${c.id}><td class="mark">${severityView(app, c.severity || 0)}</td>
		<td class="what"><div class="line"><a href="#/case/${encodeURIComponent(c.id)}" aria-current=${here ? "true" : nothing}>${c.title || c.category_name || c.category || c.id}</a></div>
			<div class="sub facts near"><span>${nameOf("class", c.class || "", lang)}</span><span class="own">${place}</span><time title=${full(at)}>${when(at, app.nowMs())}</time></div></td>
		<td class="far">${nameOf("class", c.class || "", lang)}<div class="sub own">${(lang === "en" && app.catalogue.nameOf(c.category, c.class)) || c.category_name || c.category}</div></td>
		<td class="far own">${place}</td>
		<td class="far"><time title=${full(at)}>${when(at, app.nowMs())}</time><div class="sub own">${c.reporter_name || c.reporter || ""}</div></td>
		<td class="state">${nameOf("state", c.state, lang)}<div class="sub">${c.state === "closed" && c.result ? nameOf("result", c.result, lang) : holderView(app, c)}</div></td>
		<td class="n">${dueView(app, { state: c.state, due: instant(c.due || "") })}</td></tr>`;
}

/** @param {App} app */
export function after(app) {
	if (app.caselist)
		sortNeeds(app, app.caselist.list, SORTS);
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.caselist)
		app.caselist = newCaselist(app);
	app.caselist.enter();
}

/** @param {App} app */
export function leave(app) {
	app.caselist.leave();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.caselist.frame(msg);
}
