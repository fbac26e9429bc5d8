// A stand-in for xunge-server: the live stream, sign-in and the static files, with levers that the
// real one does not have (gaps, silence, a lost right).  The pages' own tests use it; what must hold
// of the whole path is tested against the real daemons.
//   node mock.mjs [PORT]    serves an invented town that moves (zhang / demo)
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { listOf } from "./mocklists.mjs";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "../../server/web");
const TYPE = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const HEADERS = {
	"Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cache-Control": "no-cache",
};
const MAP = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../../deploy/demo/map.geojson"), "utf8")).features;
/** A position in the middle of a grid. */
const spot = (code) => {
	const f = MAP.find((x) => x.properties.code.startsWith(code) && x.geometry.type === "Polygon");

	return f ? [0, 1].map((i) => f.geometry.coordinates[0].reduce((s, c) => s + c[i], 0) / f.geometry.coordinates[0].length) : null;
};
/** A picture of one point. */
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const COMMUNITIES = ["东街", "西关", "柳林", "上湾", "后山", "新村", "南坪", "梁坪", "沙坝", "中街", "石沟", "石坪", "南桥", "下河", "桥头", "北山"];

/** The rows of an invented town. */
export function demoTown(now = Date.now()) {
	const areas = [{ code: "990101100", name: "示例镇", patrols_today: 97, due_today: null, open_cases: null }];
	const devices = [];

	COMMUNITIES.forEach((name, i) => {
		const code = `990101100${String(i + 1).padStart(3, "0")}`;

		areas.push({ code, name: `${name}社区`, patrols_today: (i * 7) % 12, due_today: null, open_cases: null });
		for (let g = 1; g <= 4; g++)
			areas.push({ code: `${code}00${g}`, name: `${name}0${g}`, patrols_today: (i + g) % 4, due_today: i === 3 ? null : 2, open_cases: i % 3 });
	});
	for (let i = 1; i <= 52; i++)
		devices.push({ device: `d-${String(i).padStart(4, "0")}`, person: `p-${String(i).padStart(4, "0")}`, online: i % 5 !== 3, seen: i === 8 ? null : now - i * 7000 - (i % 5 === 3 ? 5e6 : 0),
			queue: i % 9 === 0 ? i : i % 5 === 3 ? null : 0, missing: i === 12 ? 3 : 0, battery: i % 13 === 0 ? null : 100 - ((i * 11) % 90),
			loc: i % 3 ? spot(`990101100${String((i % 16) + 1).padStart(3, "0")}00${(i % 4) + 1}`) : null });
	const f = (id, level, category, today, month, year) => ({ id, level, category, today, month, year, due_today: null });

	return {
		figures: [
			f("river_patrols", "town", "", 1, 11, 127), f("river_patrols", "community", "", 9, 88, 450),
			f("patrols", "town", "river", 1, 11, 127), f("patrols", "community", "river", 7, 70, 400), f("patrols", "community", "gully", 2, 18, 50),
			f("patrols", "grid", "grid", 62, 1640, 15310), f("patrols", "grid", "road", 19, 512, 4402), f("patrols", "grid", "burning", 6, 158, 1828),
			f("events", "", "patrol.start", 97, 2409, 22117), f("events", "", "inspect", 4, 61, 702), f("events", "", "visit", 3, 40, 376),
			f("events", "", "case.report", 5, 113, 1204), f("events", "", "work", 2, 19, 133),
		],
		areas,
		...demoOffice(now),
		devices,
		feed: Array.from({ length: 50 }, (_, i) => ({ commit: 10000 + i, kind: ["patrol.start", "patrol.end", "inspect", "visit", "case.report"][i % 5], person: `p-00${10 + (i % 40)}`,
			scope: `990101100${String((i % 16) + 1).padStart(3, "0")}00${(i % 4) + 1}`, at: now - (50 - i) * 47e3, text: "" }))
			.map((r, i) => ({ ...r, text: `${"马李王石刘赵张陈"[i % 8]}某某 ${["开始巡查", "结束巡查", "专项检查", "入户走访", "上报"][i % 5]} ${COMMUNITIES[i % 16]}0${(i % 4) + 1}` })),
	};
}

