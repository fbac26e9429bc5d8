// ref_peer.mjs - reference: the ingest a good Node programmer would write.  mqtt.js + better-sqlite3,
// batches of ROWS rows or WINDOW ms, WAL, synchronous=FULL, acks after the commit, one for each
// (device, epoch).  It keeps the same rows in the same tables as the platform: events with their
// chains, streams with their windows, chunks, patrols, tallies, device states, batches; run.mjs
// compares the tables of both.  What it leaves out makes it faster, not slower: no field by field
// check of bodies, no held events, no rejects by district, no look at the content of duplicates.
//
//   node ref_peer.mjs DB SOCKET USER PASSWORD [ROWS] [WINDOW_MS]
import net from 'node:net';
import process from 'node:process';
import Database from 'better-sqlite3';
import mqtt from 'mqtt';

const [file, socket, user, password, rowsArg, windowArg] = process.argv.slice(2);
const ROWS = Number(rowsArg ?? 2000), WINDOW_MS = Number(windowArg ?? 50), CHUNK = 256, SEEN_EVERY_MS = 5000;
const KINDS = ['', 'patrol.start', 'patrol.track', 'patrol.end', 'patrol.substitute', 'inspect', 'visit', 'work',
	'household', 'case.report', 'case.act', 'sos', 'status', 'void'];
const kindOf = new Map(KINDS.map((k, i) => [k, i]));

const db = new Database(file);
for (const p of ['journal_mode=WAL', 'synchronous=FULL', 'wal_autocheckpoint=4000', 'journal_size_limit=67108864',
	'secure_delete=OFF', 'foreign_keys=ON', 'cache_size=-16384', 'temp_store=MEMORY']) db.pragma(p);

const q = {
	begin: db.prepare('BEGIN IMMEDIATE'),
	commit: db.prepare('COMMIT'),
	event: db.prepare('INSERT INTO event("commit", stream, seq, prev, kind, at, recv, person, scope, subject, link, flags, raw, area) VALUES(?,?,?,?,?,?,?,?,?,?,?,0,?,?)'),
	batch: db.prepare('INSERT INTO batch(rev, last, time) VALUES(?,?,?)'),
	stream: db.prepare('SELECT * FROM stream WHERE device = ? AND epoch = ?'),
	streamPut: db.prepare('INSERT INTO stream(id, device, epoch, top, absent, last, chunk_n, chunk_lo, chunk_hi, answers) VALUES(?,?,?,?,?,?,?,?,?,0)'),
	streamSet: db.prepare('UPDATE stream SET top = ?, absent = ?, last = ?, chunk_n = ?, chunk_lo = ?, chunk_hi = ? WHERE id = ?'),
	chunk: db.prepare('INSERT INTO chunk(stream, last, n, lo, hi) VALUES(?,?,?,?,?)'),
	patrol: db.prepare('SELECT * FROM patrol WHERE device = ? AND name = ?'),
	patrolPut: db.prepare('INSERT INTO patrol(id, device, name, last, start_at, start_epoch, start_seq, person, actor, route, target, end_at, end_epoch, end_seq, clear, tracks, t_day, t_area, t_level, t_route, t_river_level, "commit") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)'),
	patrolSet: db.prepare('UPDATE patrol SET last=?, start_at=?, start_epoch=?, start_seq=?, person=?, actor=?, route=?, target=?, end_at=?, end_epoch=?, end_seq=?, clear=?, tracks=?, t_day=?, t_area=?, t_level=?, t_route=?, t_river_level=?, "commit"=? WHERE id=?'),
	tally: db.prepare('INSERT INTO tally(figure, area, level, category, span, n, "commit") VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET n = n + excluded.n, "commit" = excluded."commit"'),
	device: db.prepare('INSERT INTO device_state(device, online, seen, queue, missing, holes, rev) VALUES(?,0,?,NULL,?,0,?) ON CONFLICT DO UPDATE SET seen = excluded.seen, missing = excluded.missing, rev = excluded.rev'),
};

