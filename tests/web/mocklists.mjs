// The lists of the stand-in: cases, patrols, events, the catalogue; filtered and paged as the real server does it, of rows made up here.

const iso = (ms) => (ms === null || ms === undefined ? null : new Date(ms + 8 * 3600e3).toISOString().replace("Z", "+08:00"));
const RUNNING = ["accepted", "dispatched", "in_progress"];
const OPEN = ["reported", "handled", "suspended", ...RUNNING];
const CATEGORIES = [["hazard", "geology", "地质灾害", "Geology"], ["hazard", "gas", "燃气安全", "Gas"], ["finding", "sewage", "污水直排", "Sewage"], ["finding", "dumping", "倾倒建筑垃圾", "Dumping"], ["appeal", "water_power", "水电", "Water and power"]];

/** The reaches of the invented town, river by river. */
const REACHES = [["LX-01", "柳溪示例镇段", "柳溪", "river"], ["QSH-01", "清石河上段", "清石河", "river"], ["QSH-02", "清石河中段", "清石河", "river"], ["QSH-03", "清石河下段", "清石河", "river"],
	["TSG-01", "桃树沟", "桃树沟", "gully"], ["XD-01", "示例县道老街至松林段", "示例县道老街至松林段", "road"]];

/** Does a place belong to what `reach` asks for: "*", a river, a code? */
function ofReach(reach, place) {
	const r = REACHES.find(([code]) => code === place);

	return !!r && (reach === "*" || reach === r[0] || reach === r[2]);
}

function reachRows(m) {
	m.reaches ||= REACHES.map(([code, name, river, kind], i) => {
		const owing = m.town.overdue.filter((d) => d.target === code).length;
		const level = (l, n) => ({ level: l, today: { patrols: n % 2, valid: 0, owed: 1 }, month: { patrols: 3 + n, valid: 2 + n, owed: 4 }, year: { patrols: 20 + n, valid: 15 + n, owed: 22 } });

		return { code, name, river, kind, area: "990101100", area_name: "示例镇", length_m: 3000 + i, drawn: true, people_cut: 0,
			people: i === 4 ? [] : [{ person: `p-00${61 + i}`, person_name: `${"吴郑王冯陈褚"[i]}宁`, role: "chief", level: "town" }, { person: `p-00${67 + i}`, person_name: "卫平", role: "chief", level: "community" }],
			levels: kind === "road" ? [] : [level("town", i), level("community", i + 1)], patrols: { today: i, month: 12 + i, year: 60 + i },
			duties: { count: i === 2 ? 0 : 4, met: i === 1 ? 4 : i === 2 ? 0 : i % 3, overdue: owing, need: 7, done: i === 3 ? 0 : 3 + i },
			last_patrol: i === 5 ? null : { id: `d-0001.r${i}`, start: iso(Date.now() - i * 5 * 3600e3), person: "p-0061", person_name: "吴宁", valid: i % 2 === 0 }, open_cases: 0, open_hazards: 0 };
	});
	return m.reaches;
}

/** Patrols of today and of the days before, as the API gives them. */
function patrols(m) {
	m.patrols ||= Array.from({ length: 130 }, (_, i) => {
		const start = Date.now() - 60e3 - (i < 40 ? i * 60e3 : (i - 30) * 6 * 3600e3);
		const river = i % 5 === 0;

		return { id: `d-00${10 + (i % 80)}.p${i}`, device: `d-00${10 + (i % 80)}`, person: `p-00${10 + (i % 80)}`, person_name: `${"马李王石刘赵张陈"[i % 8]}某某`, actor: `p-00${10 + (i % 80)}`, actor_name: "",
			route: river ? "river" : "grid", target: river ? "LX-01" : "990101100003001", target_name: river ? "清石河上段" : "柳林01", area: "990101100003", area_name: "柳林社区", level: river ? "community" : "grid", river_patrol: river,
			start: iso(start), end: iso(start + 20 * 60e3), clear: true, valid: i % 4 !== 1, reasons: i % 4 === 1 ? [{ code: i % 8 === 1 ? "TOO_SHORT_TIME" : "NO_END", name: "" }] : [], rule: "dinghu", duration_s: 1200 + i, distance_m: 1000 + i * 10,
			coverage_permille: null, points: 40, dropped: 0, commit: 9000 + i };
	});
	return m.patrols;
}

function cases(m, q) {
	const now = Date.now();
	const area = (code) => m.town.areas.find((a) => a.code === code);

	return m.town.cases.concat(m.closed || []).filter((c) => (!q.class || c.class === q.class) && (!q.category || q.figure || c.category === q.category) && (!q.severity || String(c.severity) === q.severity)
		&& (!q.state || (q.state === "open" ? OPEN.includes(c.state) : c.state === q.state)) && (q.overdue !== "true" || (RUNNING.includes(c.state) && c.due !== null && c.due < now))
		&& (!q.scope || c.scope.startsWith(q.scope)) && (!q.reach || ofReach(q.reach, c.scope)) && (!q.q || c.title.includes(q.q)) && (!q.from || iso(c.at) >= q.from) && (!q.to || iso(c.at) < q.to))
		.sort((a, b) => b.at - a.at).map((c) => ({ ...c, at: iso(c.at), due: iso(c.due), scope_name: area(c.scope)?.name, reporter: "p-0055", reporter_name: "马某某", overdue: false, on_time: null, closed: null }));
}

