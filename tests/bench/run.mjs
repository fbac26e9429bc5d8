// run.mjs - the benchmarks: subject and reference in turns, the ratio of each pair, the median of the ratios.
// What is measured and how is said at each bench; what counts is the ratio, absolute figures stand beside it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { Proc, freePort, run } from '../lib/proc.mjs';
import { sleep, until } from '../lib/wait.mjs';
import { decade } from './decade.mjs';
import { BUILD, Place, ROOT, SCOPE, bin, drop, folder } from './place.mjs';

const PAIRS = Number(process.env.PAIRS ?? 5), EVENTS = Number(process.env.EVENTS ?? 200000);
const ROWS = Number(process.env.ROWS ?? 20000000), CONNS = 100, BYTES = 300;
const COMMIT_WINDOW_MS = 20; // what the bar on latency grants the commit
const MIB = 1024;
const results = [];

const median = (v) => {
	const s = [...v].sort((a, b) => a - b), n = s.length;
	return n % 2 ? s[(n - 1) / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
};
const say = (text) => console.error(text);
const f = (x, n = 2) => Number(x).toFixed(n);

/** One bar: met when value <= or >= limit. */
function bar(bench, subject, reference, value, sign, limit, more = {}) {
	const met = sign === '<=' ? value <= limit : value >= limit;
	results.push({ bench, subject, reference, value: Number(f(value, 4)), bar: `${sign} ${limit}`, met, ...more });
}

const turn = (list, i) => [...list.slice(i % list.length), ...list.slice(0, i % list.length)];

// ---------------------------------------------------------------- ingest
// 100 connections, in-flight window 20, EVENTS single events of 300 bytes; rate = events / (first publish -> last
// ack of the platform), for the discarding drain -> last message.  Every run has a new broker and a new
// database.  The peer must leave the same rows as the subject, or the run is void.

const AT_BASE = Date.now() - 60 * 86400000; // one base for all: both sides get the same bytes

function rowsOf(file) {
	const db = new Database(file, { readonly: true });
	const q = (sql) => JSON.stringify(db.prepare(sql).raw().all());
	const rows = {
		events: q(`SELECT s.device, s.epoch, e.seq, e.kind, e.at, e.person, e.scope, e.area, length(e.raw) FROM event e JOIN stream s ON s.id = e.stream ORDER BY 1, 2, 3`),
		streams: q('SELECT device, epoch, top, absent FROM stream ORDER BY 1, 2'),
		patrols: q(`SELECT device, name, start_at, start_epoch, start_seq, person, actor, route, target, end_at, end_epoch, end_seq, clear, tracks,
			t_day, t_area, t_level, t_route, t_river_level FROM patrol ORDER BY 1, 2`),
		tallies: q(`SELECT figure, level, category, area, span, n FROM tally WHERE n != 0 AND figure IN ('patrols', 'river_patrols', 'events') ORDER BY 1, 2, 3, 4, 5`),
		chunks: q('SELECT count(*), sum(n) FROM chunk'),
		chain: q(`SELECT count(*) FROM event e WHERE prev != 0 AND NOT EXISTS (SELECT 1 FROM event p WHERE p."commit" = e."commit" - e.prev AND p.stream = e.stream)`),
		links: q(`SELECT count(*) FROM event e WHERE link != 0 AND NOT EXISTS (SELECT 1 FROM event p WHERE p."commit" = e.link AND p.subject = e.subject)`),
	};
	db.close();
	return rows;
}

const publish = (p, more = []) => p.publisher(['--conns', CONNS, '--events', EVENTS, '--bytes', BYTES, '--at-base', AT_BASE, ...more]);

const ingestRuns = {
	async subject(p) {
		const ingest = await p.ingest();
		return { proc: ingest, ...(await loadOf(p, ingest)) };
	},
	async peer(p) {
		const peer = await p.peer(Number(process.env.PEER_ROWS ?? 2000), Number(process.env.PEER_MS ?? 50));
		return { proc: peer, ...(await loadOf(p, peer)) };
	},
	async drain(p) {
		const drain = await p.drain(EVENTS);
		const pub = await publish(p, ['--no-acks']);
		const broker = p.broker.cpu();
		pub.say('g');
		const { first_ns, cpu_s: publisher } = await pub.said(1, 120000), { last_ns, cpu_s } = await drain.said(1, 120000);
		return { rate: EVENTS / ((last_ns - first_ns) / 1e9), cpu: (cpu_s / EVENTS) * 1e6,
			broker: ((p.broker.cpu() - broker) / EVENTS) * 1e6, publisher: (publisher / EVENTS) * 1e6 };
	},
};

async function loadOf(p, consumer) {
	const pub = await publish(p);
	const before = [consumer, p.broker, pub].map((x) => x.cpu());
	pub.say('g');
	const r = await pub.said(1, 300000);
	const after = [consumer, p.broker].map((x) => x.cpu());
	if (r.acked !== EVENTS || r.otherwise) throw new Error(`not all was acknowledged: ${JSON.stringify(r)}\n${p.logs()}`);
	return { rate: r.rate, cpu: ((after[0] - before[0]) / EVENTS) * 1e6, broker: ((after[1] - before[1]) / EVENTS) * 1e6,
		publisher: (r.cpu_s / EVENTS) * 1e6, acks: r.acks };
}

async function ingest() {
	const turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const got = {};
		let rows;
		for (const name of turn(['subject', 'peer', 'drain'], i)) {
			const p = await Place.make(1000);
			try {
				got[name] = await ingestRuns[name](p);
				if (name !== 'drain') {
					await got[name].proc.stop();
					delete got[name].proc;
					const mine = rowsOf(p.path('town.db'));
					for (const k of Object.keys(rows ?? {}))
						if (mine[k] !== rows[k]) throw new Error(`ingest: subject and peer kept other ${k}:\n${rows[k].slice(0, 300)}\n${mine[k].slice(0, 300)}`);
					if (mine.chain !== '[[0]]' || mine.links !== '[[0]]') throw new Error('ingest: a chain is torn');
					rows = mine;
				}
			} finally {
				await p.end();
			}
		}
		turns.push(got);
		say(`ingest ${i + 1}/${PAIRS} (events/s, CPU us/event of itself + broker + publisher): ` + ['subject', 'peer', 'drain']
			.map((n) => `${n} ${f(got[n].rate, 0)} ${f(got[n].cpu, 1)}+${f(got[n].broker, 1)}+${f(got[n].publisher, 1)}`).join(', '));
	}
	const med = (pick) => median(turns.map(pick));
	const rate = (n) => `${f(med((t) => t[n].rate) / 1000, 1)}k/s`, cpu = (n) => `${f(med((t) => t[n].cpu), 1)} us`;
	bar('ingest: durable events/s', rate('subject'), `${rate('peer')} mqtt.js + better-sqlite3`, med((t) => t.subject.rate / t.peer.rate), '>=', 1.2, { turns });
	bar('ingest: CPU per event (aim 0.8)', cpu('subject'), `${cpu('peer')} mqtt.js + better-sqlite3`, med((t) => t.subject.cpu / t.peer.cpu), '<=', 1.0);
	bar('ingest: durable events/s (aim 0.75)', rate('subject'), `${rate('drain')} C, discards`, med((t) => t.subject.rate / t.drain.rate), '>=', 0.6);
}