// The registry, read once.
const people = new Map(), places = new Map(), devices = new Map();
for (const r of db.prepare('SELECT id FROM person WHERE until IS NULL').all()) people.set(r.id, []);
for (const r of db.prepare('SELECT * FROM appointment WHERE until IS NULL').all()) people.get(r.person)?.push(r);
for (const r of db.prepare('SELECT code FROM area WHERE until IS NULL').all()) places.set(r.code, r.code);
for (const r of db.prepare('SELECT code, area FROM reach WHERE until IS NULL').all()) places.set(r.code, r.area);
for (const r of db.prepare('SELECT id, person, district, revoked FROM device WHERE until IS NULL').all()) devices.set(r.id, r);

let commitNo = db.prepare('SELECT coalesce(max(last), 0) n FROM batch').get().n;
let rev = db.prepare('SELECT coalesce(max(rev), 0) n FROM batch').get().n;
let nextStream = db.prepare('SELECT coalesce(max(id), 0) + 1 n FROM stream').get().n;
let nextPatrol = db.prepare('SELECT coalesce(max(id), 0) + 1 n FROM patrol').get().n;
const streams = new Map(), patrols = new Map();
let pending = [], timer = null, stored = 0, duplicates = 0, refused = 0, batches = 0;

function streamOf(device, epoch, districtTopic, person) {
	const key = device + ' ' + epoch;
	let s = streams.get(key);
	if (s) return s;
	const r = q.stream.get(device, epoch);
	s = r ? { id: r.id, device, epoch, top: r.top, absent: parseAbsent(r.absent), last: r.last, n: r.chunk_n, lo: r.chunk_lo, hi: r.chunk_hi, fresh: false }
		: { id: 0, device, epoch, top: 0, absent: [], last: 0, n: 0, lo: 0, hi: 0, fresh: true };
	s.district = districtTopic;
	s.person = person;
	s.seen = s.missing = 0;
	s.dirty = false;
	s.commit = 0;
	streams.set(key, s);
	return s;
}

const parseAbsent = (t) => t ? t.split(' ').map((x) => x.replace('!', '').split('-').map(Number)) : [];

// The window: highest number, and the absent ranges below it.  False: it came before.
function take(s, seq) {
	if (seq > s.top) {
		if (seq > s.top + 1) s.absent.push([s.top + 1, seq - 1]);
		s.top = seq;
		return true;
	}
	for (let i = 0; i < s.absent.length; i++) {
		const [lo, hi] = s.absent[i];
		if (seq < lo || seq > hi) continue;
		const parts = [];
		if (seq > lo) parts.push([lo, seq - 1]);
		if (seq < hi) parts.push([seq + 1, hi]);
		s.absent.splice(i, 1, ...parts);
		return true;
	}
	return false;
}

function patrolOf(device, name) {
	const key = device + ' ' + name;
	let p = patrols.get(key);
	if (p) return p;
	p = q.patrol.get(device, name);
	if (p) p.fresh = false;
	else p = { id: 0, device, name, last: 0, start_at: null, start_epoch: null, start_seq: null, person: null, actor: null, route: null,
		target: null, end_at: null, end_epoch: null, end_seq: null, clear: null, tracks: 0, t_day: null, t_area: null, t_level: null,
		t_route: null, t_river_level: null, commit: 0, fresh: true };
	p.dirty = false;
	if (patrols.size >= 65536) patrols.clear();
	patrols.set(key, p);
	return p;
}

const DAY = 86400000, EAST = 8 * 3600000;
const spanCache = new Map();
function spans(day) {
	let s = spanCache.get(day);
	if (!s) {
		const d = new Date(day * DAY);
		const y = d.getUTCFullYear(), m = y * 100 + d.getUTCMonth() + 1;
		s = [m * 100 + d.getUTCDate(), m, y];
		if (spanCache.size > 5000) spanCache.clear();
		spanCache.set(day, s);
	}
	return s;
}

function appointment(person, role, target, day) {
	const area = places.get(target) ?? '';
	let best = null, rank = -1;
	for (const a of people.get(person) ?? []) {
		if (role && a.role !== role) continue;
		if (a.valid_from > day || (a.valid_to !== null && a.valid_to < day)) continue;
		const r = a.scope === target ? 100 : area.startsWith(a.scope) ? a.scope.length : 0;
		if (r > rank) rank = r, best = a;
	}
	return best;
}

const before = (at, epoch, seq, pat, pepoch, pseq) =>
	pseq === null || at < pat || (at === pat && (epoch < pepoch || (epoch === pepoch && seq < pseq)));

