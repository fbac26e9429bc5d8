// Reports, the sheets that are printed, settings: against the stand-in server, then against the real daemons.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { COMMUNITY, GRID, RIVER, TOWN, Town, until as waitFor } from "../lib/index.mjs";
import { asked, daysOf, isDay, plus } from "../../server/web/reportperiod.js";
import { change, byRate, growth } from "../../server/web/compare.js";
import { SHEETS, figureOf, pieces, rowsOf, shown, totalOf } from "../../server/web/reportsheets.js";
import { openPage, signIn } from "./browser.mjs";
import { axe, clean, fits, kit, mock, text, until } from "./kit.mjs";

before(kit.up);
after(kit.down);

const DAY = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const AT = "2026-11-30T11:58:58.000+08:00";

// ---------------------------------------------------------------- without a browser

test("named periods are civil days; the end is exclusive", () => {
	const is = (name, today, want) => assert.deepEqual(daysOf(name, today), want, `${name} ${today}`);

	is("today", "2026-02-28", ["2026-02-28", "2026-03-01"]);
	is("yesterday", "2026-03-01", ["2026-02-28", "2026-03-01"]);
	is("week", "2026-11-29", ["2026-11-23", "2026-11-30"]); // a Sunday
	is("week", "2026-11-30", ["2026-11-30", "2026-12-07"]);
	is("tenday1", "2026-02-11", ["2026-02-01", "2026-02-11"]);
	is("tenday2", "2026-02-11", ["2026-02-11", "2026-02-21"]);
	is("tenday3", "2024-02-29", ["2024-02-21", "2024-03-01"]);
	is("month", "2026-12-31", ["2026-12-01", "2027-01-01"]);
	is("lastmonth", "2026-01-15", ["2025-12-01", "2026-01-01"]);
	is("quarter", "2026-05-15", ["2026-04-01", "2026-07-01"]);
	is("year", "2026-05-15", ["2026-01-01", "2027-01-01"]);
	is("lastyear", "2026-05-15", ["2025-01-01", "2026-01-01"]);
	is("2024-02", "2026-05-15", ["2024-02-01", "2024-03-01"]);
	is("2023", "2026-05-15", ["2023-01-01", "2024-01-01"]);
	is("2026-02-28", "2026-05-15", ["2026-02-28", "2026-03-01"]);
	is("2026-Q4", "2026-05-15", ["2026-10-01", "2027-01-01"]);
	is("2026-H1", "2026-05-15", ["2026-01-01", "2026-07-01"]);
	is("2026-W01", "2026-05-15", ["2025-12-29", "2026-01-05"]);
	is("2026-W53", "2026-05-15", ["2026-12-28", "2027-01-04"]);
	is("2026-11-D2", "2026-05-15", ["2026-11-11", "2026-11-21"]);
	is("2024-02-D3", "2026-05-15", ["2024-02-21", "2024-03-01"]);
	for (const bad of ["2025-W53", "2026-Q5", "2026-H3", "2026-13-D1", "2026-11-D4", "2026-13", "2026-02-30", "soon", "20261"])
		is(bad, "2026-05-15", null);
	assert.deepEqual([isDay("2024-02-29"), isDay("2023-02-29"), isDay("2023-2-1"), plus("2024-02-28", 2)], [true, false, false, "2024-03-01"]);
});

test("what is asked for: a running period is told, a wrong or future one refused", () => {
	const ask = (q) => asked(new URLSearchParams(q), "2026-11-15");

	assert.deepEqual(ask("").period, { id: "month", from: "2026-11-01", to: "2026-12-01", running: true });
	assert.deepEqual(ask("period=lastmonth").period, { id: "lastmonth", from: "2026-10-01", to: "2026-11-01", running: false });
	assert.deepEqual(ask("from=2026-11-01&to=2026-11-16").period, { id: "", from: "2026-11-01", to: "2026-11-16", running: true }); // today is not over
	assert.equal(ask("from=2026-11-01&to=2026-11-15").period?.running, false);
	assert.deepEqual(["period=tenday3", "from=2026-11-16&to=2026-11-17", "from=2026-11-01&to=2026-11-01", "from=2026-11-01", "from=x&to=2026-11-02", "period=never", "period=2027"].map((q) => [ask(q).error, ask(q).what]),
		[["period_future", "2026-11-21"], ["period_future", "2026-11-16"], ["period_backwards", ""], ["period_no_day", ""], ["period_no_day", ""], ["period_unknown", "never"], ["period_future", "2027-01-01"]]);
	assert.equal(ask("period=today").period?.to, "2026-11-16");
});

test("a month beside the month before: exact, half up, signs; rates in points", () => {
	const n = (value) => ({ value, numerator: null, denominator: null });
	const r = (num, den) => ({ value: den ? (100 * num) / den : null, numerator: num, denominator: den });

	assert.deepEqual([change(n(12), n(7)), change(n(7), n(12)), change(n(7), n(7)), change(n(2.5), n(1.2)), change(n(1), undefined), change(n(null), n(1))], ["+5", "-5", "0", "+1.3", "—", "—"]);
	assert.deepEqual([growth(n(12), n(8)), growth(n(0), n(8)), growth(n(1), n(3)), growth(n(3), n(0)), growth(n(2), n(2)), growth(n(10025), n(10000))], ["+50.0%", "-100.0%", "-66.7%", "—", "0.0%", "+0.3%"]);
	assert.deepEqual([change(r(1, 3), r(1, 2)), change(r(623, 634), r(1, 1)), change(r(1, 2), r(0, 0)), change(r(0, 5), r(0, 7)), growth(r(1, 2), r(1, 3))], ["-16.7", "-1.7", "—", "0.0", "—"]);
	assert.equal(change(r(2001, 4000), r(1, 2)), "0.0"); // 0.025 points: half up of hundredths would lie
	assert.deepEqual([byRate(r(2, 3), r(4, 6)), byRate(r(2, 3), r(1, 3)), byRate(r(0, 0), r(0, 9)), byRate(undefined, undefined)], [0, 1, -1, 0]);
});