// ---------------------------------------------------------------- before
// The plain path of this build against an older one: BEFORE=its folder (with bench/b_town built), same load.

async function before() {
	const old = path.resolve(process.env.BEFORE), turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const got = {};
		for (const [name, build] of turn([['now', BUILD], ['then', old]], i)) {
			const p = await Place.make(1000, build);
			try {
				got[name] = await loadOf(p, await p.ingest());
			} finally {
				await p.end();
			}
		}
		turns.push(got);
		say(`before ${i + 1}/${PAIRS} (events/s, CPU us/event): ` + ['now', 'then'].map((n) => `${n} ${f(got[n].rate, 0)} ${f(got[n].cpu, 1)}`).join(', '));
	}
	const med = (pick) => median(turns.map(pick));
	bar('plain path: durable events/s', `${f(med((t) => t.now.rate) / 1000, 1)}k/s`, `${f(med((t) => t.then.rate) / 1000, 1)}k/s BEFORE`, med((t) => t.now.rate / t.then.rate), '>=', 0.9, { turns });
	bar('plain path: CPU per event', `${f(med((t) => t.now.cpu), 1)} us`, `${f(med((t) => t.then.cpu), 1)} us BEFORE`, med((t) => t.now.cpu / t.then.cpu), '<=', 1.1);
}

