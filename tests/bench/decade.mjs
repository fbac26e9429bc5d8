// decade.mjs - figures and exports of a town that is ten years old: ten million events, made by b_decade through intake (some
// minutes, 5 GB of disk).   KEEP=1 leaves it in /tmp/xunge-decade for the next run;  DECADE=1000000 makes a smaller one;
// PARTS=figures,csv runs some of it;  DECADE_DIR=DIR has its own.
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { Proc, freePort, run } from '../lib/proc.mjs';
import { PASSWORD, ROOT, USER, bin } from './place.mjs';

const DIR = process.env.DECADE_DIR ?? '/tmp/xunge-decade', DB = path.join(DIR, 'decade.db'), OUT = path.join(DIR, 'out');
const EVENTS = Number(process.env.DECADE ?? 10000000), TOWN = '990101100', MIB = 1024;
const [XUNGE, B] = [bin('xunge'), bin('bench/b_decade')];

/** The output of b_decade, parsed. */
async function b(what, ...args) {
	const r = await run(B, [what, ...args.map(String)], { env: { XUNGE_STORE_PATH: DB, TZ: 'UTC' }, ms: 3600000 });
	if (r.code !== 0) throw new Error(`b_decade ${what}: ${r.err}`);
	return JSON.parse(r.out);
}

/** One command from its start to its end: {ms, cpu_ms, rss_kib}. */
async function took(...command) {
	const r = await b('run', OUT, ...command);
	if (r.status !== 0) throw new Error(`${command.join(' ')}: exit ${r.status}`);
	return r;
}

const exported = (name, from, to, ...more) => took(XUNGE, 'export', name, '--from', from, '--to', to, ...more);

async function make(say) {
	const made = path.join(DIR, 'made.json');
	if (existsSync(made)) {
		const m = JSON.parse(readFileSync(made, 'utf8'));
		if (m.events === EVENTS) {
			const r = await run(XUNGE, ['migrate'], { env: { XUNGE_STORE_PATH: DB }, ms: 600000 }); // of an older program
			if (r.code !== 0) throw new Error(`migrate: ${r.err}`);
			return m;
		}
	}
	rmSync(DIR, { recursive: true, force: true });
	mkdirSync(DIR, { mode: 0o700 });
	say(`decade: making ${EVENTS} events in ${DIR}`);
	const m = await b('make', DIR, EVENTS);
	writeFileSync(`${made}.new`, JSON.stringify(m));
	renameSync(`${made}.new`, made);
	return m;
}

// ---------------------------------------------------------------- events as CSV beside the sqlite3 shell

const DAY0 = Date.parse('2014-01-01T00:00:00+08:00');
const KINDS = { 1: 'patrol.start', 2: 'patrol.track', 3: 'patrol.end', 5: 'inspect', 6: 'visit', 7: 'work', 8: 'household', 9: 'case.report', 10: 'case.act' };
const when = (ms) => `strftime('%Y-%m-%dT%H:%M:%f+08:00', ${ms} / 1000.0 + 28800, 'unixepoch')`;

/** What the export gives, as one query. */
const select = (from, to) => `SELECT e."commit" AS "commit", s.device, s.epoch, e.seq, CASE e.kind ${Object.entries(KINDS).map(([k, v]) => `WHEN ${k} THEN '${v}'`).join(' ')} END AS kind,
	${when('e.at')} AS at, e.person, e.scope, e.area, ${when('e.recv')} AS received,
	${when('(SELECT time FROM batch WHERE last >= e."commit" ORDER BY last LIMIT 1)')} AS committed, e.flags & 1 AS imported,
	e.flags & 2 AND EXISTS (SELECT 1 FROM voided v WHERE v.device = s.device AND v.epoch = s.epoch AND v.seq = e.seq) AS voided,
	json_extract(e.raw, '$.body') AS body FROM event e JOIN stream s ON s.id = e.stream
	WHERE e.at >= ${from} AND e.at < ${to} ORDER BY e."commit";`;