let tallies = new Map();
function tally(figure, level, category, area, day, n) {
	for (const span of spans(day)) {
		const key = figure + '|' + level + '|' + category + '|' + area + '|' + span;
		const t = tallies.get(key);
		if (t) t.n += n;
		else tallies.set(key, { figure, level, category, area, span, n });
	}
}

function fold(p, ev, when) {
	if (ev.kind === 'patrol.track') { p.tracks++; return; }
	if (ev.kind === 'patrol.start' && before(when, ev.epoch, ev.seq, p.start_at, p.start_epoch, p.start_seq)) {
		p.start_at = when; p.start_epoch = ev.epoch; p.start_seq = ev.seq;
		p.actor = ev.person; p.person = ev.body.for ?? ev.person;
		p.route = ev.body.route; p.target = ev.body.target;
	} else if (ev.kind === 'patrol.end' && before(when, ev.epoch, ev.seq, p.end_at, p.end_epoch, p.end_seq)) {
		p.end_at = when; p.end_epoch = ev.epoch; p.end_seq = ev.seq; p.clear = ev.body.clear ? 1 : 0;
	}
}

// What the patrol adds to the tallies; the difference to what it added before.
function share(p) {
	if (p.start_seq === null) return;
	const day = Math.floor((p.start_at + EAST) / DAY), area = places.get(p.target) ?? '';
	const a = appointment(p.person, null, p.target, day);
	const c = p.route === 'river' || p.route === 'gully' ? appointment(p.person, 'chief', p.target, day) : null;
	const level = (c ?? a)?.level ?? '', river = c ? c.level : null;
	if (p.t_day === day && p.t_area === area && p.t_level === level && p.t_route === p.route && p.t_river_level === river) return;
	if (p.t_day !== null) {
		tally('patrols', p.t_level, p.t_route, p.t_area, p.t_day, -1);
		if (p.t_river_level !== null) tally('river_patrols', p.t_river_level, '', p.t_area, p.t_day, -1);
	}
	p.t_day = day; p.t_area = area; p.t_level = level; p.t_route = p.route; p.t_river_level = river;
	tally('patrols', level, p.route, area, day, 1);
	if (river !== null) tally('river_patrols', river, '', area, day, 1);
}

function flush() {
	if (timer) clearTimeout(timer), timer = null;
	if (!pending.length) return;
	const work = pending, now = Date.now(), touched = [], folded = [];
	pending = [];
	q.begin.run();
	rev++;
	for (const { s, ev, raw } of work) {
		const commit = ++commitNo, when = ev.at + (ev.off ?? 0);
		let subject = 0, link = 0;
		if (!s.dirty) {
			s.dirty = true;
			touched.push(s);
			if (s.fresh && !s.id) s.id = nextStream++;
		}
		if (ev.kind === 'patrol.start' || ev.kind === 'patrol.track' || ev.kind === 'patrol.end' || ev.kind === 'patrol.substitute') {
			const p = patrolOf(s.device, ev.body.patrol);
			if (!p.id) p.id = nextPatrol++;
			subject = p.id;
			link = p.last;
			p.last = p.commit = commit;
			if (!p.dirty) p.dirty = true, folded.push(p);
			fold(p, ev, when);
		}
		const prev = s.last ? commit - s.last : 0;
		s.last = s.commit = commit;
		if (s.n === 0 || ev.seq < s.lo) s.lo = ev.seq;
		if (s.n === 0 || ev.seq > s.hi) s.hi = ev.seq;
		if (++s.n === CHUNK) {
			q.chunk.run(s.id, commit, s.n, s.lo, s.hi);
			s.n = 0;
		}
		q.event.run(commit, s.id, ev.seq, prev, kindOf.get(ev.kind), when, now, ev.person ?? s.person, ev.scope ?? null, subject, link, raw, ev.scope === undefined ? null : places.get(ev.scope));
		// Patrols have figures of their own: their events are counted without an area.
		tally('events', '', ev.kind, subject ? '' : places.get(ev.scope) ?? '', Math.floor((when + EAST) / DAY), 1);
	}
	for (const p of folded) {
		p.dirty = false;
		share(p);
		if (p.fresh) {
			p.fresh = false;
			q.patrolPut.run(p.id, p.device, p.name, p.last, p.start_at, p.start_epoch, p.start_seq, p.person, p.actor, p.route, p.target,
				p.end_at, p.end_epoch, p.end_seq, p.clear, p.tracks, p.t_day, p.t_area, p.t_level, p.t_route, p.t_river_level, p.commit);
		} else {
			q.patrolSet.run(p.last, p.start_at, p.start_epoch, p.start_seq, p.person, p.actor, p.route, p.target,
				p.end_at, p.end_epoch, p.end_seq, p.clear, p.tracks, p.t_day, p.t_area, p.t_level, p.t_route, p.t_river_level, p.commit, p.id);
		}
	}
	for (const s of touched) {
		const absent = s.absent.map(([lo, hi]) => `${lo}-${hi}`).join(' ');
		if (s.fresh) {
			s.fresh = false;
			q.streamPut.run(s.id, s.device, s.epoch, s.top, absent, s.last, s.n, s.lo, s.hi);
		} else {
			q.streamSet.run(s.top, absent, s.last, s.n, s.lo, s.hi, s.id);
		}
		const missing = s.absent.reduce((n, [lo, hi]) => n + hi - lo + 1, 0);
		if (now - s.seen >= SEEN_EVERY_MS || missing !== s.missing) {
			q.device.run(s.device, now, missing, rev);
			s.seen = now;
			s.missing = missing;
		}
	}
	for (const t of tallies.values()) if (t.n) q.tally.run(t.figure, t.area, t.level, t.category, t.span, t.n, commitNo);
	tallies = new Map();
	q.batch.run(rev, commitNo, now);
	q.commit.run();
	stored += work.length;
	batches++;
	for (const s of touched) s.dirty = false, ack(s, now);
}