// ---------------------------------------------------------------- growth
// intake in one process, two databases in turns; see b_growth.c.

async function growth() {
	const dir = folder();
	try {
		say(`growth: ${ROWS} rows in ${dir}`);
		const r = await run(bin('bench/b_growth'), [dir, '--rows', String(ROWS), '--base', String(Math.min(2000000, ROWS / 10)), '--pairs', String(PAIRS),
			'--step', String(Math.min(200000, ROWS / 100))], { ms: 3600000 });
		say(r.err.trimEnd());
		if (r.code !== 0) throw new Error(`b_growth: ${r.err}`);
		const j = JSON.parse(r.out);
		bar(`growth: CPU per row at ${f(ROWS / 1e6, 1)} million`, `${f(j.large_us)} us`, `${f(j.small_us)} us at ${f(Math.min(2, ROWS / 1e7), 1)} million`,
			median(j.ratios), '<=', 1.25, j);
	} finally {
		drop(dir);
	}
}

// ---------------------------------------------------------------- memory
// RssAnon, the highest of samples each 50 ms.  10,000 devices stay connected; each walks one patrol (12 events), 4,000
// events/s over all.

async function peak(proc, until) {
	let top = 0, done = false;
	until.finally(() => (done = true)).catch(() => {});
	do {
		top = Math.max(top, proc.anon());
		await sleep(50);
	} while (!done);
	return Math.max(top, proc.anon());
}

async function memory() {
	const n = Number(process.env.DEVICES ?? 10000);
	const p = await Place.make(n);
	try {
		const ingest = await p.ingest();
		const pub = await p.publisher(['--conns', n, '--events', n * 12, '--bytes', BYTES, '--at-base', AT_BASE, '--rate', 4000]);
		pub.say('g');
		const done = pub.said(1, 300000), top = await peak(ingest, done), r = await done;
		if (r.acked !== n * 12 || r.otherwise) throw new Error(`memory: not all was acknowledged: ${JSON.stringify(r)}\n${p.logs()}`);
		say(`memory: ingest ${f(top / MIB, 1)} MiB, ${f(r.rate, 0)}/s`);
		bar(`memory: ingest, ${n} devices`, `${f(top / MIB, 1)} MiB`, '-', top / MIB, '<=', 64);
	} finally {
		await p.end();
	}
}

// ---------------------------------------------------------------- return
// DEVICES phones come back to signal within RETURN_SECONDS, each with 50 events in its memory: it connects, says hello, sends them in one
// payload and waits for its acks.  Meanwhile one more device reports 20 hazards a second; how late is the live page (publish -> its row among the
// alerts of a WebSocket client)?  All must be acknowledged, and stand in the database once.

const HAZARDS = 20, HAZARD_MS = 20; // a second; ms between their times (LOAD_HAZARD_EVERY)

