// What hostile and unlucky peers do to xunge-server: it answers, closes or ignores, never spins, never grows.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, Live, Town, sleep, until } from '../lib/index.mjs';
import { jpeg, sha256 } from '../lib/picture.mjs';

const SPIN = 0.3; // CPU seconds in three: more is spinning
const BIG = 6 * 1024 * 1024;

/** A bare TCP connection that keeps what it reads. */
class Raw {
	static async open(town) {
		const r = new Raw(net.connect({ port: town.httpPort, host: '127.0.0.1', allowHalfOpen: true }));
		await once(r.s, 'connect');
		return r;
	}

	constructor(s) {
		this.s = s;
		this.chunks = [];
		this.n = 0;
		this.over = null; // when the peer closed
		s.on('data', (d) => {
			this.chunks.push(d);
			this.n += d.length;
		});
		s.on('error', () => (this.over ??= Date.now()));
		s.on('end', () => (this.over ??= Date.now()));
		s.on('close', () => (this.over ??= Date.now()));
	}

	get text() {
		return Buffer.concat(this.chunks).toString('latin1');
	}

	write(text) {
		this.s.write(text);
	}

	closed(ms = 15000) {
		return until(() => this.over, 'the server to close', ms, 20);
	}

	/** The first response: status and headers. */
	async response(ms = 15000) {
		await until(() => this.text.includes('\r\n\r\n') || this.over, 'a response', ms, 5);
		const [head, body = ''] = this.text.split(/\r\n\r\n(.*)/s);
		assert.match(head, /^HTTP\/1\.1 \d{3} /, `no response: ${JSON.stringify(this.text.slice(0, 100))}`);
		return { status: Number(head.slice(9, 12)), head, body };
	}

	end() {
		this.s.destroy();
	}
}

