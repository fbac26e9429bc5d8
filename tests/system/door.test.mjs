// door.test.mjs - the local door (ingest/DOOR.md): requests, bells, bounds.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Town, newEpoch, sleep, until } from '../lib/index.mjs';

describe('local door', () => {
	let town, door;
	const epoch = newEpoch();
	let seq = 0;
	const event = (more = {}) => ({ epoch, seq: ++seq, kind: 'status', at: Date.now(), body: {}, ...more });

	before(async () => {
		town = await Town.start({ broker: false });
		door = await town.door();
		await door.call({ op: 'device.add', device: 'd-0001', person: 'p-0001', district: '990101' });
	});
	after(() => town?.stop());

	const raw = async () => {
		const s = net.connect(town.path('door.sock'));
		await once(s, 'connect');
		s.text = '';
		s.setEncoding('utf8').on('data', (d) => (s.text += d)).on('error', () => {});
		s.gone = new Promise((r) => s.on('close', r));
		return s;
	};

	test('only its owner and group may open it', () => assert.equal(statSync(town.path('door.sock')).mode & 0o777, 0o660));

	test('events are answered after their commit, each request with its own acks', async () => {
		const [a, b] = [event(), event()];
		const answers = await Promise.all([door.events('d-0001', [a]), door.events('d-0001', [b]), door.events('d-0001', [{ ...a, body: { battery: 1 } }]), door.events('d-none', [a])]);
		assert.deepEqual(answers.map((x) => x.length), [1, 1, 1, 1]);
		assert.deepEqual(answers[2][0].results.map((r) => r.status), ['conflict']);
		assert.equal(answers[3][0].error.code, 'device_revoked');
		assert.equal(await town.one('SELECT count(*) FROM event'), 2);
		const many = await door.events('d-0001', [{ ...event(), epoch: 'e1', seq: 1 }, { ...event(), epoch: 'e2', seq: 1 }]);
		assert.deepEqual(many.map((m) => m.epoch).sort(), ['e1', 'e2']);
		const [hello] = await door.events('d-0001', { hello: { epoch: 'e1', first: 1, next: 2 } });
		assert.equal(hello.upto, 1);
	});

	test('imported events may be of any age, others not', async () => {
		const old = { epoch: 'old', kind: 'status', at: 86400000, body: {} };
		const [held] = await door.events('d-0001', [{ ...old, seq: 1 }]);
		assert.equal(held.results[0].code, 'time_too_old');
		const [ok] = await door.events('d-0001', [{ ...old, seq: 2 }], { imported: true });
		assert.deepEqual([ok.results, ok.upto], [[], 2]);
	});

	test('a bell rings at once, and after each commit', async () => {
		const d = await town.door();
		await d.listen();
		const before = d.bells.length;
		const [ack] = await door.events('d-0001', [event()]);
		await until(() => d.bells.length > before, 'a bell');
		const bell = d.bells.at(-1);
		assert.deepEqual(Object.keys(bell), ['op', 'db', 'commit', 'rev', 'time']);
		assert.equal(bell.commit, ack.commit);
		await door.events('d-0001', [{ ...event(), seq }]); // nothing new: a repeat
		const user = await door.call({ op: 'user.put', user: 'u1', person: 'p-admin', role: 'admin', scope: '*', hash: `$argon2id$${'x'.repeat(40)}` });
		assert.ok(user.ok, JSON.stringify(user));
		await until(() => d.bells.at(-1).commit === user.commit, 'the bell of the change');
		d.close();
	});

	test('devices and users', async () => {
		const add = await door.call({ op: 'device.add', device: 'd-0002', person: 'p-0002', district: '990101', secret: 'a-secret-of-twenty-5' });
		assert.deepEqual([add.ok, add.secret], [true, 'a-secret-of-twenty-5']);
		assert.equal((await door.call({ op: 'device.add', device: 'd-0002', person: 'p-0002', district: '990101' })).error.code, 'exists');
		assert.ok((await door.call({ op: 'device.enrol', device: 'd-0002', person: 'p-0001' })).ok);
		assert.ok((await door.call({ op: 'device.revoke', device: 'd-0002' })).ok);
		assert.equal((await door.call({ op: 'device.revoke', device: 'd-9999' })).error.code, 'notfound');
		assert.ok((await door.call({ op: 'user.disable', user: 'u1' })).ok);
		assert.equal((await door.call({ op: 'user.disable', user: 'nobody' })).error.code, 'notfound');
		for (const device of ['office', 'ingest', 'server', 'UPPER', '-x', 'x'.repeat(33)])
			assert.equal((await door.call({ op: 'device.add', device, person: 'p-0001', district: '990101' })).error?.code, 'invalid', device);
	});

	test('requests that make no sense are answered', async () => {
		const asks = [{ op: 'what' }, {}, { op: 'events' }, { op: 'events', device: 7 }, { op: 'device.add', device: 'd-3' }, { op: 'device.add', device: '', person: 'p', district: '990101' },
			{ op: 'import', kind: 'areas' }, { op: 'import', kind: 'nonsense', staged: '/tmp/none' }, { op: 'import', kind: 'areas', staged: town.write('staged.txt', 'no database') },
			{ op: 'user.put', user: 'x'.repeat(500), person: 'p', role: 'admin', scope: '*', hash: 'h' }];
		for (const ask of asks) {
			const a = await door.call(ask);
			assert.ok(a.error && /^[a-z]+$/.test(a.error.code) && a.error.detail, JSON.stringify([ask, a]));
		}
		const s = await raw();
		s.write('nonsense\n[]\n{"op":"status","id":"中\\"x"}\n{"op":"status","id":[1]}\n{"op":"status"}\n');
		await until(() => s.text.split('\n').length === 6, 'five answers');
		const lines = s.text.trim().split('\n').map((l) => JSON.parse(l));
		assert.deepEqual(lines.slice(0, 2).map((l) => l.error.code), ['invalid', 'invalid']);
		assert.equal(lines[2].id, '中"x');
		assert.deepEqual([lines[3].id, lines[4].id], [undefined, undefined]);
		assert.equal(lines[4].status.head.commit, (await town.status()).head.commit);
		s.destroy();
	});

	test('a request in drips, two in one piece, and one whose peer hangs up', async () => {
		const s = await raw();
		const body = JSON.stringify([event()]);
		const line = `{"op":"events","id":1,"device":"d-0001","len":${body.length}}\n${body}`;
		for (const c of line.slice(0, 40)) {
			s.write(c);
			await sleep(1);
		}
		s.write(line.slice(40) + line.replace('"id":1', '"id":2'));
		await until(() => s.text.split('\n').length === 3, 'two answers');
		s.text = '';
		s.end(line.replace('"id":1', '"id":3')); // says no more, still reads
		await s.gone;
		assert.equal(JSON.parse(s.text).id, 3);
		const t = await raw();
		t.write(`{"op":"events","device":"d-0001","len":100000}\nhalf`);
		t.destroy();
		assert.ok((await town.status()).pid);
	});

	test('broken framing ends the connection, not ingest', async () => {
		for (const text of ['x'.repeat(1024 * 1024 + 20), '{"op":"events","len":1048577}\n', '{"op":"events","len":-1}\n', '{"op":"events","len":"1"}\n']) {
			const s = await raw();
			s.write(text);
			await s.gone;
			assert.equal(JSON.parse(s.text).error.code, 'invalid');
		}
	});

	test('64 connections, the next is told so', async () => {
		const open = (await town.status()).door.connections;
		const list = await Promise.all(Array.from({ length: 64 - open + 1 }, raw)); // the status' own is gone again
		await until(async () => list.every((s) => !s.pending), 'connections');
		const more = await raw();
		await more.gone;
		assert.equal(JSON.parse(more.text).error.code, 'full');
		for (const s of list) s.destroy();
		await until(async () => (await town.status()).door.connections <= open, 'room again');
	});

	test('who does not read gets the newest bell only, and is cut off when answers pile up', async () => {
		const slow = await raw();
		slow.write('{"op":"listen"}\n');
		await until(() => slow.text, 'the first bell');
		slow.pause();
		let last;
		for (let i = 0; i < 40; i++) last = await door.events('d-0001', Array.from({ length: 5 }, () => event()));
		const before = (await town.status()).door.cut;
		slow.resume();
		await until(() => slow.text.includes(`"commit":${last[0].commit},`), 'the newest bell');
		// Answers nobody reads: one asks and asks, and never reads a byte.
		const deaf = net.connect({ path: town.path('door.sock') });
		await once(deaf, 'connect');
		deaf.pause();
		deaf.on('error', () => {});
		const gone = new Promise((r) => deaf.on('close', r));
		const pump = () => {
			while (!deaf.destroyed && deaf.write('{"op":"status"}\n'.repeat(500)));
			if (!deaf.destroyed) deaf.once('drain', pump);
		};
		pump();
		await until(async () => (await town.status()).door.cut > before, 'it to be cut off');
		deaf.resume();
		await gone;
		slow.destroy();
	});

	test('a stale socket is replaced, a foreign file is not', async () => {
		await town.ingest.kill();
		assert.ok(existsSync(town.path('door.sock')));
		await town.startIngest();
		assert.equal((await town.status()).door.connections, 1);
	});

	test('everything in the database agrees', async () => {
		const r = await town.xunge(['check']);
		assert.equal(r.code, 0, r.out + r.err);
	});
});