/** Alerts, open cases and overdue duties of that town. */
function demoOffice(now) {
	const H = 3600e3;
	const kase = (id, cls, category, category_name, severity, title, n, state, level, holder, holder_name, due, at) => ({ id, class: cls, category, category_name, severity, title,
		scope: `990101100${String(n).padStart(3, "0")}`, loc: spot(`990101100${String(n).padStart(3, "0")}`), state, level, holder, holder_name, etag: "10001", due, at });
	const cases = [
		kase("case-01", "hazard", "geology", "地质灾害", 1, "后山坡体新增裂缝", 5, "reported", "community", null, "", null, now - 4 * 60e3),
		kase("case-02", "hazard", "gas", "燃气安全", 1, "餐馆燃气软管老化", 3, "in_progress", "town", "p-0107", "示例镇市场监管所", now + 3 * H, now - 20 * H),
		kase("case-03", "finding", "sewage", "污水直排", 2, "沟道管口污水直排", 9, "in_progress", "town", "p-0103", "示例镇水务站", now - 76 * H, now - 200 * H),
		kase("case-04", "finding", "encroachment", "侵占河道", 2, "岸边搭建鸡舍占用河滩", 6, "suspended", "town", "p-0103", "示例镇水务站", null, now - 480 * H),
		kase("case-05", "finding", "dumping", "倾倒建筑垃圾", 3, "河岸倾倒建筑垃圾", 2, "dispatched", "community", "p-0102", "示例镇综合执法队", now + 50 * H, now - 6 * H),
		kase("case-06", "appeal", "water_power", "水电", 3, "夜间水压不足", 11, "accepted", "community", null, "", now + 40 * H, now - 95 * 60e3),
		kase("case-07", "dispute", "land", "山林土地", 3, "林地边界争议", 12, "in_progress", "town", "p-0106", "示例镇司法所", now + 400 * H, now - 600 * H),
		kase("case-08", "rectify", "work_style", "作风", 3, "便民大厅午间无人值守", 5, "handled", "town", "p-0020", "何岭", now + 100 * H, now - 264 * H),
	];
	const alert = (id, type, severity, kase, title, scope, at, more = {}) => ({ id, type, severity, case: kase, title, scope, loc: null, at, state: "active", acked_by: null, acked_at: null, late: false, raised: at, ...more });

	return {
		cases,
		alerts: [
			alert("hazard:case-01", "hazard", 1, "case-01", "后山坡体新增裂缝", "990101100005", now - 4 * 60e3, { person: "p-0055", person_name: "马某某" }),
			alert("hazard:case-02", "hazard", 1, "case-02", "餐馆燃气软管老化", "990101100003", now - 20 * H, { acked_by: "p-0095", acked_name: "云冬", acked_at: now - 19.8 * H }),
			alert("case_overdue:case-03", "case_overdue", 2, "case-03", "沟道管口污水直排", "990101100009", now - 76 * H, { late: true }),
			alert("duty_overdue:p-0066", "duty_overdue", 3, null, "李某某 逾期未巡 清石河上段：应于11月22日前完成，本期应巡2次，已巡1次", "990101100008", now - 53 * H),
			alert("device_silent:d-0008", "device_silent", 4, null, "马某某的设备 d-0008 没有消息，最后一次 11-23 07:41", "990101100002", now - 26 * H, { acked_by: "p-0096", acked_name: "苏松", acked_at: now - 2 * H }),
		],
		overdue: [
			{ person: "p-0066", rule: "dinghu", target: "XD-01", target_name: "示例县道老街至松林段", name: "李某某", level: "town", due: now - 552 * H, days: 23 },
			{ person: "p-0009", rule: "grid_daily", target: "990101100002004", name: "冯春", level: "grid", due: now - 53 * H, days: 2 },
			{ person: "p-0022", rule: "grid_daily", target: "990101100006001", name: "张云", level: "grid", due: now - 29 * H, days: 1 },
		],
	};
}

/** What GET /api/v1/cases/{id} says of a row. */
function caseDetail(row, acts) {
	const iso = (ms) => (ms === null ? null : new Date(ms + 8 * 3600e3).toISOString().replace("Z", "+08:00"));
	const actions = { reported: ["ack", "accept", "decline", "urge", "void"], accepted: ["dispatch", "escalate", "extend", "urge", "void"], dispatched: ["urge", "extend", "void"],
		in_progress: ["dispatch", "escalate", "extend", "suspend", "urge", "void"], suspended: ["resume", "void"], handled: ["verify_pass", "verify_fail", "rate", "void"], closed: ["rate", "reopen", "void"] };

	return { ...row, at: iso(row.at), due: iso(row.due), scope_name: `${COMMUNITIES[Number(row.scope.slice(9)) - 1]}社区`, area: row.scope, area_name: "", reporter: "p-0055", reporter_name: "马某某",
		version: acts.length, on_time: null, result: "", rating: "", overdue: false, as_of: 10049, actions: actions[row.state] || [],
		timeline: acts.map((a) => ({ status: "in_force", parallel: false, code: null, detail: null, photos: [], text: a.action === "report" ? "坡下有两户。" : null, ...a, at: iso(a.at), received: iso(a.known || a.at), committed: iso(a.known || a.at) })) };
}