/** Hash of a file, line ends apart (the shell writes LF). */
async function hashed(file) {
	const h = createHash('sha256');
	for await (const piece of createReadStream(file)) h.update(piece.includes(13) ? Buffer.from(piece.filter((x) => x !== 13)) : piece);
	return h.digest('hex');
}

async function csv({ bar, say, median, f, pairs }, year) {
	const [from, to] = [`${year}-01-01`, `${year + 1}-01-01`], turns = [];
	const query = select(Date.parse(`${from}T00:00:00+08:00`), Date.parse(`${to}T00:00:00+08:00`));
	const sides = { xunge: () => exported('events', from, to, '--no-bom', '--unmask'), sqlite: () => took('sqlite3', '-readonly', '-csv', '-header', DB, query) };
	for (let i = 0; i < pairs; i++) {
		const got = {}, hash = {};
		for (const side of i % 2 ? ['sqlite', 'xunge'] : ['xunge', 'sqlite']) {
			got[side] = await sides[side]();
			if (i === 0) hash[side] = await hashed(OUT);
		}
		if (hash.xunge !== hash.sqlite) throw new Error('decade: the export and the query give other rows');
		turns.push(got);
		say(`decade: events of ${year} as CSV ${i + 1}/${pairs}: xunge ${f(got.xunge.ms, 0)} ms, sqlite3 ${f(got.sqlite.ms, 0)} ms`);
	}
	const [x, s] = ['xunge', 'sqlite'].map((side) => median(turns.map((t) => t[side].ms)));
	bar('decade: rate of events as CSV', `${f(x / 1000)} s`, `${f(s / 1000)} s sqlite3 -csv, same rows`, s / x, '>=', 0.8, { turns });
	const masked = (await exported('events', from, to)).ms;
	say(`decade: with names masked ${f(masked, 0)} ms`);
}

// ---------------------------------------------------------------- the server

/** How long others wait while figures are added up. */
async function counted({ bar, say, f }, base, cookie) {
	for (const [what, from, to] of [['a year', '2022-01-01', '2023-01-01'], ['ten years', '2014-01-01', '2024-01-01']]) {
		let over = false, most = 0, n = 0;
		const t0 = performance.now();
		const figures = fetch(`${base}/api/v1/figures?from=${from}&to=${to}`, { headers: { cookie } }).then(async (a) => {
			const { figures: rows } = await a.json();
			if (!(rows?.length > 300)) throw new Error(`figures: ${a.status}`);
			over = true;
		});
		for (; !over; n++) {
			const t = performance.now();
			await (await fetch(`${base}/livez`)).text();
			most = Math.max(most, performance.now() - t);
		}
		await figures;
		say(`decade: figures of ${what} over HTTP: ${f(performance.now() - t0, 0)} ms; ${n} others meanwhile, the slowest ${f(most, 1)} ms`);
		bar(`decade: what others wait for figures of ${what}, in ms`, `${f(most, 1)} ms`, '-', most, '<=', 50);
	}
}