function some(m, q) {
	const yes = (v) => (v === undefined ? null : v === "true");

	return patrols(m).filter((p) => (!q.route || p.route === q.route) && (!q.level || p.level === q.level) && (yes(q.valid) === null || p.valid === yes(q.valid)) && (yes(q.under_way) === null || (p.end === null) === yes(q.under_way)) && (yes(q.river) === null || p.river_patrol === yes(q.river))
		&& (!q.reason || p.reasons.some((r) => r.code === q.reason)) && (!q.scope || p.area.startsWith(q.scope) || p.target === q.scope) && (!q.reach || ofReach(q.reach, p.target)) && (!q.q || `${p.person_name}${p.target_name}`.includes(q.q)) && (!q.person || p.person === q.person)
		&& (!q.from || p.start >= q.from) && (!q.to || p.start < q.to));
}

const events = (m, q) => m.town.feed.filter((f) => (!q.kind || f.kind === q.kind) && (!q.person || f.person === q.person) && (!q.scope || f.scope.startsWith(q.scope)) && (!q.from || iso(f.at) >= q.from) && (!q.to || iso(f.at) < q.to))
	.sort((a, b) => b.commit - a.commit).map((f) => ({ commit: f.commit, event: `d-0001/e/${f.commit}`, device: "d-0001", kind: f.kind, person: f.person, person_name: "马某某", scope: f.scope, area: f.scope, at: iso(f.at), received: iso(f.at), committed: iso(f.at + 2000),
		imported: false, voided: f.commit % 7 === 0 && !q.counted, displaced: false, raw: { body: f.kind === "inspect" ? { topic: "gas_check", result: "ok", people: 2, object: "餐馆", vague: "gorge" } : { text: f.text } } }));

/** The answer to a GET of a list; null: it is none of these. @param {any} m @param {string} path @param {URLSearchParams} params */
const instantOf = (text) => Date.parse(text.length === 10 ? `${text}T00:00:00+08:00` : text);

export function listOf(m, path, params) {
	const q = Object.fromEntries(params);
	const name = { "/api/v1/cases": "cases", "/api/v1/patrols": "patrols", "/api/v1/events": "events" }[path];

	if (path === "/api/v1/reaches")
		return m.reachStatus ? { status: m.reachStatus, body: { code: "refused", detail: "the stand-in was told to refuse" } } : { status: 200, body: { as_of: m.commit, reaches: reachRows(m), next: null } };
	if (path === "/api/v1/alerts")
		return { status: 200, body: { as_of: m.commit, time: iso(Date.now()), next: null, alerts: [...m.town.alerts, ...(m.over || [])].filter((a) => (!q.from || a.at >= instantOf(q.from)) && (!q.to || a.at < instantOf(q.to)))
			.map((a) => ({ ...a, scope_name: a.place || null, person: a.person || null, person_name: a.name || null, raised: iso(a.at), at: iso(a.at), cleared: a.cleared ? iso(a.cleared) : null, acked_by_name: a.acked_name || null, acked_at: a.acked_at ? iso(a.acked_at) : null })) } };
	if (path === "/api/v1/catalogue")
		return { status: 200, body: { as_of: m.commit, categories: CATEGORIES.map(([cls, code, zh, en]) => ({ class: cls, code, name: zh, name_en: en })), rules: m.rules || [], calendar: [], cut: 0 } };
	if (path === "/api/v1/people") {
		const rows = m.town.devices.slice(0, 40).map((d, i) => ({ person: d.person, person_name: `${"马李王石刘赵张陈"[i % 8]}某某`, role: "worker", level: "grid", place: `990101100${String((i % 16) + 1).padStart(3, "0")}00${(i % 4) + 1}`, place_name: `网格${i}`, area: "", area_name: "",
			duties: 2, met: i % 3, overdue: i % 9 === 0 ? 1 : 0, last_patrol: i % 6 ? { id: `d-0001.p${i}`, start: iso(Date.now() - i * 3600e3), target: "990101100001001", target_name: "东街01", valid: true } : null }))
			.filter((p) => (!q.scope || p.place.startsWith(q.scope)) && (!q.q || p.person_name.includes(q.q)) && (!q.person || p.person === q.person));

		return { status: 200, body: { as_of: m.commit, people: rows, next: null } };
	}
	if (path === "/api/v1/owed")
		return { status: 200, body: { as_of: m.commit, next: null, owed: [] } };
	if (path === "/api/v1/overdue" || path === "/api/v1/duty") {
		const list = path.slice(8);
		const rows = m.town.overdue.filter((d) => (!q.level || d.level === q.level) && (!q.person || d.person === q.person) && (!q.reach || ofReach(q.reach, d.target)))
			.map((d) => ({ ...d, person_name: d.name, role: "worker", state: list === "duty" ? "on_track" : "due_soon", first: "2026-11-01", last: "2026-11-30", need: 2, done: 0, unit: "times", reason: null, overdue: iso(d.due), due: "2026-10-31", reminders: d.reminders || 0, reminded_at: iso(d.reminded_at), reminded_by: d.reminded_by || null }));

		return { status: 200, body: { as_of: m.commit, [list]: rows, next: null } };
	}
	if (!name)
		return null;
	m.asked = { path, q };
	if (m.listStatus)
		return { status: m.listStatus, body: { code: "refused", detail: "the stand-in was told to refuse" } };
	const all = name === "cases" ? cases(m, q) : name === "patrols" ? some(m, q) : events(m, q);
	const from = Number(q.cursor || 0);
	const to = from + Number(q.limit || 50);

	return { status: 200, body: { as_of: m.commit, time: iso(Date.now()), from: null, to: null, [name]: all.slice(from, to), ...(q.count === "true" && !from && { total: all.length, total_more: false }), next: to < all.length ? String(to) : null } };
}