const KEYS = { figures: ["id", "level", "category"], areas: ["code"], alerts: ["id"], cases: ["id"], overdue: ["person", "rule", "target"], devices: ["device"], feed: ["commit"] };

/** Start it. @param {{port?: number, town?: any, tickMs?: number, demo?: boolean}} [opt] */
export async function startMock(opt = {}) {
	const m = {
		db: randomBytes(8).toString("hex"), commit: 10049, town: opt.town || demoTown(), user: "zhang", password: "demo", csrf: randomBytes(16).toString("hex"),
		sessions: new Set(), seen: [], posts: [], acts: new Map(), keys: new Map(), actStatus: null, actCode: null, roles: ["centre"], hellos: [], pings: [], mute: false, handlers: [], pages: "0123456789abcdef", refuse: null, source: { database: "ok", ingest: "ok", broker: "ok" }, scope: "990101100", log: new Map(),
	};
	const problem = (res, status, code, more = {}, detail = "") => {
		res.writeHead(status, { ...HEADERS, "Content-Type": "application/problem+json", ...more });
		res.end(JSON.stringify({ type: `/problems/${code}`, title: code, status, code, detail }));
	};
	const json = (res, status, body, more = {}) => {
		res.writeHead(status, { ...HEADERS, "Content-Type": "application/json", ...more });
		res.end(JSON.stringify(body));
	};
	const snapshot = () => ({ op: "snapshot", db: m.db, commit: m.commit, time: Date.now(), scope: m.scope, source: m.source, ...m.town });
	const session = (req) => m.sessions.has(((req.headers.cookie || "").match(/(?:^|; )xunge=(\w+)/) || [])[1]);
	const rights = () => ({ user: m.user, roles: m.roles, scope: m.scope, csrf: m.csrf, ...(m.fieldUrl && { url: m.fieldUrl }), ...(m.tiles && { tiles: m.tiles, tiles_credit: "底图" }), demo: opt.demo !== false });
	const body = async (req) => {
		let s = "";

		for await (const c of req)
			s += c;
		return JSON.parse(s);
	};
	const server = createServer(async (req, res) => {
		const path = new URL(req.url, "http://x").pathname;

		m.seen.push(`${req.method} ${path}`);
		if (path === "/api/v1/session" && req.method === "POST") {
			const b = await body(req);

			if (m.refuse)
				return problem(res, m.refuse, "refused", { "Retry-After": "7" });
			if (b.user !== m.user || b.password !== m.password)
				return problem(res, 401, "wrong_credentials");
			const token = randomBytes(16).toString("hex");

			m.sessions.add(token);
			const { demo: _, ...answer } = rights();

			return json(res, 200, answer, { "Set-Cookie": `xunge=${token}; HttpOnly; SameSite=Strict; Path=/` });
		}
		if (path === "/api/v1/session" && req.method === "DELETE") {
			if (req.headers["x-csrf-token"] !== m.csrf)
				return problem(res, 403, "csrf");
			m.sessions.clear();
			res.writeHead(204, HEADERS);
			return res.end();
		}
		if (path === "/api/v1/me")
			return session(req) ? json(res, 200, rights()) : problem(res, 401, "signed_out");
		if (path === "/version")
			return json(res, 200, { version: "1", schema: 1, db: m.db, pages: m.pages });
		if (path.startsWith("/api/v1/") && !session(req))
			return problem(res, 401, "signed_out");
		for (const h of m.handlers) // what a test answers by itself
			if (await h({ req, path, query: new URL(req.url, "http://x").searchParams, body: () => body(req), json: (...a) => json(res, ...a), problem: (...a) => problem(res, ...a) }))
				return;
		if (path === "/api/v1/live/snapshot")
			return json(res, 200, snapshot(), { "Cache-Control": "no-store" });
		const kase = /^\/api\/v1\/cases\/([^/]+?)(\/actions)?$/.exec(path);
		const alert = /^\/api\/v1\/alerts\/([^/]+)\/ack$/.exec(path);

		if (kase && !kase[2] && req.method === "GET") {
			const row = m.town.cases.find((c) => c.id === decodeURIComponent(kase[1]));

			return row ? json(res, 200, caseDetail(row, m.timeline(row)), { ETag: `"${row.etag}"` }) : problem(res, 404, "not_found");
		}
		if ((kase || alert) && req.method === "POST") {
			const b = await body(req);

			m.posts.push({ path, body: b, match: req.headers["if-match"], key: req.headers["idempotency-key"] });
			if (req.headers["x-csrf-token"] !== m.csrf)
				return problem(res, 403, "csrf");
			if (!req.headers["idempotency-key"])
				return problem(res, 400, "key");
			if (m.actStatus)
				return problem(res, m.actStatus, m.actCode || "refused", {}, "the stand-in was told to refuse");
			return alert ? m.signFor(res, decodeURIComponent(alert[1])) : m.act(res, decodeURIComponent(kase[1]), b, req.headers);
		}
		if (path === "/api/v1/reminders" && req.method === "POST") {
			const b = await body(req);
			const row = m.town.overdue.find((o) => o.person === b.person && o.rule === b.rule && o.target === b.target);

			m.posts.push({ path, body: b });
			if (req.headers["x-csrf-token"] !== m.csrf)
				return problem(res, 403, "bad_csrf");
			if (m.actStatus || !row)
				return problem(res, m.actStatus || 404, m.actCode || "not_found");
			m.change({ overdue: [{ ...row, reminders: (row.reminders || 0) + 1, reminded_at: Date.now(), reminded_by: "p-0095", reminded_name: "云冬" }] });
			return json(res, 200, { ...b, count: (row.reminders || 0) + 1, at: new Date().toISOString(), by: "p-0095", by_name: "云冬", commit: m.commit });
		}
		const letin = /^\/api\/v1\/devices\/([^/]+)\/code$/.exec(path);

		if (letin && req.method === "POST") {
			const b = await body(req);

			m.posts.push({ path, body: b });
			if (req.headers["x-csrf-token"] !== m.csrf)
				return problem(res, 403, "bad_csrf");
			if (m.actStatus)
				return problem(res, m.actStatus, m.actCode || "refused", {}, "the stand-in was told to refuse");
			return json(res, 200, { token: "A".repeat(43), path: `/field/#/enrol/${"A".repeat(43)}`, device: letin[1], person: b.person || "p-0001", name: "马某某", district: "990101", until: "2026-11-25T08:00:00.000+08:00" });
		}
		const layer = /^\/api\/v1\/(areas|reaches)\.geojson$/.exec(path);

		if (layer)
			return json(res, 200, { type: "FeatureCollection", features: m.shapes === false ? [] : MAP.filter((f) => (f.geometry.type === "Polygon") === (layer[1] === "areas"))
				.map((f) => ({ ...f, properties: { code: f.properties.code, name: m.town.areas.find((a) => a.code === f.properties.code)?.name || f.properties.code, river: "", kind: "river" } }))
				.concat(layer[1] === "areas" ? m.town.areas.filter((a) => a.code.length === 12).map((a) => ({ type: "Feature", geometry: null, properties: { code: a.code, name: a.name } })) : []), cut: 0 });
		m.asks = [...(m.asks || []).slice(-50), req.url];
		if (path === "/api/v1/series") {
			const days = (level) => Array.from({ length: 30 }, (_, i) => ({ day: new Date(Date.now() + 8 * 3600e3 - (29 - i) * 864e5).toISOString().slice(0, 10), value: 40 + ((i * 7) % 23) - (level === "grid" ? 0 : 36 + (i % 4)) }));

			return json(res, 200, { as_of: m.commit, series: new URL(req.url, "http://x").searchParams.get("level").split(",").map((level) => ({ level, days: days(level) })) });
		}
		if (path === "/api/v1/figures")
			return json(res, 200, { as_of: m.commit, figures: ["", "hazard", "finding", "appeal", "dispute", "rectify"].flatMap((c, i) => [["cases_received", 20 + i], ["cases_closed", 17 + i]]
				.map(([id, value]) => ({ id, category: c, level: "", value, display: String(value) })).concat([{ id: "case_close_rate", category: c, level: "", value: 80, numerator: 12 + i, denominator: 15 + i, display: `${((100 * (12 + i)) / (15 + i)).toFixed(2)}%`, definition: "case_close_rate/1" }])) });
		const rows = listOf(m, path, new URL(req.url, "http://x").searchParams);

		if (rows)
			return rows.status === 200 ? json(res, 200, rows.body) : problem(res, rows.status, rows.body.code, {}, rows.body.detail);
		if (path.startsWith("/api/v1/files/") && m.photos !== false) {
			res.writeHead(200, { ...HEADERS, "Content-Type": "image/png" });
			return res.end(PNG);
		}
		if (path.startsWith("/api/v1/exports/")) {
			res.writeHead(200, { ...HEADERS, "Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="list.csv"' });
			return res.end("id\r\n");
		}
		const one = /^\/api\/v1\/patrols\/([^/]+?)(\/track\.geojson)?$/.exec(path);

		if (one)
			return one[2] ? json(res, 200, { type: "FeatureCollection", features: [{ type: "Feature", id: "lines", geometry: { type: "MultiLineString", coordinates: [[[104.90, 33.37], [104.91, 33.38]], [[104.92, 33.385], [104.93, 33.39]]] }, properties: {} }], cut: false })
				: json(res, 200, { device: "d-0001", person: "p-0001", person_name: "马某某", actor: "p-0001", route: "river", target: "LX-01", target_name: "清石河上段", level: "community", river_patrol: true, start: "2026-11-24T08:01:00.000+08:00", end: null,
					valid: false, reasons: [{ code: "NO_END", name: "未结束" }], rule: "dinghu", duration_s: 1420, distance_m: 1834, coverage_permille: 412, points: 133, dropped: 4, commit: 9, clear: null, substitute: null, asked: { min_minutes: 5, min_metres: 300, min_gap_hours: null, min_coverage_permille: null }, findings: [] });
		const file = normalize(path === "/" ? "/index.html" : path);
		const data = await readFile(join(WEB, file)).catch(() => null);

		if (!data)
			return problem(res, 404, "not_found");
		res.writeHead(200, { ...HEADERS, "Content-Type": TYPE[extname(file)] || "text/plain" });
		res.end(data);
	});
	const wss = new WebSocketServer({ noServer: true, handleProtocols: (p) => (p.has("xunge.live.v1") ? "xunge.live.v1" : false) });

	server.on("upgrade", (req, sock, head) => {
		if (!session(req)) {
			sock.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
			return;
		}
		wss.handleUpgrade(req, sock, head, (ws) => {
			ws.on("message", (raw) => {
				const msg = JSON.parse(String(raw));

				m[msg.op === "ping" ? "pings" : "hellos"].push(msg);
				if (m.mute)
					return;
				if (typeof msg.beat === "boolean")
					ws.beat = msg.beat;
				if (msg.op === "ping")
					return ws.send(JSON.stringify({ op: "pong", time: Date.now() }));
				const resumable = msg.db === m.db && typeof msg.since === "number" && msg.since <= m.commit;

				ws.sent = m.commit;
				ws.send(JSON.stringify(resumable
					? { op: "delta", from: msg.since, commit: m.commit, time: Date.now(), source: m.source, ...since(msg.since) }
					: snapshot()));
			});
		});
	});
	// rows changed after a commit, by member
	const since = (c) => {
		const out = {};

		for (const [at, members] of m.log)
			if (at > c)
				for (const [k, rows] of Object.entries(members))
					out[k] = [...(out[k] || []).filter((r) => !rows.some((n) => KEYS[k].every((x) => x in n && n[x] === r[x]))), ...rows];
		return out;
	};
	const send = (msg, to = () => true) => {
		if (!m.mute)
			for (const ws of wss.clients)
				if (to(ws))
					ws.send(JSON.stringify(msg));
	};
	const tick = () => send({ op: "tick", commit: m.commit, time: Date.now(), source: m.source });
	const timer = setInterval(tick, opt.tickMs || 15e3);
	const beat = setInterval(() => send({ op: "pong", time: Date.now() }, (ws) => ws.beat), 700);
	const listen = (port) => new Promise((ok, fail) => server.once("error", fail).listen(port, "127.0.0.1", () => ok(null)));

	await listen(opt.port || 0);
	m.port = server.address().port;
	m.url = `http://127.0.0.1:${m.port}/`;
	/** What it has its records from answers, or does not; everybody is told. */
	m.sources = (source) => {
		m.source = { database: "ok", ingest: "ok", broker: "ok", ...source };
		tick();
	};
	/** Change rows (a row with gone: true is taken away) and tell everybody. */
	m.change = (members, { from = m.commit, tell = true } = {}) => {
		for (const [k, rows] of Object.entries(members))
			for (const r of rows) {
				m.town[k] = m.town[k].filter((o) => !KEYS[k].every((x) => o[x] === r[x]));
				if (!r.gone)
					m.town[k].push(r);
			}
		m.commit++;
		m.log.set(m.commit, members);
		if (tell)
			send({ op: "delta", from, commit: m.commit, time: Date.now(), ...members });
	};
	/** Acts of a case so far. */
	m.timeline = (row) => {
		if (!m.acts.has(row.id))
			m.acts.set(row.id, [{ action: "report", person: "p-0055", person_name: "马某某", at: row.at, known: row.at + (row.id === "case-03" ? 7200e3 : 1000), photos: [{ sha256: "0".repeat(64), role: "before" }] }]
				.concat(row.state === "reported" ? [] : [{ action: "accept", person: "p-0095", person_name: "云冬", at: row.at + 60e3 }])
				.concat(row.id === "case-03" ? [{ action: "handle", person: "p-0103", person_name: "示例镇水务站", at: row.at + 90e3, status: "held", code: "illegal_transition", detail: "handle: from in_progress only", note: "已疏通" }] : []));
		return m.acts.get(row.id);
	};
	/** Somebody acts: the row moves on, everybody is told. */
	m.moves = (id, act, more = {}) => {
		const row = m.town.cases.find((c) => c.id === id);

		m.timeline(row).push({ person: "p-0099", person_name: "奚柏", at: Date.now(), ...act });
		m.change({ cases: [{ ...row, ...more, etag: String(m.commit + 1) }] }, { tell: m.telling !== false });
	};
	m.act = (res, id, b, headers) => {
		const row = m.town.cases.find((c) => c.id === id);
		const known = m.keys.get(headers["idempotency-key"]);
		const to = { accept: "accepted", dispatch: "dispatched", verify_pass: "closed", verify_fail: "in_progress", suspend: "suspended", resume: "in_progress", decline: "declined" };

		if (known)
			return json(res, 200, known);
		if (!row)
			return problem(res, 404, "not_found");
		if (headers["if-match"] !== `"${row.etag}"`)
			return problem(res, 412, "changed", { ETag: `"${row.etag}"` });
		m.moves(id, { ...b, person: "p-0095", person_name: "云冬" }, { state: to[b.action] || row.state, ...(b.to ? { holder: b.to, holder_name: "" } : {}) });
		const answer = { case: id, commit: m.commit, etag: String(m.commit), state: to[b.action] || row.state };

		m.keys.set(headers["idempotency-key"], answer);
		return json(res, 200, answer, { ETag: `"${m.commit}"` });
	};
	m.signFor = (res, id) => {
		const row = m.town.alerts.find((a) => a.id === id);

		if (!row)
			return problem(res, 404, "not_found");
		m.change({ alerts: [{ ...row, acked_by: "p-0095", acked_name: "云冬", acked_at: Date.now() }] });
		return json(res, 200, { alert: id, acked_by: "p-0095", acked_at: Date.now(), commit: m.commit });
	};
	m.send = send;
	m.count = () => wss.clients.size;
	/** End every connection, and listen no more. */
	m.down = () => new Promise((ok) => {
		for (const ws of wss.clients)
			ws.terminate();
		server.close(() => ok(null));
		server.closeAllConnections();
	});
	m.up = () => listen(m.port);
	m.closeAll = (code) => wss.clients.forEach((ws) => ws.close(code));
	m.stop = async () => {
		clearInterval(timer);
		clearInterval(beat);
		await m.down();
	};
	return m;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const m = await startMock({ port: Number(process.argv[2] || 8090) });

	console.log(`${m.url}  ${m.user} / ${m.password}`);
	setInterval(() => {
		const fig = m.town.figures.find((r) => r.id === "patrols" && r.level === "grid" && r.category === "grid");
		const area = m.town.areas[1 + Math.floor(Math.random() * (m.town.areas.length - 1))];

		m.change({
			figures: [{ ...fig, today: fig.today + 1, month: fig.month + 1, year: fig.year + 1 }],
			areas: [{ ...area, patrols_today: area.patrols_today + 1 }],
			feed: [{ commit: m.commit + 1, kind: "patrol.start", person: "p-0007", scope: area.code, at: Date.now(), text: `马某某 开始巡查 ${area.name}` }],
		});
	}, 2500);
}