async function served({ bar, say, f }) {
	const port = await freePort(), base = `http://127.0.0.1:${port}`;
	writeFileSync(path.join(DIR, 'xunge.conf'), `[store]\npath = decade.db\n[ingest]\nsocket = door.sock\n[server]\nlisten = 127.0.0.1\nport = ${port}\ndb = server.db\n` +
		`web = ${path.join(ROOT, 'server/web')}\n[files]\ndir = files\n`, { mode: 0o600 });
	mkdirSync(path.join(DIR, 'files'), { recursive: true });
	const server = new Proc('server', bin('xunge-server'), ['--config', path.join(DIR, 'xunge.conf')]);
	try {
		await server.line(/server: ready/);
		const r = await fetch(`${base}/api/v1/session`, { method: 'POST', body: JSON.stringify({ user: USER, password: PASSWORD }), headers: { 'content-type': 'application/json', origin: base } });
		if (!r.ok) throw new Error(`sign-in: ${r.status} ${await r.text()}`);
		const cookie = r.headers.get('set-cookie').split(';')[0], before = server.anon();
		let top = before, bytes = 0;
		const get = async (file) => {
			const a = await fetch(`${base}/api/v1/exports/${file}?from=2014-01-01&to=2016-01-01`, { headers: { cookie } });
			if (!a.ok) throw new Error(`${file}: ${a.status} ${await a.text()}`);
			for await (const piece of a.body) {
				bytes += piece.length;
				top = Math.max(top, server.anon());
			}
		};
		await Promise.all([get('events.csv'), get('tracks.geojson')]);
		say(`decade: two exports over HTTP, ${f(bytes / 1e6, 0)} MB; the server from ${f(before / MIB, 1)} to ${f(top / MIB, 1)} MiB`);
		await counted({ bar, say, f }, base, cookie);
		bar('decade: memory the server grows by, two exports', `${f((top - before) / MIB, 1)} MiB`, '-', (top - before) / MIB, '<=', 64);
	} finally {
		await server.stop();
	}
}

// ---------------------------------------------------------------- ingest beside an export

/** CPU time of a process, in ms. */
function cpuOf(pid) {
	const f = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
	return (Number(f[11]) + Number(f[12])) * 10; // utime, stime, in hundredths
}

/** Three ways to take the same number of events, in turn: alone; beside an export of all there is; beside a program of the same priority
 * that takes the same share of a core and knows no database.  The third is what any work on the machine costs intake (cores, caches,
 * clock); what the second costs beyond it is the doing of the export: locks, the WAL, the disk. */
async function beside({ bar, say, median, f, pairs }) {
	const ways = ['export', 'alone', 'spin'], turns = [], nice = '5'; // EXPORT_NICE of schema/exports/export.h
	let share = 1;
	for (let i = 0; i < pairs; i++) {
		const got = {};
		for (let k = 0; k < ways.length; k++) {
			const how = ways[i ? (i + k) % ways.length : k]; // the first turn: the share comes from the export
			const other = how === 'export' ? new Proc('export', XUNGE, ['export', 'events', '--from', '2014-01-01', '--to', '2024-01-01', '-o', '/dev/null'], { env: { XUNGE_STORE_PATH: DB } })
				: how === 'spin' ? new Proc('spin', 'nice', ['-n', nice, B, 'spin', share.toFixed(3)]) : null;
			const since = performance.now();
			try {
				got[how] = await b('take', DB, 30000, '-', 100);
				if (other && !other.alive) throw new Error(`${how} was over too early\n${other.tail()}`);
				if (other) got[how].share = cpuOf(other.pid) / (performance.now() - since);
				if (how === 'export') share = Math.min(1, got[how].share);
			} finally {
				await other?.stop('SIGKILL');
			}
		}
		turns.push(got);
		say(`decade: intake ${i + 1}/${pairs}: ${ways.map((w) => `${w} ${f(got[w].rate, 0)}/s, ${f(got[w].cpu_us, 1)} us, commit ${f(got[w].p50_ms, 1)} p99 ${f(got[w].p99_ms, 1)} ms, WAL ${f(got[w].wal / 1e6, 1)} MB${got[w].share ? `, it took ${f(100 * got[w].share, 0)} % of a core` : ''}`).join('; ')}`);
	}
	const of = (w, what) => median(turns.map((t) => t[w][what])), ratio = (what, a, c) => median(turns.map((t) => t[a][what] / t[c][what]));
	bar('decade: intake beside an export, against beside a spinning process', `${f(of('export', 'rate') / 1000, 1)}k/s`, `${f(of('spin', 'rate') / 1000, 1)}k/s (alone ${f(of('alone', 'rate') / 1000, 1)}k/s)`, ratio('rate', 'export', 'spin'), '>=', 0.9, { turns });
	bar('decade: CPU of intake, likewise', `${f(of('export', 'cpu_us'), 1)} us`, `${f(of('spin', 'cpu_us'), 1)} us (alone ${f(of('alone', 'cpu_us'), 1)} us)`, ratio('cpu_us', 'export', 'spin'), '<=', 1.15);
	bar('decade: p99 of a commit, likewise', `${f(of('export', 'p99_ms'), 1)} ms`, `${f(of('spin', 'p99_ms'), 1)} ms (alone ${f(of('alone', 'p99_ms'), 1)} ms)`, ratio('p99_ms', 'export', 'spin'), '<=', 1.5);
	say(`decade: beside an export intake keeps ${f(ratio('rate', 'export', 'alone'))} of its rate, beside any such load ${f(ratio('rate', 'spin', 'alone'))}`);
}

