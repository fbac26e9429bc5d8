// kill.mjs - kill -9 of ingest, broker and server at random points while simulated phones report and a supervisor watches.
// The ledger is the phones', outside the platform.  ROUNDS (20), SEED (printed), DEVICES (40), RATE (150 events/s).
// Then: acknowledged is stored, stored once, nothing unanswered, nothing lost, tallies = recount, the supervisor's
// numbers = a fresh snapshot's, his commits rise without a gap.  Closes with "faults: N passed, N failed".

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUILD, Proc, ROOT, Session, Town, sleep, until, within } from '../lib/index.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 20);
const DEVICES = Number(process.env.DEVICES ?? 40);
const RATE = Number(process.env.RATE ?? 150);
let dice = Number(process.env.SEED ?? Date.now() % 2 ** 31);
console.log(`SEED=${dice} ROUNDS=${ROUNDS}`);
const roll = () => (dice = (dice * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;

let passed = 0;
let failed = 0;
function check(ok, what) {
	console.log(`${ok ? 'ok' : 'not ok'} - ${what}`);
	ok ? passed++ : failed++;
}

const sql = (db, text) => execFileSync('sqlite3', ['-readonly', db, text], { maxBuffer: 1 << 28 }).toString().trim();

/** A supervisor who reconnects by himself and resumes by commit number; notes every gap. */
class Watcher {
	gaps = [];
	last = null; // {db, commit}
	figures = new Map();
	connections = 0;
	stopped = false;

	constructor(town, password) {
		this.loop = this.#run(town, password);
	}

	#apply(f) {
		if (f.op === 'snapshot') this.figures.clear();
		else if (f.op === 'delta' && f.from !== this.last.commit) this.gaps.push(`from ${f.from} after ${this.last.commit}`);
		if (this.last && f.commit < this.last.commit && f.db === undefined) this.gaps.push(`commit ${f.commit} after ${this.last.commit}`);
		for (const r of f.figures ?? []) {
			const key = `${r.id}/${r.level}/${r.category}`;
			r.gone ? this.figures.delete(key) : this.figures.set(key, `${r.today} ${r.month} ${r.year}`);
		}
		this.last = { db: f.db ?? this.last?.db, commit: f.commit };
	}

	async #run(town, password) {
		let session = null;
		while (!this.stopped) {
			try {
				session ??= await Session.open(town.base, 'watch', password);
				const live = await session.live(this.last ? { db: this.last.db, since: this.last.commit } : {});
				this.connections++;
				live.ws.on('message', (d) => this.#apply(JSON.parse(d)));
				this.live = live;
				while (!this.stopped && !live.close) await sleep(20);
				live.end();
			} catch (e) {
				if (e.status === 401) session = null;
				await sleep(100);
			}
		}
	}
}

const town = await Town.start({ server: true, registry: false });
let watcher;
try {
	const demo = path.join(ROOT, 'deploy/demo');
	for (const kind of ['areas', 'reaches', 'people', 'appointments']) await town.must('import', kind, path.join(demo, `${kind}.csv`));
	const people = readFileSync(path.join(demo, 'devices.csv'), 'utf8').trim().split('\n').slice(1, DEVICES + 1).map((l) => l.split(','));
	let access = '';
	for (const [id, person, district] of people) access += `device ${id} ${await town.enrol(id, person, district)}\n`;
	writeFileSync(town.path('access.txt'), access, { mode: 0o600 });
	const password = await town.user('watch', people[0][1], 'centre', '*');
	watcher = new Watcher(town, password);
	await until(() => watcher.last, 'the first snapshot');

	town.portFixed = true; // phones and supervisor know the ports
	const seconds = Math.ceil(ROUNDS * 1.9) + 5;
	const phones = new Proc('simulate', path.join(BUILD, 'xunge'), ['--config', town.conf, 'simulate', '--devices', String(people.length), '--rate', String(RATE),
		'--for', String(seconds), '--drain', '90', '--hurry', '30', '--dir', town.path('phones'), '--access', town.path('access.txt'), '--town', demo,
		'--port', String(town.mqttPort), '--seed', '1', '--bad', '0.01', '--reinstalls', '0.001', '--duplicates', '0.05']);
	town.procs.push(phones);
	const end = Date.now() + seconds * 1000;
	const kills = { ingest: 0, broker: 0, server: 0 };
	for (let i = 0; i < ROUNDS; i++) {
		await sleep(150 + roll() * 900);
		const which = roll();
		const targets = which < 0.4 ? ['ingest'] : which < 0.65 ? ['broker'] : which < 0.85 ? ['server'] : ['broker', 'ingest', 'server'];
		await Promise.all(targets.map((t) => town[t].kill()));
		for (const t of targets) kills[t]++;
		await sleep(roll() * 200);
		if (targets.includes('broker')) await town.startBroker();
		if (targets.includes('ingest')) await town.startIngest();
		if (targets.includes('server')) await town.startServer();
	}
	console.log(`killed: ${JSON.stringify(kills)}`);
	await within(phones.ended, 'the phones to have all answers', Math.max(0, end - Date.now()) + 110_000);
	const said = phones.out.match(/^made .*$/m)?.[0] ?? '(nothing)';
	console.log(phones.out.trim());
	check(phones.exit.code === 0, 'the phones ended without a loss');
	check(/ waiting 0, lost 0/.test(said), 'nothing unanswered, nothing lost');

	// acknowledged is stored, held is held, rejected is kept
	const answered = { acked: [], held: [], rejected: [] };
	const made = new Set();
	for (const f of readdirSync(town.path('phones'))) {
		if (f !== 'ledger') continue;
		for (const line of readFileSync(town.path(`phones/${f}`), 'utf8').split('\n')) {
			const [what, device, epoch, seq] = line.split(' ', 4);
			if (what === 'made') made.add(`${device}/${epoch}/${seq}`);
			answered[what]?.push(`${device}/${epoch}/${seq}`);
		}
	}
	const all = sql(town.db, "SELECT s.device || '/' || s.epoch || '/' || e.seq FROM event e JOIN stream s ON s.id = e.stream").split('\n');
	const stored = new Set(all);
	const held = new Set(sql(town.db, "SELECT s.device || '/' || s.epoch || '/' || h.seq FROM held h JOIN stream s ON s.id = h.stream").split('\n'));
	const rejected = new Set(sql(town.db, "SELECT device || '/' || epoch || '/' || seq FROM reject WHERE epoch IS NOT NULL").split('\n'));
	const missing = answered.acked.filter((k) => !stored.has(k) && !held.has(k) && !rejected.has(k));
	check(answered.acked.length > ROUNDS * 10, `${answered.acked.length} acknowledged of ${made.size} made`);
	check(missing.length === 0, `acknowledged is stored (missing: ${missing.length} ${missing.slice(0, 3)})`);
	check(stored.size === all.length, `stored once (${all.length} rows, ${stored.size} identities)`);
	check(all.every((k) => made.has(k)), 'nothing is stored that no phone made');
	check(answered.held.every((k) => held.has(k) || stored.has(k)), 'held is kept');
	check(answered.rejected.every((k) => rejected.has(k)), 'rejected is kept');
	const r = await town.xunge(['check']);
	check(r.code === 0, `xunge check: tallies = recount, windows, chains, commit numbers ${r.code ? r.out + r.err : ''}`);

	// the supervisor
	const head = Number(sql(town.db, 'SELECT max(last) FROM batch'));
	await until(() => watcher.last.commit >= head, 'the supervisor to see the last commit').catch(() => {});
	await sleep(500);
	const fresh = await (await Session.open(town.base, 'watch', password)).live({});
	const snap = await fresh.frame((f) => f.op === 'snapshot');
	fresh.end();
	const want = snap.figures.map((f) => `${f.id}/${f.level}/${f.category} ${f.today} ${f.month} ${f.year}`).sort().join('\n');
	const got = [...watcher.figures].map(([k, v]) => `${k} ${v}`).sort().join('\n');
	check(got === want && want.length > 0, `the supervisor's numbers are a fresh snapshot's (${watcher.connections} connections)`);
	check(watcher.gaps.length === 0, `his commits follow without a gap ${watcher.gaps.slice(0, 3)}`);
} catch (e) {
	check(false, e.stack ?? e.message);
	console.log(town.logs?.() ?? '');
} finally {
	if (watcher) {
		watcher.stopped = true;
		watcher.live?.end();
		await watcher.loop;
	}
	await town.stop();
}
console.log(`faults: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