test("the paragraph is cut where its numbers stand, and nothing of it is lost", () => {
	const rows = [{ clause: "a", text: "1次", name: "x", query: "/q1" }, { clause: "a", text: "11次", name: "y", query: "/q2" }, { clause: "a", text: "missing", name: "z", query: "/q3" }, { clause: "corrections", text: "1次", name: "c", query: "e" }, { clause: "b", text: "98%", name: "r", query: null }];
	const p = "甲1次，乙11次，率98%。";
	const cut = pieces(p, rows);

	assert.equal(cut.map((c) => c.text).join(""), p);
	assert.deepEqual(cut.filter((c) => c.query).map((c) => [c.text, c.query]), [["1次", "/q1"], ["11次", "/q2"]]);
	assert.deepEqual(pieces("", []), []);
});

// ---------------------------------------------------------------- the stand-in's numbers

/** Rows of every figure: a total, and two parts. */
function figures(lang = "zh") {
	const ids = [...new Set(SHEETS.flatMap((s) => s.groups.flatMap((g) => g.columns.map(figureOf))))];
	let n = 1;

	return ids.flatMap((id) => {
		const sheet = SHEETS.find((s) => s.groups.some((g) => g.columns.map(figureOf).includes(id)));
		const rate = /_rate|satisfaction/.test(id);
		const row = (level, category, more = {}) => {
			const value = rate ? 50 : n++;

			return { id, name: lang === "zh" ? `指标${ids.indexOf(id)}` : `Figure ${ids.indexOf(id)}`, level, category, category_name: category ? (lang === "zh" ? `分类${category}` : `Kind ${category}`) : null, value, unit: rate ? "%" : lang === "zh" ? "次" : "patrols",
				numerator: rate ? n : null, denominator: rate ? 2 * n : null, display: rate ? "50.0%" : id === "works" ? `${lang === "zh" ? "约" : "about "}${value}` : String(value), definition: lang === "zh" ? `${id}/1 口径` : `${id}/1 what it means`, ...more };
		};

		if (sheet?.by === "list")
			return [row("", "")];
		if (sheet?.by === "chief" || sheet?.by === "level")
			return [row("", ""), row("town", ""), row("community", "")];
		if (id === "works")
			return [row("", "", { value: null, display: "—", unit: "" }), row("", "bins", { unit: lang === "zh" ? "个" : "pcs" }), row("", "bins", { unit: lang === "zh" ? "组" : "sets" })];
		return [row("", ""), row("", "fire"), ...(id === "rectify_done" ? [] : [row("", "gas")])];
	});
}

const areaRow = (area, area_name, figure, value, num = null, den = null) => ({ area, area_name, figure, name: figure, value, numerator: num, denominator: den, display: den === null ? String(value) : den ? `${value}%` : "—" });