// ----------------------------------------------------------------

const whole = ['2014-01-01', '2024-01-01'], of = (y) => [`${y}-01-01`, `${y + 1}-01-01`];

async function figures({ bar, median, f, pairs }, year, made) {
	for (const y of new Set([year, 2014 + Math.floor((year - 2014) / 2)])) {
		const ms = [];
		for (let i = 0; i < pairs * 2 + 1; i++) ms.push((await exported('figures', ...of(y), '--scope', TOWN)).ms);
		bar(`decade: figures of ${y}, in ms`, `${f(median(ms), 0)} ms`, '-', median(ms), '<=', 200, { ms, made });
	}
}

async function workbook({ bar, median, f, pairs }, year) {
	const ms = [];
	for (let i = 0; i < pairs; i++) ms.push((await exported('workbook', ...of(year), '--scope', TOWN)).ms);
	bar(`decade: workbook of ${year}, in s`, `${f(median(ms) / 1000)} s`, '-', median(ms) / 1000, '<=', 3, { ms });
}

const listed = async () => (await run(XUNGE, ['export', '--help'])).out.matchAll(/^ {2}(\w+) .*\(([a-z ]+)\)$/gm);

/** Every export and format there is, over all ten years. */
async function memory({ bar, say, f }) {
	const took = [];
	for (const [, name, list] of await listed())
		for (const format of list.split(' ')) {
			const r = await exported(name, ...whole, '--format', format);
			took.push({ name, format, ...r });
			say(`decade: ${name} ${format} of ten years: ${f(r.ms / 1000, 1)} s, ${f(r.rss_kib / MIB, 1)} MiB`);
		}
	if (took.length < 30) throw new Error(`decade: only ${took.length} exports were tried`);
	const most = took.reduce((a, x) => (x.rss_kib > a.rss_kib ? x : a));
	bar(`decade: memory of the largest of ${took.length} exports`, `${f(most.rss_kib / MIB, 1)} MiB, ${most.name} ${most.format}`, '-', most.rss_kib / MIB, '<=', 64, { took });
}

/** The longest read transaction of every export there is, over a year and over all ten, by the clock and in CPU time: what it would take with
 * the machine to itself. */
async function reads({ bar, say, f }, year) {
	for (const [what, ...period] of [['a year', ...of(year)], ['ten years', ...whole]]) {
		const steps = [];
		for (const [, name, list] of await listed()) {
			const format = list.split(' ')[0], r = await b('steps', DB, name, format, ...period);
			steps.push({ name, ...r });
			say(`decade: ${name} of ${what}: longest of ${r.reads} reads ${f(r.read_ms, 0)} ms, CPU ${f(r.read_cpu_ms, 0)} ms`);
		}
		if (steps.length < 16) throw new Error(`decade: only ${steps.length} exports were tried`);
		const [wall, cpu] = ['read_ms', 'read_cpu_ms'].map((k) => steps.reduce((a, x) => (x[k] > a[k] ? x : a)));
		bar(`decade: longest read of an export of ${what}, in ms`, `${f(wall.read_ms, 0)} ms, ${wall.name}`, '-', wall.read_ms, '<=', 250, { steps });
		bar(`decade: most CPU time in a read of ${what}, in ms`, `${f(cpu.read_cpu_ms, 0)} ms, ${cpu.name}`, '-', cpu.read_cpu_ms, '<=', 250);
	}
}

