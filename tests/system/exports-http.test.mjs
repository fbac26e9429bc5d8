// The exports over HTTP: the bytes of the command, streamed, limited to one's scope; readers that are slow or leave.

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, COMMUNITY, GRID, Proc, REGISTRY, TOWN, Town, run, until } from '../lib/index.mjs';
import { readZip } from '../lib/xlsx.mjs';

const FROM = '2020-01-01', TO = '2100-01-01';
const AT = '2030-01-01T00:00:00+08:00';

describe('exports over HTTP', { timeout: 150000 }, () => {
	let town, centre, east, district, phone;

	before(async () => {
		town = await Town.start({ server: true });
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('east', 'p-duty', 'office', COMMUNITY[0]);
		await town.user('data', 'p-duty', 'district', TOWN);
		phone = await town.device('d-0001', 'p-0001');
		const west = await town.device('d-0002', 'p-0002');

		for (let n = 0; n < 40; n++)
			await phone.publish(Array.from({ length: 200 }, (_, i) => phone.event('inspect', { topic: 'burn_straw', result: 'ok', object: n === 0 && i === 0 ? '=cmd|x 𠮷野家㐂，电话13812345678' : `第${n}-${i}处，${'长'.repeat(40)}` }, { scope: GRID[0] })));
		await phone.answer(8000);
		await west.send('case.report', { case: 'w-1', class: 'hazard', category: 'fire', severity: 2, title: '西边的' }, { scope: GRID[2] });
		await phone.send('patrol.start', { patrol: 'k-1', route: 'grid', target: GRID[0] });
		await phone.send('patrol.track', { patrol: 'k-1', pts: [[0, 33.39, 104.92, 5], [20000, 33.391, 104.92, 5], [900000, 33.392, 104.92, 5]] });
		centre = await town.session('centre');
		east = await town.session('east');
		district = await town.session('data');
	});
	after(() => town.stop());

	const url = (file, more = '') => `/api/v1/exports/${file}?from=${FROM}&to=${TO}&at=${encodeURIComponent(AT)}${more}`;
	const bytes = async (s, file, more) => {
		const r = await s.fetch(url(file, more));

		assert.equal(r.status, 200, r.ok ? '' : `${file}: ${await r.text()}`);
		return { r, body: Buffer.from(await r.arrayBuffer()) };
	};
	const problem = async (s, path, status, code) => {
		const r = await s.fetch(path);
		const text = await r.text();

		assert.equal(r.status, status, `${path}: ${text.slice(0, 200)}`);
		assert.equal(JSON.parse(text).code, code, text);
		return JSON.parse(text).detail;
	};

	/** All that there is to read. */
	const texts = (format, data) => (format !== 'xlsx' ? data.toString() : [...readZip(data).values()].join('\n'));

	test('each name and format: the same bytes as from the command', async () => {
		const names = /there are (.*)/.exec((await town.xunge(['export', 'none', '--from', FROM, '--to', TO])).err)[1].split(', ').map((n) => n.replace(/[^a-z].*/s, ''));
		// Phones, and names of people, masked and whole.
		const secret = REGISTRY.people.split('\n').slice(1).filter(Boolean).flatMap((l) => l.split(',').slice(1)).concat('13812345678');
		const seen = new Set(), asked = new Set();
		let pairs = 0;

		assert.ok(names.length > 10, names.join());
		for (const name of names)
			for (const format of ['csv', 'json', 'xlsx', 'geojson']) {
				const out = town.path(`x.${format}`);
				const cmd = await town.xunge(['export', name, '--from', FROM, '--to', TO, '--at', AT, '--scope', TOWN, '--format', format, '-o', out]);

				if (cmd.code !== 0) {
					assert.match(await problem(centre, url(`${name}.${format}`), 404, 'not_found'), /no such format/);
					continue;
				}
				const { r, body } = await bytes(centre, `${name}.${format}`, `&scope=${TOWN}`);

				pairs++;
				const masked = texts(format, body), whole = !asked.has(name) ? texts(format, (await bytes(centre, `${name}.${format}`, `&scope=${TOWN}&unmask=1`)).body) : '';

				asked.add(name);
				for (const word of secret) {
					assert.ok(!masked.includes(word), `${word} in ${name}.${format}`);
					if (whole.includes(word)) seen.add(`${name} ${word}`);
				}
				assert.ok(body.equals(readFileSync(out)), `${name}.${format}`);
				assert.match(r.headers.get('content-disposition'), new RegExp(`^attachment; filename="xunge-${name}-[0-9-]+\\.${format}"; filename\\*=UTF-8''[%A-Za-z0-9._~-]+$`));
				assert.equal(r.headers.get('cache-control'), 'no-store');
			}
		assert.ok(pairs > 25, `${pairs} pairs`);
		for (const name of ['inspections', 'patrols', 'cases', 'events', 'tracks', 'quality', 'workbook']) // it was there to be hidden
			assert.ok([...seen].some((s) => s.startsWith(`${name} `)), `${name} unmasked: ${[...seen]}`);
	});

	test('a long one comes in chunks and is whole; formulas, rare characters and numbers of people are safe', async () => {
		const { r, body } = await bytes(centre, 'inspections.csv');
		const text = body.toString();

		assert.equal(r.headers.get('transfer-encoding'), 'chunked');
		assert.equal(text.split('\r\n').length, 8002);
		assert.match(text, /'=cmd\|x \u{20BB7}野家㐂，电话138\*\*\*\*5678/u);
		assert.ok(!text.includes('13812345678'));
		const inJson = JSON.parse((await bytes(centre, 'inspections.json')).body.toString()).rows.find((r) => r.object.startsWith('=')).object;

		assert.equal(inJson, '=cmd|x \u{20BB7}野家㐂，电话138****5678'); // of a character beyond 16 bits, too
		assert.ok(texts('xlsx', (await bytes(centre, 'inspections.xlsx')).body).includes(inJson));
		const whole = (await bytes(centre, 'inspections.csv', '&unmask=1')).body.toString();

		assert.ok(whole.includes('13812345678'));
		const events = JSON.parse((await bytes(centre, 'events.json')).body.toString());

		assert.equal(events.rows.length, 8003);
	});

	test('scope and rights: one sees one\'s own, and is told so', async () => {
		const cases = JSON.parse((await bytes(east, 'cases.json')).body.toString());

		assert.deepEqual(cases.rows, []);
		assert.equal(JSON.parse((await bytes(centre, 'cases.json')).body.toString()).rows.length, 1);
		assert.match(await problem(east, url('cases.json', `&scope=${COMMUNITY[1]}`), 403, 'not_allowed'), new RegExp(COMMUNITY[0]));
		await problem(east, url('cases.json', `&scope=${TOWN}`), 403, 'not_allowed');
		await problem(district, url('cases.json', '&unmask=1'), 403, 'not_allowed');
		await bytes(east, 'visits.csv', '&unmask=1');
		assert.equal((await fetch(town.base + url('cases.json'))).status, 401);
	});

	test('bad questions: what is wrong, in words', async () => {
		await problem(centre, url('nothing.csv'), 404, 'not_found');
		await problem(centre, url('figures.pdf'), 404, 'not_found');
		await problem(centre, url('figures'), 404, 'not_found');
		await problem(centre, url('figures.geojson'), 404, 'not_found');
		await problem(centre, '/api/v1/exports/figures.csv', 400, 'bad_parameter');
		await problem(centre, '/api/v1/exports/figures.csv?from=2024-02-01&to=2024-01-01', 400, 'bad_parameter');
		await problem(centre, '/api/v1/exports/figures.csv?from=2090-01-01&to=2091-01-01', 400, 'bad_parameter');
		await problem(centre, '/api/v1/exports/figures.csv?from=x&to=y', 400, 'bad_parameter');
		await problem(centre, url('figures.csv', '&as_of=999999999'), 404, 'not_found');
		for (const no of ['-1', '0', '%2B5', '+5', '5x', '1234567890123456789']) await problem(centre, url('figures.csv', `&as_of=${no}`), 400, 'bad_parameter');
		await problem(centre, url('figures.csv', '&colour=red'), 400, 'bad_parameter');
		await problem(centre, url('figures.csv', '&lang=de'), 400, 'bad_parameter');
	});

	test('a period by its name is the same as its two ends', async () => {
		for (const [period, from, to] of [['2026', '2026-01-01', '2027-01-01'], ['2026-Q4', '2026-10-01', '2027-01-01'], ['2020-W53', '2020-12-28', '2021-01-04'], ['2026-02-D3', '2026-02-21', '2026-03-01']]) {
			const get = async (path) => {
				const r = await centre.fetch(`/api/v1/${path}`);

				assert.equal(r.status, 200, path);
				return r.text();
			};

			for (const path of [`exports/figures.csv?at=${encodeURIComponent(AT)}&`, 'figures?']) assert.equal(await get(`${path}period=${period}`), await get(`${path}from=${from}&to=${to}`));
			assert.equal(await town.must('export', 'figures', '--period', period, '--at', AT, '--scope', TOWN, '--no-bom'),
				await town.must('export', 'figures', '--from', from, '--to', to, '--at', AT, '--scope', TOWN, '--no-bom'));
		}
		for (const what of ['exports/figures.csv', 'figures']) {
			assert.match(await problem(centre, `/api/v1/${what}?period=2026-Q5`, 400, 'bad_parameter'), /2023-Q4/);
			assert.match(await problem(centre, `/api/v1/${what}?period=2026&to=2026-02-01`, 400, 'bad_parameter'), /in the place of from and to/);
		}
		const r = await town.xunge(['export', 'figures', '--period', '2026', '--from', '2026-01-01']);

		assert.deepEqual([r.code, r.out], [2, '']);
		assert.match(r.err, /^xunge export: --period stands in the place of --from and --to/);
	});

	test('as of a commit that was named: a tag, and 304 for who has it; parts are not offered', async () => {
		const commit = (await centre.fetch(url('cases.json'))).headers.get('xunge-as-of');
		const get = (s, file, more, tag) => s.fetch(url(file, more), { headers: tag ? { 'if-none-match': tag } : {} });
		const first = await get(centre, 'cases.csv', `&as_of=${commit}`), tag = first.headers.get('etag');

		assert.match(tag, /^"[0-9a-f]{32}"$/);
		assert.equal(first.headers.get('accept-ranges'), 'none');
		assert.ok((await first.text()).length > 100);
		const again = await get(centre, 'cases.csv', `&as_of=${commit}`, `"x", ${tag}`);

		assert.deepEqual([again.status, again.headers.get('etag'), again.headers.get('cache-control'), await again.text()], [304, tag, 'no-store', '']);
		const part = await centre.fetch(url('cases.csv', `&as_of=${commit}`), { headers: { range: 'bytes=0-9' } });

		assert.deepEqual([part.status, (await part.text()).length > 100], [200, true]);
		for (const [s, file, more] of [[east, 'cases.csv', ''], [centre, 'cases.json', ''], [centre, 'patrols.csv', ''], [centre, 'cases.csv', '&lang=en'], [centre, 'cases.csv', '&unmask=1'],
			[centre, 'cases.csv', '&bom=0'], [centre, 'cases.csv', `&scope=${COMMUNITY[1]}`]]) {
			const r = await get(s, file, `&as_of=${commit}${more}`, tag);

			assert.equal(r.status, 200, `${file} ${more}`);
			assert.notEqual(r.headers.get('etag'), tag, `${file} ${more}`);
			assert.ok((await r.text()).length > 2);
		}
		assert.equal((await get(centre, 'cases.csv', `&as_of=${commit - 1}`, tag)).status, 200);
		await problem(district, url('cases.csv', `&as_of=${commit}&unmask=1`), 403, 'not_allowed');
		for (const more of ['', `&as_of=${commit}`]) { // the newest, and how things stand
			const r = await get(centre, more ? 'quality.csv' : 'cases.csv', more, '*');

			assert.deepEqual([r.status, r.headers.get('etag')], [200, null], more);
			await r.text();
		}
	});

	test('figures as of a commit: what they were then, at the time of then; a tag of the question', async () => {
		const get = async (more, tag) => centre.fetch(`/api/v1/figures?from=${FROM}&to=2100-01-01${more}`, { headers: tag ? { 'if-none-match': tag } : {} });
		const then = await (await get('')).json(), at = `&at=${encodeURIComponent(AT)}`;
		const totals = (a, id) => a.figures.filter((f) => f.id === id && !f.category && !f.level).map((f) => f.value);

		await phone.send('inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[0] });
		await until(async () => (await (await get('')).json()).commit > then.commit, 'the next commit');
		const now = await (await get('')).json(), past = await get(`&as_of=${then.commit}`), was = await past.json();

		assert.deepEqual([was.as_of, was.commit, was.time, was.from, was.scope], [then.commit, then.commit, then.time, then.from, then.scope]);
		assert.deepEqual(was.figures.filter((f) => f.id !== 'duty_rate'), then.figures.filter((f) => f.id !== 'duty_rate')); // at the time of the commit
		assert.deepEqual([totals(was, 'inspections'), totals(now, 'inspections')], [[8000], [8001]]);
		const exported = JSON.parse((await bytes(centre, 'figures.json', `&as_of=${then.commit}`)).body.toString()).rows;

		assert.deepEqual((await (await get(`&as_of=${then.commit}${at}`)).json()).figures.map((f) => [f.id, f.level, f.category, f.display]),
			exported.map((r) => [r.figure, r.level, r.category, r.display]));
		const tag = past.headers.get('etag'), again = await get(`&as_of=${then.commit}`, tag);

		assert.deepEqual([again.status, await again.text()], [304, '']);
		assert.equal((await get(`&as_of=${then.commit - 1}`, tag)).status, 200);
		assert.equal((await (await get(`&as_of=${now.commit}`)).json()).commit, now.commit);
		const some = (await (await get(`&as_of=${then.commit}&figure=visits,inspections`)).json()).figures;

		assert.deepEqual(some, ['visits', 'inspections'].flatMap((id) => was.figures.filter((f) => f.id === id)));
		assert.match(await problem(centre, `/api/v1/figures?as_of=${then.commit}&reach=*`, 400, 'bad_parameter'), /as they stand now/);
		assert.match(await problem(centre, '/api/v1/figures?as_of=99999999', 404, 'not_found'), /the newest is/);
		await problem(centre, '/api/v1/figures?as_of=0', 400, 'bad_parameter');
		await problem(centre, `/api/v1/figures?as_of=${then.commit}&at=x`, 400, 'bad_parameter');
	});

	test('what is added up has a hundred years at most; days to come cost nothing', async () => {
		for (const path of ['figures?', 'exports/workbook.xlsx?', 'exports/figures.csv?', 'exports/duty.csv?'])
			assert.match(await problem(centre, `/api/v1/${path}from=1900-01-01&to=2026-01-01`, 400, 'bad_parameter'), /100 years at most/);
		for (const path of ['figures?', 'exports/workbook.xlsx?', 'exports/duty.csv?']) assert.equal((await centre.fetch(`/api/v1/${path}from=2000-01-01&to=9999-01-01`)).status, 200);
		assert.equal((await centre.fetch('/api/v1/exports/patrols.csv?from=1026-01-01&to=2026-01-01')).status, 200);
	});

	test('HEAD tells the head alone; the connection serves the next request', async () => {
		const r = await centre.fetch(url('events.csv'), { method: 'HEAD' });

		assert.equal(r.status, 200);
		assert.match(r.headers.get('content-type'), /^text\/csv/);
		assert.equal((await r.text()).length, 0);
		assert.equal((await centre.fetch('/api/v1/me')).status, 200);
	});

	/** A request over a socket of our own, whose answer is not read. */
	async function stuck(session, file) {
		const s = net.connect(town.httpPort, '127.0.0.1');

		s.write(`GET ${url(file)} HTTP/1.1\r\nHost: 127.0.0.1:${town.httpPort}\r\nCookie: ${session.cookie}\r\n\r\n`);
		await new Promise((ok) => s.once('data', ok));
		s.pause();
		return s;
	}

	test('slow readers hold nothing but a piece; a third export of one\'s own waits; who leaves is forgotten', async () => {
		const rss = async () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${town.server.pid}/status`, 'utf8'))[1]);
		const before = await rss();
		const two = [await stuck(centre, 'events.csv'), await stuck(centre, 'events.json')];

		assert.equal((await centre.fetch(url('figures.csv'))).status, 429);
		const others = [await stuck(east, 'events.csv'), await stuck(east, 'events.xlsx'), await stuck(district, 'events.csv'), await stuck(district, 'inspections.csv')];

		assert.equal((await centre.fetch('/api/v1/me')).status, 200, 'others are served');
		assert.ok(await rss() - before < 40 * 1024, `${before} -> ${await rss()} KiB`);
		for (const s of [...two, ...others]) s.destroy();
		await until(async () => (await centre.fetch(url('figures.csv'))).status === 200, 'the exports to be over');
	});

	test('the command on a terminal: a bar that goes; none elsewhere, none with --quiet', async () => {
		const fifo = town.path('slow.csv');
		const args = ['--config', town.conf, 'export', 'events', '--from', FROM, '--to', TO, '-o', fifo];

		assert.equal((await run('mkfifo', [fifo])).code, 0);
		/** Over a pipe that is read to the end only when the time of a bar has come: what the terminal shows. */
		const shown = async (more, terminal) => {
			const line = [path.join(BUILD, 'xunge'), ...args, ...more].map((a) => `"${a}"`).join(' ');
			const p = new Proc('export', ...(terminal ? ['script', ['-qefc', line, '/dev/null']] : ['sh', ['-c', line]]));
			const pipe = createReadStream(fifo);

			await new Promise((ok) => pipe.once('data', ok));
			pipe.pause();
			const since = performance.now();

			await until(() => performance.now() - since > 600, 'the time of a bar'); // that is what is tested: it shows after 400 ms
			pipe.resume();
			assert.deepEqual((await p.ended).code, 0, p.tail());
			return p.out + p.log;
		};
		const bar = /\[#*\.*\] +\d+% \d+ rows {2}\d+\.\d MB {2}\d+\.\d MB\/s/;
		const seen = await shown([], true);

		assert.match(seen, bar);
		assert.match(seen, /slow\.csv: 8004 rows, as of commit/);
		assert.match(await shown(['--format', 'xlsx'], true), /\[#*\.*\] +\d+% packing 8004 rows {2}\d+\.\d MB/); // its rows are read before
		assert.equal(await shown(['--quiet'], true), '');
		assert.doesNotMatch(await shown([], false), /\[#|%/);
	});

	test('a spreadsheet is cut off while it is packed: an end at once, nothing is left', async () => {
		const dir = town.path('packed'), file = path.join(dir, 'x'), pipe = path.join(dir, 'p');
		const command = (to) => ['--config', town.conf, 'export', 'events', '--from', FROM, '--to', TO, '--format', 'xlsx', '--quiet', '-o', to];

		mkdirSync(dir);
		assert.equal((await run('mkfifo', [pipe])).code, 0);
		await town.must(...command(file).slice(2));
		const whole = statSync(file).size;

		rmSync(file);
		const p = new Proc('export', path.join(BUILD, 'xunge'), command(pipe), { env: { TMPDIR: dir } }), reader = createReadStream(pipe);
		let bytes = 0;

		reader.on('data', (piece) => { bytes += piece.length; });
		await new Promise((ok) => reader.once('data', ok));
		reader.pause();
		assert.equal(os.getPriority(p.pid), Math.min(19, os.getPriority() + 5), 'whoever waits for something goes first');
		assert.deepEqual(readdirSync(dir), ['p'], 'its temporary files have no names');
		p.signal('SIGINT');
		assert.deepEqual((await p.ended).code, 1, p.tail());
		reader.resume();
		await new Promise((ok) => reader.once('end', ok));
		assert.ok(bytes < whole, `${bytes} of ${whole}`);
		assert.deepEqual(readdirSync(dir), ['p']);
	});

	test('on the way to an older commit: cut off, or broken, and nothing stands under the name', async () => {
		const dir = town.path('back'), file = path.join(dir, 'x'), commit = Number((await centre.fetch(url('cases.json'))).headers.get('xunge-as-of')) - 1;
		const make = (fault) => town.xunge(['export', 'figures', '--from', FROM, '--to', TO, '--as-of', String(commit), '-o', file], { env: fault ? { XUNGE_FAULT: fault } : {} });

		mkdirSync(dir);
		for (const [fault, says] of [['asof.piece:1', /cannot go back to commit \d+: /], ['asof.piece:1:term', /stopped/]]) {
			const r = await make(fault);

			assert.deepEqual([r.code, r.out], [1, ''], r.err);
			assert.match(r.err, says);
			assert.deepEqual(readdirSync(dir), []);
		}
		assert.equal((await make()).code, 0);
		assert.deepEqual(readdirSync(dir), ['x']);
	});

	test('cut off, killed, a disk that is full: nothing stands under the name; a second try makes it whole', async () => {
		const dir = town.path('cut'), file = path.join(dir, 'x'), there = () => readdirSync(dir);
		const make = (format, env, limit = 'unlimited') => run('sh', ['-c', `ulimit -f ${limit}; exec "${path.join(BUILD, 'xunge')}" --config "${town.conf}" export events --from ${FROM} --to ${TO} --at ${AT} --format ${format} -o "${file}"`],
			{ env: { TMPDIR: dir, ...env } });

		mkdirSync(dir);
		for (const format of ['csv', 'json', 'xlsx']) {
			const term = await make(format, { XUNGE_FAULT: 'export.step:2:term' });

			assert.deepEqual([term.code, term.out], [1, ''], term.err);
			assert.match(term.err, /^xunge export: stopped\n$/);
			assert.deepEqual(there(), [], `${format}: SIGTERM leaves nothing`);
			const kill = await make(format, { XUNGE_FAULT: 'export.step:2:kill' });

			assert.equal(kill.code, 'SIGKILL');
			assert.ok(!existsSync(file), `${format}: SIGKILL leaves nothing under the name`);
			for (const f of there()) rmSync(path.join(dir, f));
			const full = await make(format, {}, 600); // blocks of 512 bytes

			assert.deepEqual([full.code, full.out], [1, ''], full.err);
			assert.match(full.err, /^xunge export: [^\n]*(cannot write|no space|full|too large)[^\n]*\n$/i);
			assert.deepEqual(there(), [], `${format}: what was begun is gone`);
			const good = await make(format, {});

			assert.equal(good.code, 0, good.err);
			assert.deepEqual(there(), ['x']);
			const was = readFileSync(file);

			assert.equal((await make(format, {}, 600)).code, 1);
			assert.ok(readFileSync(file).equals(was), `${format}: the one of before stands as it was`);
			rmSync(file);
		}
	});

	test('a server that dies on the way: the client sees that it is not whole', async () => {
		const s = await new Promise((ok) => http.get({ port: town.httpPort, host: '127.0.0.1', path: url('events.csv'), headers: { Cookie: centre.cookie } }, ok));
		const over = new Promise((ok) => {
			s.on('error', () => ok('error'));
			s.on('aborted', () => ok('error'));
			s.on('end', () => ok('end'));
		});

		s.once('data', () => {
			s.pause();
			town.server.kill('SIGKILL');
			setTimeout(() => s.resume(), 300);
		});
		assert.equal(await over, 'error');
		await town.server.ended;
		await town.startServer();
	});
});