/** The calls that these pages make, answered; asked: what came. */
async function town(opt = {}) {
	const m = await mock();
	const seen = [];

	m.roles = opt.roles || m.roles;
	m.handlers.push(async ({ req, path, query, body, json, problem }) => {
		if (path.startsWith("/api/v1/exports/") || path === "/api/v1/figures" || path === "/api/v1/cases" || path === "/api/v1/overdue")
			seen.push(`${req.method} ${path}?${query}`);
		if (opt.refuse && path.startsWith(opt.refuse.path) && (!opt.refuse.method || opt.refuse.method === req.method)) {
			problem(opt.refuse.status, opt.refuse.code || "refused", {}, "the stand-in was told to refuse");
			return true;
		}
		if (path === "/api/v1/figures" && query.get("from")) {
			const all = figures(query.get("lang")).map((f) => (opt.blank?.(query.get("from")) ? { ...f, value: /^monitored/.test(f.id) ? 7 : f.unit === "%" ? null : 0, numerator: f.unit === "%" ? 0 : null, display: "0" } : f));

			json(200, { as_of: opt.asOf ?? m.commit, time: AT, from: query.get("from"), to: query.get("to"), figures: all, scope: query.get("scope"), frozen: [], cut: 0, ...opt.figures });
			return true;
		}
		if (path === "/api/v1/exports/annual.json") {
			json(200, { export: "annual", scope: query.get("scope"), period: "x", as_of_commit: m.commit, as_of_time: AT, paragraph: "镇级河长巡河127次，社区河长巡河450次。\n第二段，办结率达98.3%。",
				rows: [["127次", "river_patrols"], ["450次", "river_patrols"], ["98.3%", "appeal_close_rate"]].map(([t, f]) => ({ clause: "x", figure: f, name: f, level: "", category: "", period: "x", display: t, text: t, unit: "", query: `/api/v1/exports/events.csv?figure=${f}&from=2026-01-01&to=2027-01-01` }))
					.concat(opt.corrections ? [{ clause: "corrections", figure: "patrols", name: "巡查次数", level: "", category: "", category_name: "", period: "2026-01", display: "10", text: "12", unit: "次", query: "d-1/e/5" }] : []) });
			return true;
		}
		if (path === "/api/v1/exports/areas.json") {
			const was = query.get("from") !== `${DAY().slice(0, 7)}-01`;

			json(200, { export: "areas", as_of_commit: m.commit, as_of_time: AT, rows: [["990101100", "示例镇", 50, 100], ["990101100001", "东街社区", 8, 10], ["990101100002", "西关社区", 9, 10], ["990101100003", "柳林社区", 0, 0], ["990101100004", "上湾社区", 8, 10]].flatMap(([code, name, num, den]) => [
				areaRow(code, name, "duty_rate", den ? (100 * num) / den - (was ? 10 : 0) : null, was ? num - Math.sign(num) : num, den), areaRow(code, name, "patrols", was ? 40 : 50),
				...["cases_received", "cases_due", "cases_due_closed", "hazards_found", "hazards_rectified"].map((f) => areaRow(code, name, f, 3)), areaRow(code, name, "case_close_rate", 100, 3, 3), areaRow(code, name, "hazard_rate", null, 0, 0)]) });
			return true;
		}
		if (path.startsWith("/api/v1/exports/")) {
			json(200, { any: "bytes" }, { "Content-Disposition": `attachment; filename="${path.slice(16)}"` });
			return true;
		}
		if (path === "/api/v1/cases") {
			const page = query.get("cursor") ? 1 : 0; // two pages of the open ones

			json(200, { as_of: m.commit, time: AT, next: query.get("state") && !page ? "more" : null, cases: Array.from({ length: query.get("state") ? 15 : 2 }, (_, i) => ({ id: `c-${page}-${i}`, class: "hazard", category: "fire", category_name: "消防", severity: 2, title: `楼道堆物${page}-${i}`, scope: "990101100002", scope_name: "西关社区",
				state: "in_progress", holder: null, holder_name: null, at: AT, due: i % 2 ? "2026-12-03T00:00:00.000+08:00" : null, overdue: i === 1 })) });
			return true;
		}
		if (path === "/api/v1/overdue") {
			json(200, { as_of: m.commit, time: AT, next: null, overdue: [{ person: "p-1", person_name: "李某某", rule: "dinghu", target: "XD-01", target_name: "清石河上段", level: "town", due: "2026-10-31", days: 30 }] });
			return true;
		}
		if (path === "/api/v1/catalogue") {
			json(200, { as_of: 1, time: AT, cut: 0, categories: [["hazard", "fire", 2, 3, "work_day", true], ["topic", "burn_straw", null, null, null, false], ["work", "bins", null, null, null, false]].map(([c, code, severity, deadline, unit, photo]) => ({ class: c, code, name: `名称${code}`, name_en: `Name of ${code}`, parent: null, severity, deadline, deadline_unit: unit, photo_before: photo, photo_after: photo, valid_from: null, valid_to: null })),
				rules: [{ rule: "dinghu", role: "chief", level: "town", target: "each", period: "month", months: "3-12", count: 2, count_unit: "times", min_minutes: 5, min_metres: 300, min_gap_hours: 96, min_coverage_permille: 200, substitute: true, delegate: true, valid_from: "2026-01-01", valid_to: null },
					{ rule: "grid", role: "worker", level: "grid", target: "any", period: "day", months: "1-12", count: 1, count_unit: "days", min_minutes: null, min_metres: null, min_gap_hours: null, min_coverage_permille: null, substitute: false, delegate: false, valid_from: null, valid_to: null }],
				calendar: [{ year: 2026, holidays: 4, makeups: 1 }], days: [...["2026-10-01", "2026-10-02", "2026-10-03", "2026-05-01"].sort().map((date) => ({ date, kind: "holiday" })), { date: "2026-10-10", kind: "makeup" }] });
			return true;
		}
		if (path === "/api/v1/me/password") {
			const b = await body();

			m.posts.push({ path, body: b, csrf: req.headers["x-csrf-token"] === m.csrf });
			if (b.old !== m.password)
				problem(403, "wrong_password");
			else
				json(200, { user: m.user, commit: 5 });
			return true;
		}
		return false;
	});
	return Object.assign(m, { asked: seen });
}

/** Signed in, at an address. */
async function at(m, hash, opt = {}) {
	const page = await openPage(kit.browser, `${m.url}${opt.lang ? `?lang=${opt.lang}` : ""}${hash}`, opt);

	await signIn(page, m.user, m.password);
	return page;
}
/** Rules of accessibility and every size; then in the other language and theme. */
async function everywhere(page, what, wide, english) {
	const sizes = [[390, 844], [1024, 768], [1440, 900]];

	await axe(page, what);
	await fits(page, what, sizes, wide);
	await page.dispatchEvent("header button[lang=en]", "click"); // wherever the header keeps them
	await page.dispatchEvent("header button[data-test=theme]", "click");
	for (const part of english) {
		await page.waitForSelector(part);
		await until(page, (sel) => !/[\u4e00-\u9fff]/.test(document.querySelector(sel)?.textContent || "\u4e00"), part);
	}
	await axe(page, `${what}, in the other theme and language`);
	await fits(page, `${what}, in English`, sizes.slice(0, 1), wide);
}
const ready = (page) => page.waitForSelector("[data-test=paragraph]");
const hashIs = (page, want) => until(page, (w) => location.hash === w, want);

