// Photos: brought by phones in pieces that can go on (tus 1.0), named by events, seen by whom may see those.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import * as tus from 'tus-js-client';
import { COMMUNITY, GRID, TOWN, Town, until } from '../lib/index.mjs';
import { jpeg, noise, png, sha256, webp } from '../lib/picture.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 100000);
const b64 = (s) => Buffer.from(String(s)).toString('base64');
const meta = (o) => Object.entries(o).map(([k, v]) => `${k} ${b64(v)}`).join(',');

describe('photos', { timeout: 120000 }, () => {
	let town;
	const seq = {};
	let seed = SEED;

	before(async () => {
		process.stdout.write(`# photos: SEED=${SEED}\n`);
		town = await Town.start({ server: true, conf: { files: { dir: 'files', max_bytes: 1 << 20, device_unfinished: 4, device_day_bytes: 4 << 20, sweep_s: 1, at_once: 3 } } });
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('east', 'p-chief-c', 'office', COMMUNITY[0]);
		await town.user('west', 'p-admin', 'office', COMMUNITY[1]);
		for (const [id, person] of [['d-0001', 'p-0001'], ['d-0002', 'p-0002'], ['d-0003', 'p-0002'], ['d-0004', 'p-0001']]) await town.enrol(id, person);
	});
	after(() => town.stop());

	const auth = (id) => `Basic ${Buffer.from(`${id}:${town.secrets[id]}`).toString('base64')}`;
	const photo = (bytes = 60000) => jpeg({ bytes, seed: ++seed });
	const place = (id, bytes) => {
		const h = typeof bytes === 'string' ? bytes : sha256(bytes);
		return path.join(town.dir, 'files', h.slice(0, 2), h.slice(2, 4), `${h}.${id}`);
	};
	const incoming = () => readdirSync(path.join(town.dir, 'files/incoming'));
	const call = (id, method, url, headers = {}, body = undefined) => fetch(url.startsWith('http') ? url : town.base + url, { method, body, headers: { 'Tus-Resumable': '1.0.0', ...(id && { Authorization: auth(id) }), ...headers } });
	const create = (id, bytes, more = {}, headers = {}) => call(id, 'POST', '/api/v1/files', { 'Upload-Length': String(bytes.length), 'Upload-Metadata': meta({ sha256: sha256(bytes), mime: 'image/jpeg', ...more }), ...headers });
	const patch = (id, url, at, bytes, headers = {}) => call(id, 'PATCH', url, { 'Upload-Offset': String(at), 'Content-Type': 'application/offset+octet-stream', ...headers }, bytes);
	const offset = async (id, url) => {
		const r = await call(id, 'HEAD', url);
		return r.status === 200 ? Number(r.headers.get('upload-offset')) : -r.status;
	};
	const begin = async (id, bytes, more) => {
		const r = await create(id, bytes, more);
		assert.equal(r.status, 201, await r.text());
		return r.headers.get('location');
	};
	const bring = async (id, bytes, more) => {
		const url = await begin(id, bytes, more);
		const r = await patch(id, url, 0, bytes);
		assert.equal(r.status, 204, await r.text());
		return url;
	};
	const problem = async (r) => {
		assert.match(r.headers.get('content-type'), /problem\+json/);
		return [r.status, (await r.json()).code];
	};
	const say = async (id, kind, body, more = {}) => {
		const e = { epoch: `e${id.slice(2)}`, seq: (seq[id] = (seq[id] ?? 0) + 1), kind, at: Date.now(), ...more, body };
		const r = await (await fetch(`${town.base}/api/v1/events`, { method: 'POST', body: JSON.stringify(e), headers: { 'Content-Type': 'application/json', Authorization: auth(id) } })).json();
		return r.results?.[0]?.status ?? 'stored';
	};
	const named = (bytes, role = 'before') => ({ att: [{ sha256: sha256(bytes), bytes: bytes.length, mime: 'image/jpeg', role }] });
	const report = (id, name, scope, ...photos) => say(id, 'case.report', { case: name, class: 'hazard', category: 'fire', severity: 3, title: name }, { scope, att: photos.flatMap((p) => named(p).att) });
	const sessions = {};
	const session = async (who) => (sessions[who] ??= await town.session(who));
	const seen = async (who, bytes) => (await (await session(who)).fetch(`/api/v1/files/${sha256(bytes)}`)).status;
	const wanted = async (id) => (await (await fetch(`${town.base}/api/v1/sync`, { headers: { Authorization: auth(id) } })).json()).photos_wanted;

	test('what is spoken here; what a request must say', async () => {
		const r = await fetch(`${town.base}/api/v1/files`, { method: 'OPTIONS' });

		assert.equal(r.status, 204);
		assert.deepEqual(['version', 'extension', 'max-size', 'checksum-algorithm'].map((k) => r.headers.get(`tus-${k}`)),
			['1.0.0', 'creation,creation-with-upload,checksum,expiration,termination', String(1 << 20), 'sha256,sha1']);
		const p = photo(1000);

		assert.deepEqual(await problem(await create('d-0001', p, {}, { 'Tus-Resumable': '0.2.2' })), [412, 'tus_version']);
		assert.deepEqual(await problem(await create(null, p)), [401, 'bad_credentials']);
		for (const [headers, want] of [
			[{ 'Upload-Length': '' }, 'bad_length'], [{ 'Upload-Length': '0' }, 'bad_length'], [{ 'Upload-Length': '-1' }, 'bad_length'], [{ 'Upload-Length': '9e9' }, 'bad_length'],
			[{ 'Upload-Defer-Length': '1' }, 'bad_request'], [{ 'Upload-Concat': 'partial' }, 'bad_request'], [{ 'Upload-Metadata': '' }, 'bad_metadata'], [{ 'Upload-Metadata': 'sha256 !!!' }, 'bad_metadata'],
			[{ 'Upload-Metadata': meta({ mime: 'image/jpeg' }) }, 'bad_metadata'], [{ 'Upload-Metadata': meta({ sha256: sha256(p) }) }, 'bad_metadata'],
			[{ 'Upload-Metadata': `${meta({ sha256: sha256(p) })},${meta({ sha256: sha256(p) })}` }, 'bad_metadata'],
			...['../../../etc/passwd', `${'a'.repeat(61)}/..`, sha256(p).toUpperCase(), `${sha256(p)}\0`, ''].map((h) => [{ 'Upload-Metadata': meta({ sha256: h, mime: 'image/jpeg' }) }, 'bad_metadata']),
			...['../../x.jpg', '..', 'a\\b.jpg', '/etc/passwd', 'a\nb'].map((filename) => [{ 'Upload-Metadata': meta({ sha256: sha256(p), mime: 'image/jpeg', filename }) }, 'bad_metadata']),
			[{ 'Upload-Metadata': meta({ sha256: sha256(p), mime: 'image/jpeg', bytes: 999 }) }, 'bad_length'],
		]) assert.deepEqual(await problem(await create('d-0001', p, {}, headers)), [400, want], JSON.stringify(headers));
		for (const mime of ['image/svg+xml', 'text/html', 'image/gif', 'image/jpeg; x=1'])
			assert.deepEqual(await problem(await create('d-0001', p, { mime })), [415, 'bad_type'], mime);
		assert.deepEqual(await problem(await create('d-0001', p, {}, { 'Upload-Length': String((1 << 20) + 1) })), [413, 'too_large']);
		assert.deepEqual(incoming(), [], 'nothing was begun');
		for (const url of ['/api/v1/files/up/nothing', `/api/v1/files/up/${'0'.repeat(32)}`, '/api/v1/files/up/..%2F..%2Fserver.db']) {
			assert.equal(await offset('d-0001', url), -404, url);
			assert.equal((await patch('d-0001', url, 0, p)).status, 404, url);
		}
	});

	test('a photo in pieces, each with its checksum; wrong offsets, wrong sums; the end is told when it is in its place', async () => {
		const p = photo(150000);
		const url = await begin('d-0001', p, { bytes: p.length, role: 'before', filename: 'IMG_1.jpg' });

		assert.match(url, /^\/api\/v1\/files\/up\/[0-9a-f]{32}$/);
		const first = await patch('d-0001', url, 0, p.subarray(0, 50000), { 'Upload-Checksum': `sha256 ${Buffer.from(sha256(p.subarray(0, 50000)), 'hex').toString('base64')}` });

		assert.deepEqual([first.status, first.headers.get('upload-offset'), first.headers.get('tus-resumable')], [204, '50000', '1.0.0']);
		assert.ok(Date.parse(first.headers.get('upload-expires')) > Date.now() + 23 * 3600e3);
		assert.deepEqual(await problem(await patch('d-0001', url, 49999, p.subarray(49999))), [409, 'wrong_offset']);
		assert.deepEqual(await problem(await patch('d-0001', url, 50000, p.subarray(50000, 60000), { 'Upload-Checksum': `sha1 ${b64('x'.repeat(20))}` })), [460, 'checksum_mismatch']);
		assert.equal(await offset('d-0001', url), 50000, 'taken back');
		assert.deepEqual(await problem(await patch('d-0001', url, 50000, p.subarray(50000, 60000), { 'Upload-Checksum': 'md5 AAAA' })), [400, 'bad_checksum']);
		assert.deepEqual(await problem(await patch('d-0001', url, 50000, Buffer.concat([p.subarray(50000), Buffer.from('x')]))), [413, 'too_large']);
		assert.deepEqual(await problem(await patch('d-0001', url, 50000, p.subarray(50000), { 'Content-Type': 'image/jpeg' })), [415, 'bad_type']);
		assert.equal(await offset('d-0002', url), -404, "another device's");
		assert.equal((await patch('d-0002', url, 50000, p.subarray(50000))).status, 404);
		const sha1 = (await import('node:crypto')).createHash('sha1').update(p.subarray(50000, 60000)).digest('base64');

		assert.equal((await call('d-0001', 'POST', url, { 'X-HTTP-Method-Override': 'PATCH', 'Upload-Offset': '50000', 'Upload-Checksum': `sha1 ${sha1}`, 'Content-Type': 'application/offset+octet-stream' }, p.subarray(50000, 60000))).status, 204);
		assert.equal((await patch('d-0001', url, 60000, p.subarray(60000))).headers.get('upload-offset'), String(p.length));
		assert.ok(readFileSync(place('d-0001', p)).equals(p));
		assert.equal(statSync(place('d-0001', p)).mode & 0o777, 0o640);
		assert.deepEqual([await offset('d-0001', url), incoming().length], [p.length, 0]);
	});

	test('creation with upload; an upload that is ended; the same photo begun again takes the place of the first', async () => {
		const p = photo(20000);
		const whole = await call('d-0001', 'POST', '/api/v1/files', { 'Upload-Length': String(p.length), 'Upload-Metadata': meta({ sha256: sha256(p), mime: 'image/jpeg' }), 'Content-Type': 'application/offset+octet-stream' }, p);

		assert.deepEqual([whole.status, whole.headers.get('upload-offset')], [201, String(p.length)]);
		assert.ok(existsSync(place('d-0001', p)));
		const q = photo(20000);
		const a = await begin('d-0001', q);
		const b = await begin('d-0001', q);

		assert.deepEqual([await offset('d-0001', a), await offset('d-0001', b), incoming().length], [-404, 0, 1]);
		assert.equal((await call('d-0001', 'DELETE', b)).status, 204);
		assert.deepEqual([await offset('d-0001', b), incoming().length], [-404, 0]);
	});

	test('tus-js-client through a line that is cut at random bytes', async () => {
		const p = jpeg({ bytes: 700000, seed: ++seed });
		const dice = noise(64, SEED);
		let cuts = 0;
		const line = net.createServer((from) => {
			const to = net.connect(town.httpPort, '127.0.0.1');
			let left = cuts < 12 ? 2000 + dice[cuts++] * 900 : Infinity;

			for (const s of [from, to]) s.on('error', () => {}).on('close', () => (from.destroy(), to.destroy()));
			to.pipe(from);
			from.on('data', (d) => {
				to.write(d.subarray(0, Math.min(d.length, left)));
				if ((left -= d.length) <= 0) to.end(() => from.destroy());
			});
		});

		await new Promise((ok) => line.listen(0, '127.0.0.1', ok));
		try {
			await new Promise((ok, fail) => new tus.Upload(p, { endpoint: `http://127.0.0.1:${line.address().port}/api/v1/files`, retryDelays: Array(40).fill(5), metadata: { sha256: sha256(p), mime: 'image/jpeg' },
				headers: { Authorization: auth('d-0001') }, onError: fail, onSuccess: ok }).start());
		} finally {
			line.close();
		}
		assert.ok(cuts > 3, `cut ${cuts} times`);
		assert.ok(readFileSync(place('d-0001', p)).equals(p), `SEED=${SEED}`);
	});

	/** A PATCH that stops in the middle of its body: the socket. */
	const halfway = (id, url, bytes, n) => new Promise((ok, fail) => {
		const r = http.request(town.base + url, { method: 'PATCH', headers: { 'Tus-Resumable': '1.0.0', Authorization: auth(id), 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream', 'Content-Length': bytes.length } });

		r.on('error', () => {});
		r.on('socket', (s) => s.on('connect', () => r.write(bytes.subarray(0, n), (e) => (e ? fail(e) : ok(r)))));
	});

	test('kill -9 of the server in the middle: it goes on where the disk stands', async () => {
		const p = photo(300000);
		const url = await begin('d-0001', p);
		const r = await halfway('d-0001', url, p, 123456);

		await until(() => statSync(path.join(town.dir, 'files/incoming', path.basename(url))).size === 123456, 'the bytes on disk');
		await town.server.kill();
		r.destroy();
		await town.startServer();
		assert.equal(await offset('d-0001', url), 123456);
		assert.equal((await patch('d-0001', url, 123456, p.subarray(123456))).status, 204);
		assert.ok(readFileSync(place('d-0001', p)).equals(p));
	});

	test('a lost connection does not hold the upload: who asks anew goes on', async () => {
		const p = photo(200000);
		const url = await begin('d-0001', p);
		const r = await halfway('d-0001', url, p, 70000);

		await until(() => statSync(path.join(town.dir, 'files/incoming', path.basename(url))).size === 70000, 'the bytes on disk');
		assert.equal(await offset('d-0001', url), 70000);
		const answer = new Promise((ok) => r.on('response', (x) => ok(x.statusCode)));

		r.end(p.subarray(70000));
		assert.equal(await answer, 409, 'the old connection writes to nothing');
		assert.equal(await offset('d-0001', url), 70000);
		assert.equal((await patch('d-0001', url, 70000, p.subarray(70000))).status, 204);
		assert.ok(existsSync(place('d-0001', p)));
	});

	test('so many connections bring bytes at once, and no more', async () => {
		const p = [1, 2, 3, 4].map(() => photo(50000));
		const urls = await Promise.all(p.map((x) => begin('d-0001', x)));
		const open = await Promise.all([0, 1, 2].map((i) => halfway('d-0001', urls[i], p[i], 1000)));

		await until(async () => (await Promise.all([0, 1, 2].map(async (i) => statSync(path.join(town.dir, 'files/incoming', path.basename(urls[i]))).size))).every((n) => n === 1000), 'three of them under way');
		assert.deepEqual(await problem(await patch('d-0001', urls[3], 0, p[3])), [503, 'busy']);
		const q = photo(2000);

		assert.deepEqual(await problem(await call('d-0002', 'POST', '/api/v1/files', { 'Upload-Length': String(q.length), 'Upload-Metadata': meta({ sha256: sha256(q), mime: 'image/jpeg' }), 'Content-Type': 'application/offset+octet-stream' }, q)), [503, 'busy']);
		assert.equal(incoming().length, 4, 'what nobody knows of is gone');
		for (const r of open) r.destroy();
		await until(async () => (await patch('d-0001', urls[3], 0, p[3])).status === 204, 'room');
		for (const url of urls.slice(0, 3)) assert.equal((await call('d-0001', 'DELETE', url)).status, 204);
	});

	test('a kill at each step of the end leaves it whole or absent, and it can be ended', async () => {
		for (const point of ['files.sync:1', 'files.rename:1', 'files.dirsync:1']) {
			const p = photo(30000);

			await town.server.stop();
			await town.startServer({ XUNGE_FAULT: `${point}:kill` });
			const url = await begin('d-0001', p);

			await assert.rejects(patch('d-0001', url, 0, p), point);
			await town.server.ended;
			assert.ok(!existsSync(place('d-0001', p)) || readFileSync(place('d-0001', p)).equals(p));
			await town.startServer();
			assert.equal(await offset('d-0001', url), p.length, `${point}: asked for, it is ended`);
			assert.ok(readFileSync(place('d-0001', p)).equals(p), point);
		}
		for (const [point, status] of [['files.write', 507], ['files.sync', 503], ['files.rename', 503], ['files.dirsync', 503], ['files.open', 503], ['files.create', 503]]) {
			const p = photo(30000);

			await town.server.stop();
			await town.startServer({ XUNGE_FAULT: `${point}:1` });
			const made = await create('d-0001', p);
			const r = made.status === 201 ? await patch('d-0001', made.headers.get('location'), 0, p) : made;

			assert.equal(r.status, status, point);
			assert.ok(!existsSync(place('d-0001', p)), `${point}: not stored, and not there`);
			await bring('d-0001', p);
			assert.ok(readFileSync(place('d-0001', p)).equals(p), point);
			assert.deepEqual(incoming(), [], point);
		}
	});

	test('lies are told, and leave nothing', async () => {
		const good = photo(9000);
		const big = png({ width: 50000, height: 50000, rows: 1 });
		const lies = [
			['another hash', photo(9000), { sha256: sha256(good) }, [422, 'bad_hash']],
			['a PNG said to be a JPEG', png({ seed: ++seed }), {}, [415, 'bad_type']],
			['a JPEG said to be a WebP', photo(3000), { mime: 'image/webp' }, [415, 'bad_type']],
			['HTML', Buffer.from('<html><script>alert(1)</script></html>'), {}, [415, 'not_a_photo']],
			['a GIF', Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1'), {}, [415, 'not_a_photo']],
			['a program behind a picture', Buffer.concat([photo(3000), Buffer.from('PK\x03\x04 and a program')]), {}, [415, 'not_a_photo']],
			['a page behind a PNG', Buffer.concat([png({ seed: ++seed }), Buffer.from('<script>')]), { mime: 'image/png' }, [415, 'not_a_photo']],
			['a picture cut off', photo(3000).subarray(0, 2000), {}, [415, 'not_a_photo']],
			['only its first bytes', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), {}, [415, 'not_a_photo']],
			['50,000 x 50,000 pixels', big, { mime: 'image/png' }, [413, 'too_many_pixels']],
			['65,535 x 65,535 pixels', jpeg({ width: 65535, height: 65535 }), {}, [413, 'too_many_pixels']],
			['no pixels', jpeg({ width: 0, height: 8 }), {}, [415, 'not_a_photo']],
		];

		for (const [what, bytes, more, want] of lies) {
			const url = await begin('d-0002', bytes, more);

			assert.deepEqual(await problem(await patch('d-0002', url, 0, bytes)), want, what);
			assert.equal(await offset('d-0002', url), -404, what);
			assert.ok(!existsSync(place('d-0002', bytes)) && !existsSync(place('d-0002', more.sha256 ?? bytes)), what);
		}
		assert.deepEqual(incoming(), []);
		for (const [bytes, mime] of [[png({ seed: ++seed }), 'image/png'], [webp(), 'image/webp'], [jpeg({ width: 7000, height: 7000, seed: ++seed }), 'image/jpeg']]) {
			await bring('d-0002', bytes, { mime });
			assert.ok(existsSync(place('d-0002', bytes)), mime);
		}
	});

	test('who may see it: the photo before its event, and after; from two devices; not by its hash alone', async () => {
		const p = photo(40000);
		const q = photo(400000);

		assert.equal(await seen('centre', p), 404);
		await bring('d-0001', p);
		assert.equal(await seen('centre', p), 404, 'no event names it yet');
		assert.equal(await report('d-0001', 'case-a', GRID[0], p, q), 'stored');
		assert.deepEqual(await Promise.all(['centre', 'east', 'west'].map((who) => seen(who, p))), [200, 200, 404]);
		assert.deepEqual([await seen('centre', q), await wanted('d-0001')], [404, [sha256(q)]], 'the event came before its photo');
		const s = await session('centre');
		const line = async () => (await (await s.fetch('/api/v1/cases/case-a')).json()).timeline[0].photos.map((x) => x.here);

		assert.deepEqual(await line(), [true, false]);
		await bring('d-0001', q);
		assert.deepEqual([await seen('east', q), await wanted('d-0001'), await line()], [200, [], [true, true]]);
		const r = await s.fetch(`/api/v1/files/${sha256(q)}`);

		assert.deepEqual(['content-type', 'content-disposition', 'x-content-type-options', 'cache-control', 'etag', 'cross-origin-resource-policy'].map((k) => r.headers.get(k)),
			['image/jpeg', `inline; filename="${sha256(q).slice(0, 12)}.jpg"`, 'nosniff', 'private, no-cache', `"${sha256(q)}"`, 'same-origin']);
		assert.match(r.headers.get('content-security-policy'), /sandbox/);
		assert.ok(Buffer.from(await r.arrayBuffer()).equals(q), 'all of its pieces');
		assert.equal((await s.fetch(`/api/v1/files/${sha256(q)}`, { headers: { 'If-None-Match': `"${sha256(q)}"` } })).status, 304);
		const head = await s.fetch(`/api/v1/files/${sha256(p)}`, { method: 'HEAD' });

		assert.deepEqual([head.status, head.headers.get('content-length'), (await head.text()).length], [200, String(p.length), 0]);
		assert.equal((await fetch(`${town.base}/api/v1/files/${sha256(p)}`)).status, 401);
		for (const bad of ['x', '0'.repeat(64), `${sha256(p)}.d-0001`, sha256(p).toUpperCase(), '..%2F..%2Fserver.db']) assert.equal((await s.fetch(`/api/v1/files/${bad}`)).status, 404, bad);
		const get = async (id, bytes) => (await fetch(`${town.base}/api/v1/files/${sha256(bytes)}`, { headers: { Authorization: auth(id) } })).status;

		assert.deepEqual([await get('d-0001', p), await get('d-0004', p), await get('d-0002', p)], [200, 200, 404], 'the device, another of the same person, a stranger');
		// A stranger who learned the hash names it in an event of his own: neither he nor his office sees a thing.
		assert.equal(await report('d-0002', 'case-b', GRID[2], p), 'stored');
		assert.deepEqual([await get('d-0002', p), await seen('west', p), await wanted('d-0002')], [404, 404, [sha256(p)]]);
		await bring('d-0002', p); // he has it himself: now it is his, too
		assert.deepEqual([await get('d-0002', p), await seen('west', p), existsSync(place('d-0001', p)), existsSync(place('d-0002', p))], [200, 200, true, true]);
		// Who has the case sees its photos, and is told of them.
		assert.equal(await get('d-0003', q), 404);
		const act = async (body) => {
			const etag = (await s.fetch('/api/v1/cases/case-a')).headers.get('etag');
			const x = await s.fetch('/api/v1/cases/case-a/actions', { method: 'POST', body: JSON.stringify(body), headers: { 'If-Match': etag, 'Idempotency-Key': `k${++seed}` } });

			assert.equal(x.status, 200, await x.text());
		};

		await act({ action: 'accept' });
		await act({ action: 'dispatch', to: 'p-0002' });
		const told = await (await fetch(`${town.base}/api/v1/sync`, { headers: { Authorization: auth('d-0003') } })).json();

		assert.deepEqual(told.cases.filter((c) => c.id === 'case-a').map((c) => [...c.photos].sort()), [[sha256(p), sha256(q)].sort()]);
		assert.equal(await get('d-0003', q), 200);
		// In a held event of a case that is not there: kept for its day, seen by nobody.
		const h = photo(5000);

		await bring('d-0001', h);
		assert.equal(await say('d-0001', 'case.act', { case: 'case-none', action: 'sign' }, named(h, 'after')), 'held');
		assert.deepEqual([await seen('centre', h), await get('d-0001', h)], [404, 200]);
		assert.equal(await say('d-0001', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[0], ...named(h) }), 'stored');
		assert.deepEqual([await seen('east', h), await seen('west', h)], [200, 404]);
	});

	test('photos that no event names go when they are old; those that one names stay', async () => {
		const [orphan, kept, held, foreign] = [photo(4000), photo(4000), photo(4000), photo(4000)];

		for (const p of [orphan, kept, held, foreign]) await bring('d-0004', p);
		await report('d-0004', 'case-kept', GRID[0], kept);
		assert.equal(await say('d-0004', 'case.act', { case: 'case-never', action: 'sign' }, named(held)), 'held');
		await report('d-0002', 'case-foreign', GRID[2], foreign); // of another device: names nothing of d-0004
		await town.server.stop();
		town.o.conf.files.unnamed_s = 2;
		town.writeConf();
		await town.startServer();
		const old = new Date(Date.now() - 3600e3);

		for (const p of [orphan, kept, held, foreign]) utimesSync(place('d-0004', p), old, old);
		await until(() => !existsSync(place('d-0004', orphan)) && !existsSync(place('d-0004', foreign)), 'the sweep');
		// Another whole round: a photo of the same age in each of its folders would be gone by now.
		const mark = photo(4000);

		await bring('d-0004', mark);
		utimesSync(place('d-0004', mark), old, old);
		await until(() => !existsSync(place('d-0004', mark)), 'the next sweep');
		assert.ok(existsSync(place('d-0004', kept)) && existsSync(place('d-0004', held)));
	});

	test('xunge check tells how many are missing', async () => {
		assert.match(await town.must('check'), /^everything agrees up to commit \d+\nphotos that events name: \d+, of which 1 are not here$/m); // that of case-foreign
	});

	test('quotas of a device: unfinished uploads, bytes of a day', async () => {
		const begun = [];

		for (let i = 0; i < 4; i++) begun.push(await begin('d-0003', photo(2000)));
		const full = await create('d-0003', photo(2000));

		assert.ok(Number(full.headers.get('retry-after')) > 0);
		assert.deepEqual(await problem(full), [429, 'too_many_uploads']);
		assert.equal((await create('d-0001', photo(2000))).status, 201, 'of another device nothing is said');
		await call('d-0003', 'DELETE', begun[0]);
		for (const url of begun.slice(1)) await call('d-0003', 'DELETE', url);
		let n = 0;
		let last;

		while ((last = await create('d-0003', jpeg({ bytes: 1 << 20, seed: ++seed }))).status === 201) {
			await call('d-0003', 'DELETE', last.headers.get('location')); // what is not kept does not count
			if (++n === 6) break;
		}
		assert.equal(n, 6);
		for (n = 0; n < 6; n++) {
			const p = jpeg({ bytes: 1 << 20, seed: ++seed });

			last = await create('d-0003', p);
			if (last.status !== 201) break;
			assert.equal((await patch('d-0003', last.headers.get('location'), 0, p)).status, 204);
		}
		assert.equal(n, 4);
		assert.deepEqual(await problem(last), [429, 'day_quota']);
	});

	test('a revoked device: the next request is refused, what it had begun goes', async () => {
		await town.enrol('d-0009', 'p-0002');
		const p = photo(50000);
		const url = await begin('d-0009', p);
		const file = path.join(town.dir, 'files/incoming', path.basename(url));

		assert.equal((await patch('d-0009', url, 0, p.subarray(0, 20000))).status, 204);
		await town.must('device', 'revoke', 'd-0009');
		assert.equal((await patch('d-0009', url, 20000, p.subarray(20000))).status, 401);
		await until(() => !existsSync(file), 'the upload to go');
		assert.equal((await create('d-0009', p)).status, 401);
	});

	test('an upload that nobody ends expires; strays of a killed server go at its start', async () => {
		const url = await begin('d-0002', photo(50000));
		const file = path.join(town.dir, 'files/incoming', path.basename(url));

		await town.server.stop();
		town.o.conf.files.upload_s = 1;
		town.writeConf();
		town.write(`files/incoming/${'ab'.repeat(16)}`, 'stray');
		await town.startServer();
		assert.ok(!existsSync(path.join(town.dir, 'files/incoming', 'ab'.repeat(16))));
		await until(() => !existsSync(file), 'the upload to expire');
		assert.equal(await offset('d-0002', url), -404);
		const metrics = await (await fetch(`${town.base}/metrics`)).text();

		assert.match(metrics, /^xunge_server_uploads_expired_total [1-9]/m);
	});
});