async function comeBack() {
	const n = Number(process.env.DEVICES ?? 10000), seconds = Number(process.env.RETURN_SECONDS ?? 60), each = 50, hazards = seconds * HAZARDS;
	const p = await Place.make(n + 1);
	try {
		const ingest = await p.ingest(), server = await p.server(), stamps = p.path('stamps'), base = Math.floor((Date.now() - 600000) / HAZARD_MS) * HAZARD_MS;
		const clients = await p.clients(['--alerts', '--stamps', stamps, '--count', hazards * HAZARD_MS, '--at-base', base, '--clients', 1, '--port', p.httpPort, '--path', '/api/v1/live',
			'--origin', `http://127.0.0.1:${p.httpPort}`, '--cookie', await p.cookie(), '--hello', JSON.stringify({ op: 'hello', scope: SCOPE, since: null })]);
		const probe = await p.publisher(['--first', n, '--conns', 1, '--events', hazards, '--bytes', BYTES, '--rate', HAZARDS, '--step', HAZARD_MS, '--mix', 'hazard', '--at-base', base, '--stamps', stamps]);
		const phones = await p.publisher(['--conns', n, '--events', n * each, '--batch', each, '--bytes', BYTES, '--at-base', AT_BASE, '--return', seconds]);
		const cpu = [ingest, server, p.broker].map((x) => x.cpu());
		clients.say('g');
		probe.say('g');
		phones.say('g');
		const done = phones.said(1, (seconds + 120) * 1000), seen = probe.said(1, (seconds + 120) * 1000);
		const [top, topServer, topBroker] = await Promise.all([ingest, server, p.broker].map((x) => peak(x, done)));
		const r = await done, q = await seen;
		await sleep(1000);
		const cores = [ingest, server, p.broker].map((x, i) => (x.cpu() - cpu[i]) / r.seconds);
		clients.say('q');
		const live = await clients.said(1);
		for (const [who, x, all] of [['phones', r, n * each], ['probe', q, hazards]])
			if (x.acked !== all || x.otherwise) throw new Error(`return: ${who}: not all was acknowledged: ${JSON.stringify(x)}\n${p.logs()}`);
		if (live.events !== hazards || live.gone) throw new Error(`return: ${live.events} of ${hazards} hazards came to the page: ${JSON.stringify(live)}`);
		await Promise.all([clients.ended, server.stop()]);
		await ingest.stop();
		const db = new Database(p.path('town.db'), { readonly: true });
		const one = (sql) => db.prepare(sql).pluck().get();
		const kept = { events: one('SELECT count(*) FROM event'), different: one('SELECT count(*) FROM (SELECT DISTINCT stream, seq FROM event)'),
			whole: one(`SELECT count(*) FROM stream WHERE top = ${each} AND length(absent) = 0`), otherwise: one('SELECT (SELECT count(*) FROM held) + (SELECT count(*) FROM reject) + (SELECT count(*) FROM conflict)') };
		db.close();
		say(`return: ${n} phones within ${seconds} s, ${n * each} events: all home ${f(r.seconds, 1)} s after the first connect, a phone in p50 ${r.home_p50_ms} p95 ${r.home_p95_ms} max ${r.home_max_ms} ms; ` +
			`page p50 ${live.p50_ms} p95 ${live.p95_ms} p99 ${live.p99_ms} max ${live.max_ms} ms; MiB: ingest ${f(top / MIB, 1)}, server ${f(topServer / MIB, 1)}, broker ${f(topBroker / MIB, 1)}; ` +
			`cores: ingest ${f(cores[0])}, server ${f(cores[1])}, broker ${f(cores[2])}; acks ${r.acks}; hellos ${r.hellos}; ${JSON.stringify(kept)}`);
		const lost = Math.abs(n * each + hazards - kept.events) + (kept.events - kept.different) + (n - kept.whole) + kept.otherwise;
		bar(`return: events lost, doubled or otherwise, of ${n * each + hazards}`, `${lost}`, '-', lost, '<=', 0, { kept, ...r });
		bar('return: live page, p95 in ms meanwhile', `${f(live.p95_ms)} ms`, '-', live.p95_ms, '<=', 1000, live);
		bar('return: ingest, MiB', `${f(top / MIB, 1)} MiB`, '-', top / MIB, '<=', 128);
	} finally {
		await p.end();
	}
}

// ---------------------------------------------------------------- latency
// Publish (moment of the write) -> feed row at a WebSocket client, 1,000 events/s over 100 connections, against a
// chain without a database: libmosquitto and libwebsockets in one loop.

const RATE = 1000, SECONDS = Number(process.env.BENCH_SECONDS ?? 10);

async function latencyRun(what) {
	const p = await Place.make(1000);
	try {
		const count = RATE * SECONDS, base = Date.now() - 600000, stamps = p.path('stamps');
		const args = ['--stamps', stamps, '--count', count, '--at-base', base, '--clients', 1];
		let clients;
		if (what === 'subject') {
			await p.ingest();
			await p.server();
			clients = await p.clients([...args, '--port', p.httpPort, '--path', '/api/v1/live', '--origin', `http://127.0.0.1:${p.httpPort}`,
				'--cookie', await p.cookie(), '--hello', JSON.stringify({ op: 'hello', scope: SCOPE, since: null })]);
		} else {
			const port = await freePort();
			await p.bridge(port);
			clients = await p.clients([...args, '--port', port]);
		}
		clients.say('g');
		const pub = await p.publisher(['--conns', 100, '--events', count, '--bytes', BYTES, '--rate', RATE, '--at-base', base, '--stamps', stamps,
			...(what === 'subject' ? [] : ['--no-acks'])]);
		pub.say('g');
		const sent = await pub.said(1, 120000);
		await sleep(500);
		clients.say('q');
		const r = await clients.said(1);
		r.untold = count - r.events; // counted as later than all others
		if (r.untold > count / 100) r.p99_ms = Infinity;
		if (r.untold > count / 10) throw new Error(`latency: ${what}: ${r.events} of ${count} events came to the client: ${JSON.stringify(r)} ${JSON.stringify(sent)}\n${p.logs()}`);
		return r;
	} finally {
		await p.end();
	}
}