describe("reports", () => {
	test("period and place stand in the address, survive a reload, and are what is asked", async () => {
		const m = await town();
		const page = await at(m, "#/reports");

		await ready(page);
		await page.click('.rep-pick button:has-text("上月")');
		await hashIs(page, "#/reports?period=lastmonth");
		await ready(page);
		await page.selectOption("#rep-scope", "990101100002");
		await hashIs(page, "#/reports?period=lastmonth&scope=990101100002");
		const [from, to] = daysOf("lastmonth", DAY()) || [];
		const want = `from=${from}&to=${to}&scope=990101100002&lang=zh`;

		await waitFor(() => m.asked.includes(`GET /api/v1/figures?${want}`) && m.asked.includes(`GET /api/v1/exports/annual.json?${want}`), "the calls");
		await page.reload();
		await ready(page);
		assert.equal(await page.inputValue("#rep-scope"), "990101100002");
		assert.equal(await page.inputValue("#rep-from"), from);
		assert.equal(await page.getAttribute('.rep-pick button:has-text("上月")', "aria-pressed"), "true");
		assert.match(await text(page, "[data-test=period]"), new RegExp(`${from} 至 ${plus(to, -1)}`));
		await page.fill("#rep-from", "2026-01-05");
		await page.fill("#rep-to", "2026-01-05");
		await page.click('.rep-pick button:has-text("查看")');
		await hashIs(page, "#/reports?scope=990101100002&from=2026-01-05&to=2026-01-06");
		await ready(page);
		// back in the history is back in the period
		await page.goBack();
		await hashIs(page, "#/reports?period=lastmonth&scope=990101100002");
		// what has not begun is refused in words, and nothing is asked
		await page.evaluate(() => {
			location.hash = "#/reports?from=2099-01-01&to=2099-02-01";
		});
		await page.waitForSelector('#rep-bad:has-text("这个时段从 2099-01-01 开始，还没有到。")');
		assert.deepEqual(m.asked.filter((a) => a.includes("2099")), []);
		assert.equal(await page.locator(".rep-sheet").count(), 0);
		await page.fill("#rep-from", "2026-02-01");
		await page.fill("#rep-to", "2026-01-01");
		await page.click('.rep-pick button:has-text("查看")');
		await page.waitForSelector('#rep-bad:has-text("截止日期早于起始日期。")');
		await clean(page);
	});

	test("every table shows the server's numbers; definitions open by keyboard; what counts how is named", async () => {
		const m = await town({ corrections: true, figures: { frozen: [{ month: (daysOf("lastmonth", DAY()) || [""])[0].slice(0, 7), commit: 77, time: AT }] } });
		const page = await at(m, "#/reports?period=lastmonth");

		await ready(page);
		const shownOnPage = await page.$$eval(".rep-sheet", (all) => all.map((s) => [s.getAttribute("data-sheet"), [...s.querySelectorAll("tbody tr")].map((r) => [...r.querySelectorAll("td.n")].map((c) => c.textContent.trim()))]));
		const all = figures();

		for (const sheet of SHEETS) {
			const columns = sheet.groups.flatMap((g) => g.columns);
			const want = sheet.by === "list" ? columns.map((c) => [totalOf(all, figureOf(c))?.display])
				: rowsOf(sheet, all).map((r) => r.cells.map((f, i) => shown(columns[i], f, totalOf(all, figureOf(columns[i]))))).concat(sheet.id === "works" ? [] : [columns.map((c) => shown(c, totalOf(all, figureOf(c)), undefined))]);

			assert.deepEqual(shownOnPage.find(([id]) => id === sheet.id)?.[1], want, sheet.id);
		}
		assert.equal(await text(page, '[data-sheet=rectify] tr[data-row="|gas|"] [data-figure=rectify_done]'), "0");
		const [from, to] = daysOf("lastmonth", DAY()) || [];

		assert.deepEqual(await page.$$eval('[data-sheet=hazards] tr[data-row="|fire|"] a, [data-sheet=river] tr[data-row="town||"] a, [data-sheet=duty] a, [data-sheet=visits] tr:first-child a', (e) => e.map((a) => a.getAttribute("href"))), [
			...["river_patrols", "river_patrols_valid"].map((f) => `#/patrols?river=1${f.endsWith("valid") ? "&valid=1" : ""}&level=town&from=${from}&to=${to}`),
			...["hazards_found", "hazards_rectified", "hazard_rate", "hazards_rectified_flow", "hazard_rate_flow"].map((f) => `#/cases?figure=${f}&category=fire&from=${from}&to=${to}`), `#/events?figure=visits&from=${from}&to=${to}`]);
		assert.match(await text(page, "[data-sheet=hazards] .bases"), /同批次（期内上报） ?按发生时间（期内办结）/);
		assert.match(await text(page, "[data-sheet=works] tbody"), /约\d+ ?个.*约\d+ ?组/);
		assert.equal(await text(page, "[data-test=frozen]"), "已封账");
		assert.match(await page.getAttribute("[data-test=frozen]", "title"), /于 2026-11-30 11:58:58 \+08:00 封账，提交号 77/);
		assert.match(await text(page, "#h-rep-corr + .scroll tbody"), /2026-01巡查次数 ?合计 ?1012次/);
		assert.match(await text(page, ".asof"), new RegExp(`数据截至 2026-11-30 11:58:58 \\+08:00，提交号 ${m.commit}`));
		const sum = page.locator("[data-sheet=river] summary");

		assert.ok(!(await page.isVisible("[data-sheet=river] .defs dd")));
		await sum.focus();
		await page.keyboard.press("Enter");
		await page.waitForSelector('[data-sheet=river] .defs dd:has-text("river_patrols_valid/1 口径")');
		// newer commits are told, not taken by themselves
		m.change({ figures: [{ ...m.town.figures[0], today: 9 }] });
		await page.waitForSelector('[data-test=fresh]:has-text("有新数据，刷新")');
		await everywhere(page, "reports", ".rep .scroll", [".rep-top", ".rep-sheets", ".rep-exports"]);
		await clean(page);
	});

	test("the text is copied as it is, its numbers link to their records", async () => {
		const m = await town();
		const page = await at(m, "#/reports");

		await ready(page);
		await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
		await page.click("[data-test=copy]");
		await until(page, () => document.querySelector("p.vh[role=status]")?.textContent === "报告文本已复制");
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "镇级河长巡河127次，社区河长巡河450次。\n第二段，办结率达98.3%。");
		assert.deepEqual(await page.$$eval("[data-test=paragraph] a", (e) => e.map((a) => [a.textContent, a.getAttribute("href")])), [["127次", "river_patrols"], ["450次", "river_patrols"], ["98.3%", "appeal_close_rate"]].map(([t, f]) => [t, `/api/v1/exports/events.csv?figure=${f}&from=2026-01-01&to=2027-01-01`]));
		// without a secure context there is another way
		await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
		await page.evaluate(() => document.addEventListener("copy", () => (globalThis.copied = String(/** @type {any} */ (document.activeElement).value))));
		await page.click("[data-test=copy]");
		await until(page, () => globalThis.copied);
		assert.match(await page.evaluate(() => globalThis.copied), /^镇级河长巡河127次.*\n第二段/);
		await clean(page);
	});

	test("exports are of the period and place that are shown; unmasked when asked; one that is refused says why", async () => {
		const refuse = { path: "/api/v1/exports/works", method: "HEAD", status: 0 };
		const m = await town({ refuse });
		const page = await at(m, "#/reports?period=2026-01&scope=990101100002");
		const href = (f) => page.getAttribute(`[data-file="${f}"]`, "href");

		await ready(page);
		for (const f of ["figures.csv", "figures.xlsx", "workbook.xlsx", "tracks.geojson", "quality.csv", "annual.xlsx", "areas.csv"])
			assert.equal(await href(f), `/api/v1/exports/${f}?from=2026-01-01&to=2026-02-01&scope=990101100002&lang=zh`);
		await page.check("#rep-unmask");
		await page.waitForSelector('[data-file="patrols.csv"][href*=unmask]');
		assert.equal(await href("patrols.csv"), "/api/v1/exports/patrols.csv?from=2026-01-01&to=2026-02-01&scope=990101100002&lang=zh&unmask=1");
		await page.uncheck("#rep-unmask");
		await page.waitForSelector('[data-file="patrols.csv"]:not([href*=unmask])');
		const [file] = await Promise.all([page.waitForEvent("download"), page.click('[data-file="cases.csv"]')]);

		assert.equal(file.suggestedFilename(), "cases.csv");
		for (const [status, says] of [[429, "已有两个导出正在进行"], [503, "服务器繁忙"], [403, "无权查看"]]) {
			refuse.status = /** @type {number} */ (status);
			await page.click('[data-file="works.csv"]');
			await page.waitForSelector(`.rep-exports .error:has-text("${says}")`);
		}
		await clean(page, /status of (401|403|429|503)/);
	});

	test("a failure is said and tried again; a place without right, too", async () => {
		const refuse = { path: "/api/v1/figures", status: 503 };
		const m = await town({ refuse, roles: ["district"] });
		const page = await at(m, "#/reports");

		await page.waitForSelector('.rep [role=alert]:has-text("服务器繁忙")');
		refuse.status = 403;
		await page.click('.rep button:has-text("再试一次")');
		await page.waitForSelector('.rep [role=alert]:has-text("您无权查看这个区域")');
		refuse.path = "/none";
		await page.click('.rep button:has-text("再试一次")');
		await ready(page);
		assert.equal(await page.locator("#rep-unmask").count(), 0, "not for the data office");
		await clean(page, /status of (401|403|503)/);
	});

});