function ack(s, now) {
	const told = s.absent.slice(0, 16);
	const upto = s.absent.length > 16 ? s.absent[16][0] - 1 : s.top;
	client.publish(`xunge/v1/${s.district}/${s.device}/down`,
		JSON.stringify({ type: 'ack', epoch: s.epoch, upto, missing: told, commit: s.commit, time: now }), { qos: 1 });
}

function onEvent(device, district, ev, raw) {
	const d = devices.get(device);
	if (!d || d.revoked || d.district !== district || typeof ev !== 'object' || ev === null || typeof ev.epoch !== 'string' ||
		!/^[0-9a-z]{1,32}$/.test(ev.epoch) || !Number.isSafeInteger(ev.seq) || ev.seq < 1 || !kindOf.has(ev.kind) ||
		!Number.isSafeInteger(ev.at) || typeof ev.body !== 'object' || ev.body === null || (ev.person !== undefined && ev.person !== d.person) ||
		(ev.scope !== undefined && !places.has(ev.scope)) || (ev.kind.startsWith('patrol.') && typeof ev.body.patrol !== 'string') ||
		(ev.kind === 'patrol.start' && !places.has(ev.body.target))) {
		refused++;
		return;
	}
	const s = streamOf(device, ev.epoch, district, d.person);
	if (!take(s, ev.seq)) {
		duplicates++;
		ack(s, Date.now());
		return;
	}
	pending.push({ s, ev, raw });
}

function onMessage(topic, payload) {
	const t = topic.split('/'), text = payload.toString();
	let v;
	try {
		v = JSON.parse(text);
	} catch {
		refused++;
		return;
	}
	if (Array.isArray(v)) for (const ev of v) onEvent(t[3], t[2], ev, JSON.stringify(ev));
	else onEvent(t[3], t[2], v, text);
	if (pending.length >= ROWS) flush();
	else if (!timer && pending.length) timer = setTimeout(flush, WINDOW_MS);
}

const client = new mqtt.MqttClient(() => net.connect(socket), { clientId: user, username: user, password, clean: false,
	protocolVersion: 4, keepalive: 60, reconnectPeriod: 0 });
client.on('message', onMessage);
client.on('connect', () => client.subscribe('xunge/v1/+/+/up', { qos: 1 }, (e, granted) => {
	if (e || granted[0]?.qos > 1) throw e ?? new Error('subscription refused');
	console.log('{"ready":true}');
}));
client.on('error', (e) => { console.error(e.message); process.exit(1); });
process.on('SIGTERM', () => {
	flush();
	db.close();
	console.log(JSON.stringify({ stored, duplicates, refused, batches }));
	process.exit(0);
});