async function latency() {
	const turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const got = {};
		for (const name of turn(['subject', 'bridge'], i)) got[name] = await latencyRun(name);
		turns.push(got);
		say(`latency ${i + 1}/${PAIRS}: subject p50 ${got.subject.p50_ms} p99 ${got.subject.p99_ms} ms (${got.subject.untold} rows beyond the feed's 50), bridge p50 ${got.bridge.p50_ms} p99 ${got.bridge.p99_ms} ms`);
	}
	for (const [q, times] of [['p50', 3], ['p99', 5]]) {
		const s = median(turns.map((t) => t.subject[`${q}_ms`])), b = median(turns.map((t) => t.bridge[`${q}_ms`]));
		const plain = median(turns.map((t) => t.subject[`${q}_ms`] / t.bridge[`${q}_ms`]));
		const less = median(turns.map((t) => Math.max(0, t.subject[`${q}_ms`] - COMMIT_WINDOW_MS) / t.bridge[`${q}_ms`]));
		bar(`latency: ${q} less ${COMMIT_WINDOW_MS} ms (plain ${f(plain, 1)} x)`, `${f(s)} ms`, `${f(b)} ms without a database`, less, '<=', times, { plain, turns });
	}
}

// ---------------------------------------------------------------- alerts
// A hazard among 1,000 events/s (every 20th): publish (moment of the write) -> its row among the alerts of a WebSocket client.
// The bar is in ms: what the contract promises, with the commit in it.

async function alertsRun() {
	const p = await Place.make(1000);
	try {
		const count = RATE * SECONDS, base = Math.floor((Date.now() - 600000) / 20) * 20, stamps = p.path('stamps');
		const ingest = await p.ingest(), server = await p.server();
		const clients = await p.clients(['--alerts', '--stamps', stamps, '--count', count, '--at-base', base, '--clients', 2, '--port', p.httpPort, '--path', '/api/v1/live',
			'--origin', `http://127.0.0.1:${p.httpPort}`, '--cookie', await p.cookie(), '--hello', JSON.stringify({ op: 'hello', scope: SCOPE, since: null })]);
		const before = [ingest, server].map((x) => x.cpu());
		clients.say('g');
		const pub = await p.publisher(['--conns', 100, '--events', count, '--bytes', BYTES, '--rate', RATE, '--mix', 'hazard', '--at-base', base, '--stamps', stamps]);
		pub.say('g');
		const sent = await pub.said(1, 120000);
		if (sent.acked !== sent.events || sent.otherwise) throw new Error(`alerts: not all was acknowledged: ${JSON.stringify(sent)}\n${p.logs()}`);
		await sleep(500);
		const cpu = [ingest, server].map((x, i) => (x.cpu() - before[i]) / SECONDS);
		clients.say('q');
		const r = await clients.said(1);
		if (r.events !== (count / 20) * 2) throw new Error(`alerts: ${r.events} of ${(count / 20) * 2} came: ${JSON.stringify(r)}\n${p.logs()}`);
		return { ...r, ingest: cpu[0], server: cpu[1] };
	} finally {
		await p.end();
	}
}

async function alerts() {
	const turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const t = await alertsRun();
		turns.push(t);
		say(`alerts ${i + 1}/${PAIRS}: p50 ${t.p50_ms} p99 ${t.p99_ms} max ${t.max_ms} ms, cores: ingest ${f(t.ingest)} server ${f(t.server)}`);
	}
	bar('alerts: p99 in ms at 1,000 events/s', `${f(median(turns.map((t) => t.p99_ms)))} ms`, '-', median(turns.map((t) => t.p99_ms)), '<=', 50, { turns });
}

// ---------------------------------------------------------------- live
// 1,000 clients of one scope, 10 frames/s of 300 bytes to 2 KB.  The frames that the first client of the subject's run got are
// replayed by npm ws at the same times.  Latency: from the bell (subject; the same that the server
// hears) or from the beginning of the send (ws) to each client, frames with a feed only: the others are
// gathered on purpose.  CPU: of the serving process, while the frames go out.