describe("sheets that are printed", () => {
	/** What is on paper: no navigation, heads that repeat, rows that hold together. */
	async function onPaper(page) {
		await page.emulateMedia({ media: "print" });
		assert.deepEqual(await page.$$eval("header, .paper-tools, .rep-pick", (e) => e.filter((x) => x.getClientRects().length).length), 0);
		assert.ok(await page.$$eval(".sheet thead", (e) => e.length > 1 && e.every((x) => getComputedStyle(x).display === "table-header-group")));
		assert.ok(await page.$$eval(".sheet tbody tr", (e) => e.length > 5 && e.every((x) => getComputedStyle(x).breakInside === "avoid")));
		assert.equal(await page.$eval(".sheet", (e) => getComputedStyle(e).backgroundColor), "rgb(255, 255, 255)");
		assert.equal(await page.$eval(".sheet td", (e) => getComputedStyle(e).color), "rgb(0, 0, 0)");
		const pdf = String(await page.pdf({ preferCSSPageSize: true }));
		const boxes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map((b) => [Math.round(Number(b[1])), Math.round(Number(b[2]))]);

		await page.emulateMedia({ media: "screen" });
		return boxes;
	}

	test("the day: ledger, alerts, every open case of all pages, overdue, definitions, signatures; A4 upright", async () => {
		const m = await town();

		m.over = [{ id: "hazard:c-over", type: "hazard", severity: 2, case: "c-over", title: `井盖缺失${"长".repeat(60)}${"A".repeat(90)}`, scope: "990101100001", loc: null, at: Date.now(), state: "cleared", cleared: Date.now(), acked_by: null, acked_at: null, late: false }];
		const page = await at(m, "#/print/day", { colorScheme: "dark" });

		await page.waitForSelector(".sheet");
		assert.equal(await text(page, "#h-sheet"), "示例镇网格化值班日报");
		assert.match(await text(page, ".sheet-sub"), /填报单位：示例镇 ?\d{4}年\d+月\d+日 ?数据截至 .*提交号/);
		assert.equal(await text(page, "#h-sheet-open"), "四、未结案件 30 件");
		assert.equal(await page.locator("section[aria-labelledby=h-sheet-open] tbody tr").count(), 30);
		assert.match(await text(page, "section[aria-labelledby=h-sheet-overdue]"), /五、逾期未巡 1 人 1 项.*李某某 ?镇级 ?清石河上段 ?2026-10-31 ?30 天/);
		assert.match(await text(page, "section[aria-labelledby=h-sheet-alerts]"), /后山坡体新增裂缝/);
		assert.match(await text(page, "section[aria-labelledby=h-sheet-alerts]"), /井盖缺失.*\d\d:\d\d 解除/, "what is over by now stays on the day's sheet");
		assert.match(await text(page, ".sheet-defs"), /duty_rate\/1 口径/);
		assert.match(await text(page, ".sheet-sign"), /制表人：.*审核人：.*填报日期：\d{4}年.*（盖章）/);
		assert.deepEqual(await page.$$eval(".sheet-day td:not(.n, .no, .when)", (all) => all.filter((e) => e.clientWidth < 60).map((e) => e.textContent)), [], "beside a long title, too");
		const d = DAY();

		for (const from of [d, `${d.slice(0, 7)}-01`, `${d.slice(0, 4)}-01-01`])
			assert.ok(m.asked.includes(`GET /api/v1/figures?scope=990101100&from=${from}&to=${plus(d, 1)}&lang=zh`), from);
		const boxes = await onPaper(page);

		assert.ok(boxes.length >= 2, `${boxes.length} pages`);
		for (const b of boxes)
			assert.deepEqual(b, [595, 842]);
		await everywhere(page, "the day", ".sheet .scroll", [".sheet-sign", "#h-sheet-overdue", ".sheet-defs"]);
		assert.equal(await page.locator("[data-test=not-by-reach]").count(), 0);
		await page.evaluate(() => {
			location.hash = "#/print/day?reach=*";
		});
		await page.waitForSelector("[data-test=not-by-reach]:has-text('of all of 示例镇, not by reach')");
		// a day in the past says that the open cases are those of now; one to come is none
		await page.evaluate(() => {
			location.hash = "#/print/day?date=2026-01-05";
		});
		await page.waitForSelector('section[aria-labelledby=h-sheet-open]:has-text("Not of that day: as of printing, 2026-11-30 11:58:58 +08:00")');
		assert.match(await text(page, "#h-sheet-open"), /^4\. Cases open now: /);
		assert.match(await text(page, "#h-sheet-overdue"), /^5\. Overdue now: /);
		assert.match(await text(page, "section[aria-labelledby=h-sheet-reported]"), /States and deadlines as of now/);
		await page.evaluate(() => {
			location.hash = "#/print/day?date=2099-01-05";
		});
		await page.waitForSelector('.papers [role=alert]:has-text("yet to come")');
		await clean(page);
	});

	test("the month: the areas ranked, the whole below, changes against the month before; A4 across", async () => {
		const m = await town();
		const page = await at(m, `#/print/month?month=${DAY().slice(0, 7)}`);

		await page.waitForSelector(".sheet");
		assert.match(await text(page, "#h-sheet"), /^示例镇\d{4}年\d+月网格化巡查履职情况通报$/);
		const rows = await page.$$eval("[data-area]", (e) => e.map((r) => [...r.children].map((c) => c.textContent.trim())));

		assert.deepEqual(rows.map((r) => r.slice(0, 5)), [["1", "西关社区", "10", "9", "90%"], ["2", "东街社区", "10", "8", "80%"], ["2", "上湾社区", "10", "8", "80%"], ["—", "柳林社区", "0", "0", "—"], ["", "合计", "100", "50", "50%"]]);
		assert.deepEqual(rows[0].slice(5, 11), ["80%", "+10.0", "50", "40", "+10", "+25.0%"]);
		assert.match(await text(page, "section[aria-labelledby=h-sheet-overview] .sub"), /上月对比时段：\d{4}-\d\d-01 至 /);
		const boxes = await onPaper(page);

		assert.ok(boxes.length >= 2);
		for (const b of boxes)
			assert.deepEqual(b, [842, 595]);
		const first = await town({ blank: (from) => from < `${DAY().slice(0, 7)}-01` }); // of the month before nobody recorded anything
		const lone = await at(first, `#/print/month?month=${DAY().slice(0, 7)}`);

		await lone.waitForSelector(".sheet");
		assert.match(await text(lone, "section[aria-labelledby=h-sheet-overview] .sub"), /^上月（\d{4}-\d\d-01 至 .*）没有任何记录，不作比较$/);
		const cells = await lone.$$eval("#h-sheet-overview ~ * tbody tr, [aria-labelledby=h-sheet-overview] tbody tr", (e) => e.map((r) => [...r.children].slice(3).map((c) => c.textContent.trim())));

		assert.ok(cells.length > 10);
		for (const c of cells)
			assert.deepEqual(c, ["—", "—", "—"]);
		assert.deepEqual((await lone.$$eval("[data-area]", (e) => e.map((r) => [...r.children].map((c) => c.textContent.trim()))))[0].slice(2, 11), ["10", "9", "90%", "—", "—", "50", "—", "—", "—"]);
		await lone.close();
		await everywhere(page, "the month", ".sheet .scroll", [".sheet-sign", ".sheet-defs", "section[aria-labelledby=h-sheet-overview]"]);
		await clean(page);
	});

});