/** An older commit is folded anew where it has changed since: no bar on the time, but on each read on the way there, and on memory. */
async function older({ bar, say, f }, year, made) {
	const back = [Math.floor(made.events * 0.95), Math.floor(made.events / 2)], took = [];
	for (const [name, format] of [['inspections', 'csv'], ['patrols', 'csv'], ['cases', 'csv'], ['figures', 'csv'], ['annual', 'json'], ['workbook', 'xlsx']])
		for (const asOf of back) {
			const y = 2014 + Math.floor((asOf / made.events) * (year - 2014)), r = await exported(name, ...of(y), '--format', format, '--as-of', String(asOf));
			took.push({ name, asOf, ...r, ...(await b('steps', DB, name, format, ...of(y), asOf)) });
			const t = took.at(-1);
			say(`decade: ${name} of ${y} as of commit ${asOf}: ${f(t.ms / 1000, 1)} s, ${f(t.cpu_ms / 1000, 1)} s of CPU, ${f(t.rss_kib / MIB, 1)} MiB; ${t.reads} reads, the longest ${f(t.read_ms, 0)} ms, ${f(t.read_cpu_ms, 0)} of CPU`);
		}
	const most = took.reduce((a, x) => (x.rss_kib > a.rss_kib ? x : a)), longest = took.reduce((a, x) => (x.read_ms > a.read_ms ? x : a));
	bar('decade: memory of exports of an older commit', `${f(most.rss_kib / MIB, 1)} MiB, ${most.name}`, '-', most.rss_kib / MIB, '<=', 64, { took });
	bar('decade: longest read of an older commit, in ms', `${f(longest.read_ms, 0)} ms, ${longest.name}`, '-', longest.read_ms, '<=', 250);
}

/** A year whose books are closed, and events that came after. */
async function frozen({ bar, say, median, f, pairs }, year) {
	const y = 2014 + Math.floor((year - 2014) / 4), ms = [], env = { XUNGE_STORE_PATH: DB };
	if (!(await run(XUNGE, ['freeze', '--list'], { env })).out.includes(`${y}-12`)) {
		const r = await run(XUNGE, ['freeze', String(y)], { env, ms: 600000 });
		if (r.code !== 0) throw new Error(`freeze: ${r.err}`);
	}
	await b('take', DB, 3000, `${y}-06-15`);
	const came = await b('steps', DB, 'corrections', 'csv', ...of(y));
	if (came.rows < 50) throw new Error(`only ${came.rows} corrections of ${y}`);
	say(`decade: ${came.rows} corrections of ${y}: ${f(came.step_ms, 0)} ms the longest step; ${came.reads} reads`);
	bar('decade: longest read of corrections, in ms', `${f(came.read_ms, 0)} ms, ${f(came.read_cpu_ms, 0)} of CPU`, '-', came.read_ms, '<=', 250, { came });
	for (let i = 0; i < pairs * 2 + 1; i++) ms.push((await exported('figures', ...of(y), '--scope', TOWN)).ms);
	bar(`decade: figures of ${y}, frozen, in ms`, `${f(median(ms), 0)} ms`, '-', median(ms), '<=', 200, { ms });
}

const parts = { figures, frozen, workbook, csv, memory, reads, served, beside, older };

export async function decade(tools) {
	const chosen = (process.env.PARTS ?? '').split(',').filter(Boolean);
	for (const p of chosen) if (!parts[p]) throw new Error(`no part ${p}; there are ${Object.keys(parts).join(', ')}`);
	try {
		const made = await make(tools.say), last = new Date(DAY0 + (made.days - 1) * 86400000).getUTCFullYear(), year = Math.max(2014, last - 1);
		for (const [name, part] of Object.entries(parts)) if (!chosen.length || chosen.includes(name)) await part(tools, year, made);
	} finally {
		rmSync(OUT, { force: true });
		if (process.env.KEEP !== '1') rmSync(DIR, { recursive: true, force: true });
	}
}