async function liveRun(clientsN) {
	const p = await Place.make(1000), dir = folder();
	try {
		const seconds = SECONDS, stamps = path.join(dir, 'stamps'), record = path.join(dir, 'record'), count = 65536, got = {};
		const args = ['--clients', clientsN, '--stamps', stamps, '--count', count];
		await p.ingest();
		const server = await p.server();
		const clients = await p.clients([...args, '--port', p.httpPort, '--path', '/api/v1/live', '--origin', `http://127.0.0.1:${p.httpPort}`, '--cookie',
			await p.cookie(), '--hello', JSON.stringify({ op: 'hello', scope: SCOPE, since: null }), '--bell', p.path('door.sock'), '--record', record]);
		// Small frames and larger ones: five payloads a second of one event, five of six.
		const pubs = [await p.publisher(['--conns', 10, '--events', 5 * seconds, '--bytes', BYTES, '--rate', 5]),
			await p.publisher(['--conns', 10, '--first', 10, '--events', 30 * seconds, '--bytes', BYTES, '--rate', 30, '--batch', 6])];
		clients.say('g');
		let cpu = server.cpu();
		pubs[0].say('g');
		await sleep(100); // in between each other
		pubs[1].say('g');
		const sent = Promise.all(pubs.map((x) => x.said(1, 120000))), top = await peak(server, sent);
		if ((await sent).some((r) => r.acked !== r.events || r.otherwise)) throw new Error('live: not all was acknowledged');
		await sleep(300);
		got.subject = { cpu: server.cpu() - cpu, anon: top };
		clients.say('q');
		Object.assign(got.subject, await clients.said(1));
		await Promise.all([clients.ended, server.stop()]);

		const ws = await p.replay(record, stamps);
		const others = await p.clients([...args, '--port', ws.port, '--hello', '{"op":"hello"}']);
		cpu = ws.cpu();
		others.say('g');
		ws.say('g');
		await sleep(seconds * 1000 + 500);
		got.ws = { cpu: ws.cpu() - cpu, anon: ws.anon() };
		others.say('q');
		Object.assign(got.ws, await others.said(1));
		for (const [who, r] of Object.entries(got)) // nearly 10 a second: two events may share a commit
			if (r.gone || r.samples < clientsN * seconds * 8 || r.frames_min !== r.frames_max || (r.snapshots && who === 'ws'))
				throw new Error(`live: ${who} lost frames: ${JSON.stringify(r)}\n${p.logs()}`);
		return got;
	} finally {
		await p.end();
		drop(dir);
	}
}

async function live() {
	const n = Number(process.env.CLIENTS ?? 1000), turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const t = await liveRun(n);
		turns.push(t);
		say(`live ${i + 1}/${PAIRS}: subject ${f(t.subject.cpu)} s CPU, p50 ${t.subject.p50_ms} p99 ${t.subject.p99_ms} ms, ${t.subject.deliveries} frames of ` +
			`${f(t.subject.bytes / t.subject.deliveries, 0)} bytes, ${f(t.subject.anon / MIB, 1)} MiB; ws ${f(t.ws.cpu)} s, p50 ${t.ws.p50_ms} p99 ${t.ws.p99_ms} ms, ` +
			`${t.ws.deliveries} frames, ${f(t.ws.anon / MIB, 1)} MiB`);
	}
	const per = (t, who) => t[who].cpu / t[who].deliveries, med = (pick) => median(turns.map(pick));
	bar(`live: CPU per frame, ${n} clients`, `${f(med((t) => per(t, 'subject')) * 1e6)} us`, `${f(med((t) => per(t, 'ws')) * 1e6)} us npm ws`,
		med((t) => per(t, 'subject') / per(t, 'ws')), '<=', 1.0, { turns });
	bar(`live: p99, ${n} clients`, `${f(med((t) => t.subject.p99_ms))} ms`, `${f(med((t) => t.ws.p99_ms))} ms npm ws`,
		med((t) => t.subject.p99_ms / t.ws.p99_ms), '<=', 1.0);
	bar(`memory: server, ${n} clients`, `${f(med((t) => t.subject.anon) / MIB, 1)} MiB`, '-', med((t) => t.subject.anon) / MIB, '<=', 64);
}

// ---------------------------------------------------------------- beat
// 1,000 clients that asked for a beat, and nothing happens: CPU of the server by the second, against the same without.