describe("settings", () => {
	test("rules in words, categories, the calendar; rights; a password is changed", async () => {
		const m = await town();
		const page = await at(m, "#/settings");

		await page.waitForSelector(".set-rules");
		assert.match(await text(page, ".set-rules li:first-child"), /^镇级河长 每个责任区每月巡 2 次；只在 3–12 月；每次不少于 5 分钟、不少于 300 米、覆盖不少于 20%、距上次满 96 小时方为有效；多样化巡河可以计入；可以委托。 dinghu 2026-01-01 起$/);
		assert.match(await text(page, ".set-rules li:nth-child(2)"), /^网格员 任一责任区每日巡 1 天。 grid/);
		assert.match(await text(page, "section[aria-labelledby=h-set-cat]"), /名称fire.*二级（橙） ?限 3 个工作日 ?需要 ?需要 ?fire/);
		assert.match(await text(page, ".set-cal tbody"), /2026 ?05-01、10-01 – 10-03 4 天 ?10-10 1 天/);
		assert.match(await text(page, ".set-facts"), /zhang.*镇网格中心.*示例镇 990101100/);
		const says = async (want) => page.waitForSelector(`#pw-error:has-text("${want}")`);
		const fill = async (old, next, again) => {
			await page.fill("#pw-old", old);
			await page.fill("#pw-new", next);
			await page.fill("#pw-again", again);
			await page.press("#pw-again", "Enter");
		};

		await fill("", "x", "x");
		await says("请输入原密码");
		await fill("demo", "1234567", "1234567");
		await says("新密码太短，至少 8 位");
		assert.equal(await page.evaluate(() => document.activeElement?.id), "pw-new");
		await fill("demo", "12345678", "12345679");
		await says("两次输入的新密码不一致");
		assert.deepEqual(m.posts, []);
		await fill("wrong", "12345678", "12345678");
		await says("原密码不正确");
		await until(page, () => document.activeElement?.id === "pw-old");
		await fill("demo", "一二三四", "一二三四");
		await page.waitForSelector('.set-pw .good:has-text("密码已修改")');
		assert.deepEqual(m.posts.map((p) => [p.body, p.csrf]), [[{ old: "wrong", new: "12345678" }, true], [{ old: "demo", new: "一二三四" }, true]]);
		assert.equal(await page.inputValue("#pw-new"), "");
		await page.press("#pw-again", "Enter");
		await says("请输入原密码");
		for (const c of await page.$$(".set-class:not([open]) summary"))
			await c.click();
		await everywhere(page, "settings", ".set-class .scroll", [".set-pw", ".set-rules", "section[aria-labelledby=h-set-cat]", "section[aria-labelledby=h-set-cal]"]);
		await clean(page, /status of 40[13]/);
	});

});

