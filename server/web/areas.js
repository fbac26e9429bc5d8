// Patrols today, area by area: who has not been seen yet.
import { html, nothing, repeat } from "./vendor/lit.js";
import { numberLink } from "./behind.js";
import { byReach } from "./by.js";
import { count } from "./i18n.js";
import { reachTable } from "./reachrows.js";
import { link } from "./route.js";
import { tierOf } from "./town.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Area} Area */

const TIERS = /** @type {const} */ (["town", "community", "grid"]);
const TIER_TEXT = /** @type {const} */ ({ town: "tier_town", community: "tier_community", grid: "tier_grid" });
const ROWS = 300; // beyond, only on demand

/** @param {App} app */
export function areasView(app) {
	const { say, town, ui } = app;
	/** @type {Area[]} */
	const all = [...town.rows.areas.values()];
	const size = (/** @type {string} */ t) => all.filter((a) => tierOf(a.code) === t).length;
	const some = TIERS.filter((t) => size(t) > 0);
	const tiers = some.filter((t) => size(t) > 1 || some.length === 1); // the one town says nothing
	const tier = tiers.includes(ui.tier) ? ui.tier : tiers.includes("community") ? "community" : tiers[0];
	const rows = all.filter((a) => tierOf(a.code) === tier);
	const none = rows.filter((a) => a.patrols_today === 0).length;
	const owing = rows.filter((a) => a.due_today);
	const short = owing.filter((a) => a.patrols_today < (a.due_today || 0)).length;
	const most = rows.reduce((m, a) => Math.max(m, a.patrols_today, a.due_today || 0), 1);
	const due = rows.some((a) => typeof a.due_today === "number");
	const open = rows.some((a) => typeof a.open_cases === "number");

	rows.sort((a, b) => (ui.fewest && a.patrols_today - b.patrols_today) || (a.code < b.code ? -1 : 1));
	const shown = ui.allAreas ? rows : rows.slice(0, ROWS);
	const reach = byReach(app);

	return html`<section class="block areas" aria-labelledby="h-areas">
	<h2 id="h-areas">${say(reach ? "reaches" : "areas")} <small>${reach ? nothing : rows.length === 0 ? nothing : due && !owing.length ? say("areas_free") : none ? say("areas_unvisited", { n: count(none) }) : short ? say("areas_short", { n: count(short) }) : say("areas_all")}</small></h2>
	${all.length === 0 ? html`<p class="empty">${town.commit === null ? say("loading") : say("areas_empty")}</p>` : html`
	<div class="bar">
		<div class="choice" role="group" aria-label=${say("area")}>${tiers.map((t) => html`<button type="button" aria-pressed=${t === tier && !reach}
			@click=${() => {
				if (reach)
					app.act.go(link("people", { by: "grid" }));
				app.act.ui({ tier: t, allAreas: false });
			}}>${say(TIER_TEXT[t])} ${count(size(t))}</button>`)}<button type="button" data-test="reaches" aria-pressed=${reach} @click=${() => app.act.go(link("people", { by: "reach" }))}>${say("tier_reach")}</button></div></div>
	<div class="scroll" role="group" aria-labelledby="h-areas" tabindex="0">${reach ? reachTable(app) : html`<table>
		<thead><tr><th scope="col" aria-sort=${ui.fewest ? "none" : "ascending"}><button type="button" class="sort" title=${say("sort_code")}
				@click=${() => app.act.ui({ fewest: false })}>${say("area")}<span aria-hidden="true">${ui.fewest ? "↕" : "↑"}</span></button></th>
			<th scope="col" class="n wide" aria-sort=${ui.fewest ? "ascending" : "none"}><button type="button" class="sort" title=${say("sort_few")}
				@click=${() => app.act.ui({ fewest: true })}>${say("area_patrols")}${due ? html` / ${say("area_due")}` : nothing}<span aria-hidden="true">${ui.fewest ? "↑" : "↕"}</span></button></th>
			${open ? html`<th scope="col" class="n">${say("area_open")}</th>` : nothing}</tr></thead>
		<tbody>${repeat(shown, (a) => a.code, (a) => areaRow(app, a, most, open))}</tbody>
	</table>`}
	${!reach && rows.length > shown.length ? html`<p class="more">${say("more_rows", { n: count(rows.length - shown.length) })}
		<button type="button" @click=${() => app.act.ui({ allAreas: true })}>${say("show_all")}</button></p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Area} a @param {number} most @param {boolean} open */
function areaRow(app, a, most, open) {
	const above = a.code.length === 15 ? app.town.rows.areas.get(a.code.slice(0, 12)) : null;
	const flash = app.flash(`area ${a.code}`, `${a.patrols_today} ${a.due_today} ${a.open_cases}`);
	const share = Math.round((100 * a.patrols_today) / most);

	return html`<tr class=${flash} data-row=${a.code}><th scope="row" title=${a.code}>${above ? html`<span class="sub">${above.name}</span> ` : nothing}<a href=${link("grid", {}, a.code)}>${a.name}</a></th>
		<td class="n key ${a.patrols_today ? "" : "zero"}"><span class="meter" aria-hidden="true" .style=${`--share:${share}%`}></span>${numberLink(link("patrols", { scope: a.code, period: "today" }), count(a.patrols_today))}${
			typeof a.due_today === "number" ? html`<span class="of"> / ${count(a.due_today)}</span>` : nothing}</td>
		${open ? html`<td class="n">${typeof a.open_cases === "number" ? numberLink(link("cases", { scope: a.code }), count(a.open_cases)) : count(a.open_cases)}</td>` : nothing}</tr>`;
}