const get = (p, more = '') => `GET ${p} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
const post = (p, body, more = '') => `POST ${p} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const upgrade = (more) => `GET /api/v1/live HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
	`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${more}\r\n`;

/** A masked client frame. */
function frame(opcode, payload, fin = true) {
	const data = Buffer.from(payload), mask = randomBytes(4);
	const len = data.length < 126 ? Buffer.from([0x80 | data.length]) :
		data.length < 65536 ? Buffer.from([0xfe, data.length >> 8, data.length & 255]) :
			Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0]), (() => { const b = Buffer.alloc(4); b.writeUInt32BE(data.length); return b; })()]);
	return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), len, mask, data.map((b, i) => b ^ mask[i & 3])]);
}

describe('traps of the server', { timeout: 120000 }, () => {
	let town, session;

	before(async () => {
		town = await Town.start({ ingest: false, broker: false, server: false });
		town.o.conf = { server: { web: webFolder(town) } };
		town.writeConf();
		await town.startServer();
		await town.user('centre', 'p-duty', 'centre', '990101100');
		session = await town.session('centre');
		await town.enrol('d-0001', 'p-0001');
	});
	after(() => town?.stop());

	function webFolder(t) {
		const dir = t.path('web');
		mkdirSync(dir);
		writeFileSync(path.join(dir, 'index.html'), `<!doctype html><title>t</title>${'x'.repeat(2000)}`);
		writeFileSync(path.join(dir, 'big.bin'), randomBytes(BIG));
		writeFileSync(path.join(dir, 'app.js'), 'export const a = 1;\n'.repeat(200));
		return dir;
	}

	/** CPU that the server uses while `during` runs, at least 3 s. */
	async function cpu(during = () => {}) {
		const from = town.server.cpu(), t0 = Date.now();
		await during();
		await sleep(Math.max(0, 3000 - (Date.now() - t0)));
		return town.server.cpu() - from;
	}

	/** A photo that is begun: its bytes, and the head of a PATCH with all of them. */
	async function upload(seed) {
		const bytes = jpeg({ bytes: 100000, seed });
		const who = `Tus-Resumable: 1.0.0\r\nAuthorization: Basic ${Buffer.from(`d-0001:${town.secrets['d-0001']}`).toString('base64')}\r\n`;
		const headers = Object.fromEntries(who.trim().split('\r\n').map((l) => l.split(': ')));
		const r = await fetch(`${town.base}/api/v1/files`, { method: 'POST', headers: { ...headers, 'Upload-Length': String(bytes.length), 'Upload-Metadata': `sha256 ${btoa(sha256(bytes))},mime ${btoa('image/jpeg')}` } });
		assert.equal(r.status, 201);
		const head = (offset = 0, n = bytes.length) => `PATCH ${r.headers.get('location')} HTTP/1.1\r\nHost: h\r\n${who}Upload-Offset: ${offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${n}\r\n\r\n`;
		return { bytes, head };
	}

	const alive = async () => assert.equal((await session.fetch('/livez')).status, 200);

	test('a blocked response does not spin, whatever its peer sends', async () => {
		const peers = [];
		for (let i = 0; i < 4; i++) peers.push(await Raw.open(town));
		const [later, together, fin, gone] = peers;
		for (const p of peers) p.s.pause();
		later.write(get('/big.bin'));
		together.write(get('/big.bin') + get('/livez'));
		fin.write(get('/big.bin'));
		fin.s.end();
		gone.write(get('/big.bin'));
		await sleep(300);
		later.write(get('/livez') + get('/version'));
		const used = await cpu(alive);
		console.log(`# four blocked peers: ${used.toFixed(2)} s of CPU in 3 s`);
		assert.ok(used < SPIN, `${used} s of CPU in 3 s`);
		gone.s.resetAndDestroy();
		// Who reads after all gets everything, and the answers to what it asked meanwhile.
		for (const p of [later, together, fin]) p.s.resume();
		await until(() => later.n > BIG && later.text.includes('"version"'), 'the pipelined answers', 20000);
		await until(() => together.text.includes('"alive"'), 'the pipelined answer', 20000);
		await until(() => fin.n > BIG, 'the whole file', 20000);
		assert.ok(later.text.includes('"alive"'));
		for (const p of peers) p.end();
		await alive();
	});

	test('thousands of small requests in one go, never read, do not spin', async () => {
		for (const paths of [['/livez'], ['/nope', '/']]) {
			const p = await Raw.open(town);
			p.s.pause();
			for (let i = 0; i < 2000; i++) p.write(get(paths[i % paths.length]));
			await sleep(200);
			const used = await cpu(alive);
			console.log(`# 2000 requests of a peer that does not read: ${used.toFixed(2)} s of CPU in 3 s`);
			assert.ok(used < SPIN, `${used} s of CPU in 3 s`);
			p.end();
			await alive();
		}
	});

	test('a slow reader costs next to nothing', async () => {
		const p = await Raw.open(town);
		p.s.pause();
		p.write(get('/big.bin') + get('/livez'));
		let stop = false;
		const reading = (async () => {
			while (!stop) {
				p.s.resume();
				await sleep(5);
				p.s.pause();
				await sleep(100);
			}
		})();
		const used = await cpu(alive);
		stop = true;
		await reading;
		p.end();
		console.log(`# a slow reader: ${used.toFixed(2)} s of CPU in 3 s`);
		assert.ok(used < SPIN, `${used} s of CPU in 3 s`);
	});

	test('a sign-in or an upload with bytes behind it, with its peer gone, refused while it comes, does not spin', async () => {
		const [u1, u2, u3, u4] = [await upload(1), await upload(2), await upload(3), await upload(4)];
		const peers = [];
		const body = JSON.stringify({ user: 'nobody', password: 'wrong-wrong' });
		const used = await cpu(async () => {
			for (let i = 0; i < 5; i++) peers.push(await Raw.open(town));
			const [behind, fin, reset, end, wrong] = peers;
			behind.write(u1.head());
			behind.write(u1.bytes);
			behind.write(get('/livez'));
			fin.write(u2.head());
			fin.write(u2.bytes.subarray(0, 50000));
			fin.s.end();
			reset.write(u3.head());
			reset.s.write(u3.bytes.subarray(0, 50000), () => reset.s.resetAndDestroy());
			end.write(u4.head());
			end.s.write(u4.bytes, () => end.s.end());
			wrong.write(u3.head(7, 1000000)); // refused at its head, and goes on
			wrong.write(Buffer.alloc(1000000));
			assert.equal((await wrong.response()).status, 409);
			await behind.closed();
			await end.closed();
			for (let i = 0; i < 2; i++) {
				const a = await Raw.open(town), b = await Raw.open(town), c = await Raw.open(town);
				a.write(post('/api/v1/session', body) + get('/livez'));
				b.write(post('/api/v1/session', body));
				b.s.end();
				c.write(post('/api/v1/session', body));
				c.s.resetAndDestroy();
				await a.closed(10000).catch(() => {});
				a.end();
				b.end();
			}
			await alive();
		});
		for (const p of peers) p.end();
		assert.ok(used < SPIN + 6 * 0.3, `${used} s of CPU`); // six times argon2id
	});

	test('bodies: length required, bounded, dripped ones cut; headers too', async () => {
		const cases = [
			[`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 411],
			[`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello`, 400],
			[`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n`, 411],
			[`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n`, 400],
			[`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\nhello`, 400],
			[post('/api/v1/session', 'a'.repeat(70000)), 413],
			[post('/api/v1/session', '{"user":'), 400],
			[post('/api/v1/session', ''), 400],
			[`GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`, 200],
		];
		for (const [text, status] of cases) {
			const p = await Raw.open(town);
			p.write(text);
			assert.equal((await p.response()).status, status, text.slice(0, 120));
			p.end();
		}
		const big = await Raw.open(town); // 413 reaches a peer that goes on sending
		big.write(`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n`);
		for (let i = 0; i < 20; i++) {
			big.write('x'.repeat(65536));
			await sleep(5);
		}
		const r = await big.response();
		assert.equal(r.status, 413);
		assert.match(r.body, /"too_large"/);
		await big.closed();
		big.end();
		// Three that take their time, side by side.
		const photo = await upload(5), slow = await Raw.open(town);
		const drip = await Raw.open(town), loris = await Raw.open(town), half = await Raw.open(town), idle = await Raw.open(town);
		const t0 = Date.now();
		drip.write(`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`);
		slow.write(photo.head());
		loris.write('GET /livez HTTP/1.1\r\nHost: h\r\n');
		half.write(`POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345`);
		const timer = setInterval(() => {
			if (!drip.over) drip.write('{');
			if (!loris.over) loris.write('x-a: b\r\n');
			if (!slow.over) slow.write(photo.bytes.subarray(0, 10));
		}, 700);
		await Promise.all([drip, loris, half, idle, slow].map((p) => p.closed(30000)));
		clearInterval(timer);
		for (const p of [drip, loris, half, idle, slow]) {
			assert.ok(p.over - t0 < 20000, `cut after ${p.over - t0} ms`);
			p.end();
		}
		await alive();
	});

	test('upgrades: subprotocol, origin, session', async () => {
		const origin = `Origin: http://h\r\n`, cookie = `Cookie: ${session.cookie}\r\n`, sub = 'Sec-WebSocket-Protocol: xunge.live.v1\r\n';
		const cases = [
			[upgrade(origin + cookie), 400, 'bad_subprotocol'],
			[upgrade(origin + cookie + 'Sec-WebSocket-Protocol: chat\r\n'), 400, 'bad_subprotocol'],
			[upgrade(origin + cookie + 'Sec-WebSocket-Protocol: xunge-http\r\n'), 400, 'bad_subprotocol'],
			[upgrade(origin + cookie + 'Sec-WebSocket-Protocol: xunge-fd\r\n'), 400, 'bad_subprotocol'],
			[upgrade(cookie + sub), 403, 'foreign_origin'],
			[upgrade(`Origin: http://elsewhere\r\n${cookie}${sub}`), 403, 'foreign_origin'],
			[upgrade(`Origin: null\r\n${cookie}${sub}`), 403, 'foreign_origin'],
			[upgrade(`Origin: http://h.elsewhere\r\n${cookie}${sub}`), 403, 'foreign_origin'],
			[upgrade(origin + sub), 401, 'signed_out'],
			[upgrade(`${origin}${sub}Cookie: xunge=${'A'.repeat(43)}\r\n`), 401, 'signed_out'],
			[upgrade(origin + cookie + sub).replace('Version: 13', 'Version: 8'), 426, 'bad_upgrade'],
			[upgrade(origin + cookie + sub).replace('/api/v1/live', '/'), 404, 'not_found'],
			[upgrade(origin + cookie + sub).replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'), 404, 'not_found'],
			[`GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n`, 400, 'bad_upgrade'],
			[get('/api/v1/live'), 426, 'upgrade_required'],
		];
		for (const [text, status, code] of cases) {
			const p = await Raw.open(town);
			p.write(text);
			const r = await p.response();
			assert.equal(r.status, status, text);
			await until(() => p.text.includes(`"code":"${code}"`), code, 5000);
			p.end();
		}
		// Lists that begin with a name of the server's own are not let in either.
		for (const list of ['xunge-http, xunge.live.v1', 'xunge-fd, xunge.live.v1']) {
			const p = await Raw.open(town);
			p.write(upgrade(`${origin}${cookie}Sec-WebSocket-Protocol: ${list}\r\n`));
			await p.closed();
			assert.ok(!p.text.includes('101'), p.text);
			p.end();
		}
		// An unknown upgrade as the second request of a connection.
		const p = await Raw.open(town);
		p.write(get('/livez'));
		await p.response();
		p.write(get('/livez', 'Connection: Upgrade\r\nUpgrade: foo\r\n'));
		await p.closed();
		p.end();
		const ok = await Raw.open(town);
		ok.write(upgrade(origin + cookie + 'Sec-WebSocket-Protocol: chat, xunge.live.v1\r\n'));
		assert.equal((await ok.response()).status, 101);
		ok.end();
		await alive();
	});

	async function rawStream() {
		const p = await Raw.open(town);
		p.write(upgrade(`Origin: http://h\r\nCookie: ${session.cookie}\r\nSec-WebSocket-Protocol: xunge.live.v1\r\n`));
		assert.equal((await p.response()).status, 101);
		return p;
	}

	test('messages: bounded, whole, in any pieces', async () => {
		const say = async (what, code) => {
			const l = new Live(session);
			await l.opened;
			await what(l);
			await until(() => l.close, `close ${code}`, 10000);
			assert.equal(l.close.code, code);
		};
		await say((l) => l.send('x'.repeat(5000)), 1009);
		await say((l) => l.send('x'.repeat(1000000)), 1009);
		await say((l) => l.send('not json'), 1008);
		await say((l) => l.send('[]'), 1008);
		await say((l) => l.send('{"op":"other"}'), 1008);
		await say((l) => l.send('{"op":"hello","op":"ping"}'), 1008);
		await say((l) => l.send('{"op":"hello","scope":7}'), 1008);
		await say((l) => l.send('{"op":"hello","since":"x"}'), 1008);
		await say((l) => l.ws.send(Buffer.from('{"op":"ping"}'), { binary: true }), 1003);
		await say((l) => l.send('{"op":"hello","scope":"*"}'), 4403);
		await say((l) => l.send('{"op":"hello","scope":"990102"}'), 4403);
		await say((l) => l.send('{"op":"hello","scope":"990101"}'), 4403);
		await say((l) => l.send('{"op":"hello","scope":"everything"}'), 4403);
		await say(async (l) => {
			for (let i = 0; i < 300; i++) l.send('{"op":"ping"}');
		}, 1008);
		const text = async (first, code) => {
			const p = await rawStream();
			for (const f of first) p.write(f);
			const close = () => {
				const body = Buffer.concat(p.chunks), at = body.lastIndexOf(0x88);
				return at >= 0 && body.length >= at + 4 && body.readUInt16BE(at + 2);
			};
			assert.equal(await until(close, 'a close frame', 10000), code);
			p.end();
		};
		await text([frame(1, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))], 1007);
		await text([frame(1, 'x'.repeat(3000), false), frame(0, 'x'.repeat(3000), true)], 1009);
		const ok = await rawStream(); // a hello in pieces of one byte, and frames of one byte
		const hello = '{"op":"hello","scope":"990101100001"}';
		const bytes = Buffer.concat([...hello].map((ch, i) => frame(i ? 0 : 1, ch, i === hello.length - 1)));
		for (const b of bytes) {
			ok.s.write(Buffer.from([b]));
			if (b % 8 === 0) await sleep(1);
		}
		await until(() => ok.text.includes('"op":"snapshot"'), 'the snapshot', 10000);
		assert.ok(!ok.text.includes('990101100002'), 'nothing outside the scope');
		ok.end();
		const l = await session.live();
		l.send('{"op":"ping"}');
		assert.ok((await l.frame((f) => f.op === 'pong')).time > 0);
		l.end();
	});

	test('a stream that never says hello is closed', async () => {
		const l = new Live(session);
		await l.opened;
		await until(() => l.close, 'the close', 20000);
		assert.equal(l.close.code, 1008);
	});

	test('paths, methods and headers', async () => {
		const raw = async (text) => {
			const p = await Raw.open(town);
			p.write(text);
			const r = await p.response();
			p.end();
			return r;
		};
		for (const p of ['/../town.db', '/..%2ftown.db', '/%2e%2e/%2e%2e/etc/passwd', '/web/../../town.db', '//etc/passwd', '/.git/config', '/app.js/', '/index.html%00.js', '/api', '/api/v1', '/api/v1/me/']) {
			const p1 = await Raw.open(town);
			p1.write(get(p, 'Connection: close\r\n'));
			await until(() => p1.over || p1.text.includes('\r\n\r\n'), `an answer to ${p}`, 5000);
			assert.ok(!/^HTTP\/1.1 2/.test(p1.text), `${p}: ${p1.text.slice(0, 60)}`);
			p1.end();
		}
		for (const [req, status] of [[get('/'), 200], [get('/nope'), 404], [get('/api/v1/me'), 401], [get('/metrics'), 200],
			['PUT /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n', 405], ['DELETE / HTTP/1.1\r\nHost: h\r\n\r\n', 405],
			['OPTIONS /api/v1/session HTTP/1.1\r\nHost: h\r\n\r\n', 405]]) {
			const r = await raw(req);
			assert.equal(r.status, status, req);
			assert.match(r.head, /content-security-policy: default-src 'self'; img-src 'self' data: blob:; style-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'\r\n/);
			assert.match(r.head, /x-content-type-options: nosniff/);
			assert.match(r.head, /referrer-policy: no-referrer/);
			if (status === 405) assert.match(r.head, /\r\nallow: /);
		}
		assert.equal((await raw('OPTIONS /api/v1/session HTTP/1.1\r\nHost: h\r\n\r\n')).head.match(/allow: (.*)/)[1].trim(), 'POST, DELETE');
		const head = await raw('HEAD /app.js HTTP/1.1\r\nHost: h\r\n\r\n');
		assert.equal(head.status, 200);
		assert.match(head.head, /content-length: 4000/);
		assert.equal(head.body, '');
		const js = await raw(get('/app.js', 'Accept-Encoding: br, gzip\r\n'));
		assert.match(js.head, /content-encoding: br$/m);
		assert.match((await raw(get('/app.js', 'Accept-Encoding: gzip, br;q=0\r\n'))).head, /content-encoding: gzip/);
		assert.match(js.head, /content-type: text\/javascript/);
		assert.match(js.head, /vary: accept-encoding/);
		assert.ok(Number(js.head.match(/content-length: (\d+)/)[1]) < 400);
		const plain = await raw(get('/app.js', 'Accept-Encoding: gzip;q=0\r\n'));
		assert.match(plain.head, /content-length: 4000/);
		const tags = [js, plain].map((r) => r.head.match(/etag: (".*")/)[1]);
		assert.notEqual(tags[0], tags[1]);
		assert.equal((await raw(get('/app.js', `If-None-Match: "x", ${tags[1]}\r\n`))).status, 304);
		assert.equal((await raw(get('/app.js', `If-None-Match: ${tags[0]}\r\nAccept-Encoding: br\r\n`))).status, 304);
		assert.equal((await raw(get('/app.js', `If-None-Match: "x"\r\n`))).status, 200);
		const keep = await Raw.open(town); // answers in order on one connection
		keep.write(get('/livez') + get('/nope') + get('/version'));
		await until(() => keep.text.includes('"schema"'), 'three answers', 5000);
		assert.deepEqual([...keep.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => m[1]), ['200', '404', '200']);
		keep.end();
		// Headers beyond the bound: no answer is owed, but the server lives on.
		const huge = await Raw.open(town);
		huge.write(get('/livez', `X-Big: ${'y'.repeat(20000)}\r\n`));
		await huge.closed();
		huge.end();
		for (const junk of ['\x16\x03\x01\x02\x00\x01', '\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', 'FOO / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'.repeat(50)]) {
			const p = await Raw.open(town);
			p.write(Buffer.from(junk, 'latin1'));
			await sleep(20);
			p.end();
		}
		await alive();
	});

	test('many sign-ins at once: some are told to wait, none waits for ever, others are served', async () => {
		const one = (i) => fetch(`${town.base}/api/v1/session`, {
			method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user: `u${i}`, password: 'wrong-wrong' }),
			signal: AbortSignal.timeout(60000),
		}).then((r) => ({ status: r.status, retry: r.headers.get('retry-after') }));
		const all = Promise.all(Array.from({ length: 60 }, (_, i) => one(i)));
		const t0 = Date.now();
		await alive();
		const took = Date.now() - t0;
		const seen = await all;
		const count = (s) => seen.filter((r) => r.status === s).length;
		assert.equal(count(401) + count(503), 60, JSON.stringify(seen));
		assert.ok(count(503) > 0 && count(401) >= 32);
		assert.ok(seen.filter((r) => r.status === 503).every((r) => Number(r.retry) > 0));
		assert.ok(took < 5000, `others waited ${took} ms`);
	});

	test('descriptors at their limit: refused without spinning, served again after', async () => {
		const wrapper = town.path('few-files');
		writeFileSync(wrapper, `#!/bin/sh\nulimit -n 80\nexec ${path.join(BUILD, 'xunge-server')} "$@"\n`);
		chmodSync(wrapper, 0o755);
		const few = await Town.start({ ingest: false, broker: false, registry: false, server: true, bin: { server: wrapper }, conf: { server: { web: town.path('web') } } });
		try {
			const peers = [];
			for (let i = 0; i < 120; i++) {
				const s = net.connect(few.httpPort, '127.0.0.1');
				s.on('error', () => {});
				peers.push(s);
			}
			await sleep(300);
			const from = few.server.cpu();
			await sleep(3000);
			const used = few.server.cpu() - from;
			for (const s of peers) s.destroy();
			console.log(`# out of descriptors: ${used.toFixed(2)} s of CPU in 3 s`);
			assert.ok(used < SPIN, `${used} s of CPU in 3 s`);
			await until(async () => (await fetch(`${few.base}/livez`, { signal: AbortSignal.timeout(2000) }).catch(() => ({}))).status === 200, 'an answer', 20000);
			assert.ok(few.server.log.length < 20000, 'few lines');
		} finally {
			await few.stop();
		}
	});
});