// ---------------------------------------------------------------- the real thing

describe("against the real daemons", { timeout: 120000 }, () => {
	let t;

	before(async () => {
		t = await Town.start({ server: true });
		await t.user("duty", "p-duty", "centre", TOWN);
		const worker = await t.device("d-0001", "p-0001");
		const chief = await t.device("d-0003", "p-chief-c");

		for (let i = 0; i < 3; i++)
			await worker.send("patrol.start", { patrol: `g-${i}`, route: "grid", target: GRID[0] });
		await chief.send("patrol.start", { patrol: "r-1", route: "river", target: RIVER });
		await worker.send("inspect", { topic: "burn_straw", result: "ok" });
		await worker.send("work", { item: "bins", qty: 12.5, unit: "个", approx: true });
		await worker.send("case.report", { case: "c-1", class: "hazard", category: "fire", severity: 2, title: "楼道堆物" }, { scope: GRID[0] });
		await chief.send("case.report", { case: "c-2", class: "hazard", category: "drowning", severity: 3, title: "临水护栏缺失" }, { scope: RIVER });
		await chief.send("case.report", { case: "c-3", class: "finding", category: "litter", severity: 4, title: "河岸垃圾" }, { scope: RIVER });
	});
	after(() => t?.stop());

	test("every number on the page is that of the export that its button gives; the text that of the command", async () => {
		const page = await openPage(kit.browser, `${t.base}/#/reports?period=today`);

		await signIn(page, "duty", t.passwords.duty);
		await ready(page);
		await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
		const [file] = await Promise.all([page.waitForEvent("download"), page.click('[data-file="figures.csv"]')]);
		const csv = (await readFile(await file.path(), "utf8")).replace(/^\ufeff/, "").trim().split("\r\n");
		const head = csv[0].split(",");
		const rows = csv.slice(1).map((l) => Object.fromEntries(l.split(",").map((c, i) => [head[i], c.replace(/^"|"$/g, "")])));
		const cells = await page.$$eval(".rep-sheet [data-figure]", (all) => all.map((c) => {
			const [level, category] = (c.closest("tr")?.getAttribute("data-row") || "").split("|");

			return { figure: c.getAttribute("data-figure"), of: c.getAttribute("data-of"), level, category, text: c.textContent.trim() };
		}));
		let matched = 0;

		assert.match(file.suggestedFilename(), /^示例镇统计表_/);
		for (const c of cells) {
			const row = rows.find((r) => r.figure === c.figure && r.level === c.level && r.category === c.category);

			assert.equal(c.text, row ? row[c.of || "display"] : c.text === "0" ? "0" : "—", JSON.stringify(c));
			matched += row ? 1 : 0;
		}
		assert.ok(matched > 150, `${matched}`);
		const value = (sheet, row, figure) => text(page, `[data-sheet=${sheet}] tr[data-row="${row}"] [data-figure=${figure}]`);

		assert.deepEqual([await value("river", "community||", "river_patrols"), await value("route", "|grid|", "patrols"), await value("route", "||", "patrols"), await value("hazards", "|fire|", "hazards_found"), await value("works", "|bins|个", "works")], ["1", "3", "4", "1", "约12.5"]);
		// no other cell of the file is missing on the page
		for (const r of rows.filter((x) => x.display !== "0" && x.display !== "—" && (x.figure !== "works" || x.category) && SHEETS.some((s) => s.groups.some((g) => g.columns.map(figureOf).includes(x.figure)))))
			assert.ok(cells.some((c) => c.figure === r.figure && c.level === r.level && c.category === r.category), `${r.figure} ${r.level} ${r.category}`);
		await page.click("[data-test=copy]");
		await until(page, () => document.querySelector("p.vh[role=status]")?.textContent === "报告文本已复制");
		const [from, to] = daysOf("today", DAY());
		const commit = /提交号 (\d+)/.exec(await text(page, ".rep-text .asof"))[1];
		const said = await t.must("export", "annual", "--from", from, "--to", to, "--scope", TOWN, "--as-of", commit, "--format", "text");

		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), said.slice(0, said.indexOf("\n\n")));
		// a number's link gives its records
		const [records] = await Promise.all([page.waitForEvent("download"), page.click('[data-test=paragraph] a:has-text("4次")')]);

		assert.equal((await readFile(await records.path(), "utf8")).trim().split("\r\n").length, 5, "a head and four patrols");
		await clean(page);
	});

	test("by reach: the desk's numbers and the report's open as many records as they say", async () => {
		const page = await openPage(kit.browser, `${t.base}/#/?by=reach`);
		const visit = (/** @type {string} */ h) => page.evaluate((x) => {
			location.hash = x;
		}, h);
		/** The list that a number leads to says that number; duties are counted by their rows. */
		const same = async (/** @type {string} */ h, /** @type {string} */ n, /** @type {string} */ from) => {
			const list = h.startsWith("#/cases") ? "caselist" : h.startsWith("#/patrols") ? "patrollist" : "";

			if (!list)
				return;
			await visit(h);
			await until(page, ([id, want]) => document.querySelector(`#h-${id}`)?.textContent?.trim().match(/^(?:案件|巡查) ([\d,]+) /)?.[1] === want, [list, n]).catch(() => assert.fail(`${from}: ${n}, and its list ${h} says otherwise`));
		};

		await signIn(page, "duty", t.passwords.duty);
		await page.waitForSelector(`.reachdesk tr[data-row="${RIVER}"] td:nth-child(2) a:has-text("1")`);
		assert.match(await text(page, `.reachdesk tr[data-row="${RIVER}"]`), /李丁.*隐患 1$/);
		await until(page, () => document.querySelector(".closing td a"));
		const numbers = await page.$$eval(".reachdesk a.number, .ledger a.number, .closing a.number", (all) => all.map((a) => [a.getAttribute("href"), a.textContent?.trim().replace("隐患 ", ""), a.closest("tr")?.getAttribute("data-row")]).filter(([, n]) => /^[\d,]+$/.test(n || "")));

		assert.ok(numbers.length > 30, `${numbers.length}`);
		assert.ok(numbers.some(([, , row]) => row === "closing hazard") && numbers.some(([, , row]) => row === "lens river_patrols community"));
		for (const [h, n, row] of [...new Map(numbers.map((x) => [x[0], x])).values()])
			await same(h, n, row || "");
		await visit(`#/reports?period=month&reach=${RIVER}`);
		await page.waitForSelector("[data-test=by-reach]");
		await page.waitForSelector('[data-sheet=hazards] tr[data-row="|drowning|"] [data-figure=hazards_found]:has-text("1")');
		assert.deepEqual(await page.$$eval("[data-sheet]", (e) => e.map((x) => x.getAttribute("data-sheet")).filter((x) => ["visits", "works", "households", "inspections"].includes(x || ""))), []);
		assert.equal(await page.locator("[data-file='workbook.xlsx']").count(), 0);
		const told = await page.$$eval(".rep-sheet a.number", (all) => all.map((a) => [a.getAttribute("href"), a.textContent?.trim(), `${a.closest("td")?.getAttribute("data-figure")} ${a.closest("td")?.getAttribute("data-of") || ""}`]).filter(([, n, f]) => /^\d+$/.test(n || "") && !/rate|patrol_minutes/.test(f || "")));

		assert.ok(told.length >= 6, `${told.length}`);
		for (const [h, n, f] of told)
			await same(h, n, f || "");
		await visit("#/reports?period=month&reach=*");
		await page.waitForSelector('[data-sheet=cases] tr[data-row="||"] [data-figure=cases_received]:has-text("2")');
		assert.equal(await page.inputValue("#rep-scope"), "reach=*");
		const [file] = await Promise.all([page.waitForEvent("download"), page.click('[data-file="cases.csv"]')]);

		assert.equal((await readFile(await file.path(), "utf8")).trim().split("\r\n").length, 3, "a head and two cases");
		await page.selectOption("#rep-scope", TOWN);
		await page.waitForSelector('[data-sheet=cases] tr[data-row="||"] [data-figure=cases_received]:has-text("3")');
		await clean(page);
	});

	test("sheets and settings of the real town; a password changed on the page opens the next sign-in", async () => {
		const page = await openPage(kit.browser, `${t.base}/#/print/day`);

		await signIn(page, "duty", t.passwords.duty);
		await page.waitForSelector(".sheet");
		assert.match(await text(page, "section[aria-labelledby=h-sheet-reported]"), /三、当日上报案件 3 件.*楼道堆物/);
		await page.goto(`${t.base}/#/print/month`);
		await page.waitForSelector(".sheet-month");
		assert.deepEqual(Object.fromEntries(await page.$$eval("[data-area]", (e) => e.map((r) => [r.getAttribute("data-area"), r.querySelector("[data-figure=patrols]")?.textContent]))), { [TOWN]: "4", [COMMUNITY[0]]: "4", [COMMUNITY[1]]: "0" });
		// books that are closed say so; what came after stands beside
		const [last] = daysOf("lastmonth", DAY());

		await t.must("freeze", last.slice(0, 7));
		await page.goto(`${t.base}/#/reports?period=lastmonth`);
		await page.waitForSelector('[data-test=frozen]:has-text("已封账")');
		await page.goto(`${t.base}/#/reports?period=year`);
		await page.waitForSelector(`[data-test=frozen]:has-text("其中 ${last.slice(0, 7)} 已封账")`);
		await page.goto(`${t.base}/#/settings`);
		await page.waitForSelector('.settings:has-text("还没有履职规则")');
		await page.fill("#pw-old", t.passwords.duty);
		await page.fill("#pw-new", "another one");
		await page.fill("#pw-again", "another one");
		await page.press("#pw-again", "Enter");
		await page.waitForSelector('.set-pw .good:has-text("密码已修改")');
		await page.waitForSelector("[data-test=link] .good"); // the stream goes on
		t.passwords.duty = "another one";
		await t.session("duty");
		await clean(page);
	});
});