async function beatRun(clientsN, hello) {
	const p = await Place.make(10), dir = folder();
	try {
		await p.ingest();
		const server = await p.server();
		const clients = await p.clients(['--clients', clientsN, '--stamps', path.join(dir, 'stamps'), '--count', 1, '--port', p.httpPort, '--path', '/api/v1/live',
			'--origin', `http://127.0.0.1:${p.httpPort}`, '--cookie', await p.cookie(), '--hello', JSON.stringify({ op: 'hello', scope: SCOPE, ...hello })]);
		clients.say('g');
		const cpu = server.cpu();
		await sleep(SECONDS * 1000);
		const used = (server.cpu() - cpu) / SECONDS;
		clients.say('q');
		const r = await clients.said(1);
		if (r.gone || (hello.beat && r.frames_min < SECONDS)) throw new Error(`beat: too little was heard: ${JSON.stringify(r)}`);
		return { used, frames: r.deliveries / clientsN / SECONDS };
	} finally {
		await p.end();
		drop(dir);
	}
}

async function beat() {
	const n = Number(process.env.CLIENTS ?? 1000), turns = [];
	for (let i = 0; i < PAIRS; i++) {
		const t = { without: await beatRun(n, {}), subject: await beatRun(n, { beat: true }) };
		turns.push(t);
		say(`beat ${i + 1}/${PAIRS}: ${f(100 * t.subject.used)} % of a core, ${f(t.subject.frames)} frames/s each; without ${f(100 * t.without.used)} %, ${f(t.without.frames)}`);
	}
	const used = median(turns.map((t) => t.subject.used));
	bar(`beat: share of a core, ${n} clients`, `${f(100 * used)} %`, `${f(100 * median(turns.map((t) => t.without.used)))} % without`, used, '<=', 0.03, { turns });
}

// ----------------------------------------------------------------

// ---------------------------------------------------------------- fold
// A late event in a patrol of 5,000 points; see b_fold.c.

async function fold() {
	for (const event of [500, 50, 10]) {
		const dir = folder();
		try {
			const r = await run(bin('bench/b_fold'), [dir, '--event', String(event)], { ms: 600000 });
			if (r.code !== 0) throw new Error(`b_fold: ${r.err}`);
			const j = JSON.parse(r.out);
			bar(`fold: a late event among 5,000 points in events of ${event}`, `${f(j.late_ms)} ms`, `${f(j.sines_ms)} ms a million sines`, j.late_ms, '<=', 2, j);
		} finally {
			drop(dir);
		}
	}
}

// ---------------------------------------------------------------- sync
// The demo town with its 40 days, its broker and simulated phones stopped again: every phone's whole sync, and then REQUESTS times what is new
// (nothing), over one connection.  Wire: all bytes of request and answer on the socket.  CPU: of the server, over its answers to /livez, which
// stand for what any request costs, and without taking them off.

async function town() {
	const dir = folder(), name = path.join(dir, 'run'), ports = [await freePort(), await freePort()];
	const all = new Proc('run', path.join(ROOT, 'deploy/run.sh'), [BUILD, name, ...ports.map(String), '1']);
	await until(() => existsSync(path.join(name, 'ready')) || !all.alive, 'the demo town', 300000, 100);
	if (!all.alive) throw new Error(all.tail());
	await all.stop('SIGTERM', 30000);
	const phones = readFileSync(path.join(name, 'access.txt'), 'utf8').split('\n').filter((l) => l.startsWith('device ')).map((l) => l.split(' ').slice(1));
	return { dir, phones, port: ports[0], config: path.join(name, 'xunge.conf') };
}

/** One answer, and what it cost on the socket. */
const ask = (agent, port, path, [id, secret], headers = {}) => new Promise((ok, no) => {
	const rq = http.get({ agent, port, host: '127.0.0.1', path, headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, 'Accept-Encoding': 'gzip', ...headers } }, (r) => {
		const parts = [];
		r.on('data', (d) => parts.push(d)).on('end', () => {
			const body = Buffer.concat(parts), s = rq.reusedSocket ? rq.at : [0, 0];
			ok({ status: r.statusCode, headers: r.headers, bytes: body.length, wire: sock.bytesRead - s[0] + sock.bytesWritten - s[1], json: () => JSON.parse(r.headers['content-encoding'] ? gunzipSync(body) : body) });
		});
	});
	let sock;
	rq.on('socket', (s) => { sock = s; rq.at = [s.bytesRead, s.bytesWritten]; }).on('error', no);
});

async function sync() {
	const t = await town(), agent = new http.Agent({ keepAlive: true, maxSockets: 1 }), n = Number(process.env.REQUESTS ?? 5000);
	const server = new Proc('server', bin('xunge-server'), ['--config', t.config]);
	try {
		await server.line(/server: ready/);
		const whole = [], cursors = [], tags = [];
		for (const phone of t.phones) {
			const r = await ask(agent, t.port, '/api/v1/sync', phone);
			if (r.status !== 200) throw new Error(`sync: ${r.status}`);
			whole.push(r.bytes);
			cursors.push(r.json().cursor);
			tags.push(r.headers.etag);
		}
		const turns = [];
		for (let i = 0; i < PAIRS; i++) {
			const cost = async (path, headers, status) => {
				const before = server.cpu();
				let wire = 0;
				for (let k = 0; k < n; k++) {
					const r = await ask(agent, t.port, path(k % t.phones.length), t.phones[k % t.phones.length], headers(k % t.phones.length));
					if (r.status !== status) throw new Error(`sync: ${r.status}`);
					wire = Math.max(wire, r.wire);
				}
				return { us: ((server.cpu() - before) / n) * 1e6, wire };
			};
			turns.push({ news: await cost((k) => `/api/v1/sync?cursor=${cursors[k]}`, () => ({}), 200),
				tagged: await cost((k) => `/api/v1/sync?cursor=${cursors[k]}`, (k) => ({ 'If-None-Match': tags[k] }), 304), livez: await cost(() => '/livez', () => ({}), 200) });
			const u = turns.at(-1);
			say(`sync ${i + 1}/${PAIRS}: nothing new ${f(u.news.us, 0)} us, ${u.news.wire} bytes; with ETag ${f(u.tagged.us, 0)} us, ${u.tagged.wire} bytes; livez ${f(u.livez.us, 0)} us`);
		}
		const us = median(turns.map((u) => u.news.us)), wire = Math.max(...turns.flatMap((u) => [u.news.wire, u.tagged.wire])), full = Math.max(...whole);
		bar('sync: nothing new, server CPU in us', `${f(us, 0)} us`, `${f(median(turns.map((u) => u.livez.us)), 0)} us livez`, us, '<=', 200, { turns });
		bar('sync: nothing new, bytes of request and answer', `${wire}`, '-', wire, '<=', 1024);
		bar(`sync: whole, bytes of the largest of ${t.phones.length}, gzip`, `${full}`, `${f(median(whole), 0)} the median`, full, '<=', 20 * 1024);
	} finally {
		agent.destroy();
		await server.stop();
		drop(t.dir);
	}
}

const desk = async () => (await import('./desk.mjs')).desk({ bar, say, median, f, pairs: PAIRS });
const benches = { ingest, memory, return: comeBack, sync, latency, alerts, live, beat, growth, fold, decade: () => decade({ bar, say, median, f, pairs: PAIRS }), desk, ...(process.env.BEFORE ? { before } : {}) };
const chosen = (process.env.BENCH ?? '').split(',').filter(Boolean);
for (const name of chosen) if (!benches[name]) {
	console.error(`bench: no bench ${name}; there are ${Object.keys(benches).join(', ')}`);
	process.exit(2);
}
let failed = 0;
for (const [name, run1] of Object.entries(benches)) {
	if (chosen.length && !chosen.includes(name)) continue;
	try {
		await run1();
	} catch (e) {
		failed++;
		results.push({ bench: name, subject: 'failed', reference: '-', value: NaN, bar: '-', met: false, error: e.message });
		console.error(`bench: ${name}: ${e.message}`);
	}
}
writeFileSync(path.join(BUILD, 'bench/results.jsonl'), results.map((r) => `${JSON.stringify(r)}\n`).join(''));
const table = [['bench', 'subject', 'reference', 'ratio', 'bar', ''], ...results.map((r) => [r.bench, r.subject, r.reference, f(r.value), r.bar, r.met ? 'met' : 'MISSED'])];
const wide = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
for (const row of table) console.log(row.map((cell, i) => cell.padEnd(wide[i])).join('  ').trimEnd());
process.exit(failed || results.some((r) => !r.met) ? 1 : 0);
