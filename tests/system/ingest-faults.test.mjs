// ingest-faults.test.mjs - ingest and broker die, come back and lose nothing that was acknowledged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Town, run, sleep, until, within } from '../lib/index.mjs';

const count = (town) => town.one('SELECT count(*) FROM event WHERE kind = 12');

async function withTown(options, body) {
	const town = await Town.start(options);
	try {
		await body(town);
	} catch (e) {
		e.message += `\n${town.logs()}`;
		await town.stop().catch(() => {});
		throw e;
	}
	await town.stop();
}

test('nothing is acknowledged before its commit: killed right before it', () =>
	withTown({ ingest: false }, async (town) => {
		await town.startIngest();
		const d = await town.device('d-0001');
		await d.send('status', {});
		const acks = d.acks.length;
		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: 'ingest.before_commit:2:kill' });
		const [a, b] = [d.event('status', {}), d.event('status', {})];
		await d.publish(a); // the first commit passes
		await until(() => d.acks.length > acks, 'the first ack');
		await d.publish(b);
		const end = await town.ingest.ended;
		assert.equal(end.signal, 'SIGKILL');
		await sleep(300); // whatever had left before the commit has arrived by now
		assert.equal(d.answered(b.seq), false, 'an event was acknowledged that is not on disk');
		assert.equal(await count(town), 2);
		await town.startIngest();
		await d.publish(b); // as a device does
		assert.equal((await d.answer(b.seq)).status, 'stored');
		assert.equal(await count(town), 3);
	}));

test('killed between commit and ack: the repeat is answered, and stored once', () =>
	withTown({ ingest: false }, async (town) => {
		await town.startIngest();
		await town.enrol('d-0001', 'p-0001');
		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: 'ingest.after_commit:1:kill' });
		const d = await town.device('d-0001');
		const e = d.event('status', {});
		await d.publish(e);
		assert.equal((await town.ingest.ended).signal, 'SIGKILL');
		await sleep(200);
		assert.equal(d.answered(e.seq), false);
		assert.equal(await count(town), 1);
		await town.startIngest();
		await d.publish(e);
		assert.equal((await d.answer(e.seq)).status, 'stored');
		assert.equal(await count(town), 1);
	}));

test('a commit that fails is not acknowledged, and the next one works', () =>
	withTown({ ingest: false }, async (town) => {
		await town.startIngest();
		await town.enrol('d-0001', 'p-0001');
		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: 'ingest.before_commit:1' });
		const d = await town.device('d-0001');
		const e = d.event('status', {});
		await d.publish(e);
		await until(async () => (await town.status()).batch.dropped === 1, 'the failed commit');
		assert.equal((await town.status()).batch.full, true);
		assert.equal(d.acks.length, 0);
		await until(async () => {
			await d.publish(e); // while it refuses, nothing happens
			await sleep(200);
			return d.answered(e.seq);
		}, 'the answer');
		const s = await town.status();
		assert.equal(s.batch.full, false);
		assert.equal(await count(town), 1);
		assert.equal(town.ingest.log.match(/nothing is acknowledged/g).length, 1);
	}));

test('a write that fails ends ingest; the next one has all that was acknowledged', () =>
	withTown({ ingest: false }, async (town) => {
		// No file may grow beyond 400 kB: the write fails with EFBIG, which is no full disk.
		await town.startIngest({}, ['env', '--ignore-signal=XFSZ', 'prlimit', '--fsize=400000']);
		const d = await town.device('d-0001');
		const all = Array.from({ length: 300 }, (_, i) => d.event('status', { app: `${i}`.padEnd(60, '.'), note: 'x'.repeat(2000) }));
		for (const e of all) {
			if (!town.ingest.alive) break;
			await d.publish(e);
			await sleep(2);
		}
		assert.deepEqual(await within(town.ingest.ended, 'ingest to end'), { code: 1, signal: null });
		assert.match(town.ingest.log, /<3>writer: .* err=io: .*; ending/);
		await sleep(200);
		const answered = all.filter((e) => d.answered(e.seq)).length;
		assert.ok(answered > 0);
		assert.ok((await count(town)) >= answered, 'acknowledged, and not there');
		await town.startIngest();
		for (let i = 0; i < all.length; i += 50) await d.publish(all.slice(i, i + 50));
		await until(() => d.upto.get(d.epoch) === 300 && !d.missing.get(d.epoch).length, 'all answers');
		assert.equal(await count(town), 300);
		assert.equal((await town.xunge(['check'])).code, 0);
	}));

test('a broker that stands still holds up nobody at the local door', () =>
	withTown({}, async (town) => {
		const d = await town.device('d-0001');
		await d.send('status', {});
		town.broker.signal('SIGSTOP'); // takes nothing, says nothing
		d.client.publish(d.topic('up'), JSON.stringify(d.event('status', {})), { qos: 1 });
		const door = await town.door();
		for (let i = 0; i < 50; i++) await door.events('d-0001', [d.event('status', {})]);
		assert.equal(await count(town), 51);
		town.broker.signal('SIGCONT');
		await d.answer(2);
		assert.equal(await count(town), 52);
	}));

test('what came while ingest was away is taken afterwards; devices are asked for a hello', () =>
	withTown({}, async (town) => {
		const d = await town.device('d-0001');
		const gone = await town.device('d-0002', 'p-0002');
		await d.publish({ online: true, at: Date.now() }, { leaf: 'presence' });
		await gone.publish({ online: true }, { leaf: 'presence' });
		await gone.publish({ online: false }, { leaf: 'presence' });
		await d.send('status', {});
		await until(async () => (await town.one('SELECT sum(online) FROM device_state')) === 1, 'presence');
		assert.deepEqual(await town.ingest.stop(), { code: 0, signal: null });
		const away = Array.from({ length: 50 }, () => d.event('status', {}));
		for (const e of away) await d.publish(e);
		assert.equal(await count(town), 1);
		await town.startIngest();
		await d.answer(51);
		assert.equal(await count(town), 51);
		await until(() => d.down.some((m) => m.type === 'hello'), 'the request for a hello');
		await sleep(700); // its spread in this test is 500 ms
		assert.deepEqual(gone.down, []);
	}));

test('SIGTERM commits and acknowledges what has come', () =>
	withTown({ conf: { ingest: { commit_window_ms: 20 } } }, async (town) => {
		const d = await town.device('d-0001');
		const all = Array.from({ length: 40 }, () => d.event('status', {}));
		await Promise.all(all.map((e) => d.publish(e)));
		const end = await town.ingest.stop();
		assert.equal(end.code, 0);
		await sleep(200);
		const answered = all.filter((e) => d.answered(e.seq)).length;
		assert.equal(await count(town), answered, 'stored and acknowledged differ');
		await assert.rejects(town.door()); // the socket went with it
		await town.startIngest();
		for (const e of all) await d.publish(e);
		await d.answer(40);
		assert.equal(await count(town), 40);
	}));

test('the broker is killed and comes back: ingest links again by itself', () =>
	withTown({}, async (town) => {
		const d = await town.device('d-0001');
		await d.send('status', {});
		await town.broker.kill();
		await until(async () => !(await town.status()).mqtt.linked, 'the link to be lost');
		const door = await town.door(); // the other door does not care
		const e = d.event('status', {});
		assert.equal((await door.events('d-0001', [e])).length, 1);
		await town.startBroker();
		await town.linked();
		await d.end();
		await d.connect();
		assert.equal((await d.send('status', {})).status, 'stored');
		const s = await town.status();
		assert.deepEqual([s.mqtt.connects, s.mqtt.lost], [2, 1]);
		assert.equal(await count(town), 3);
		assert.equal(town.ingest.log.match(/link lost/g).length, 1);
	}));

test('without a broker ingest starts, says so once, and serves the local door', () =>
	withTown({ broker: false }, async (town) => {
		const door = await town.door();
		await door.call({ op: 'device.add', device: 'd-0001', person: 'p-0001', district: '990101' });
		const [ack] = await door.events('d-0001', [{ epoch: 'a1', seq: 1, kind: 'status', at: Date.now(), body: {} }]);
		assert.equal(ack.upto, 1);
		await sleep(1000);
		assert.equal(town.ingest.log.match(/cannot link/g).length, 1);
		assert.ok(town.ingest.cpu() < 0.5);
	}));

test('retained messages are ignored and counted, on a broker that keeps them', () =>
	withTown({ brokerConf: (text) => text.replace('retain_available false', 'retain_available true') }, async (town) => {
		const d = await town.device('d-0001');
		const e = d.event('status', {});
		await d.publish(e, { retain: true }); // for those who listen already it is a message like any other
		assert.equal((await d.answer(e.seq)).status, 'stored');
		await town.ingest.stop();
		await town.startIngest();
		await until(async () => (await town.status()).mqtt.retained === 1, 'the retained message');
		assert.equal(await count(town), 1);
		assert.equal((await town.status()).events.payloads, 0);
	}));

test('over TCP instead of a Unix socket, and a wrong password, which is said', () =>
	withTown({ ingest: false }, async (town) => {
		town.o.conf = { mqtt: { socket: null, host: '127.0.0.1', port: town.mqttPort } };
		town.writeConf();
		await town.startIngest();
		const d = await town.device('d-0001');
		assert.equal((await d.send('status', {})).status, 'stored');
		await town.broker.kill();
		await until(async () => !(await town.status()).mqtt.linked, 'the link to be lost');
		await sleep(500); // refused a few times
		await town.startBroker();
		await town.linked();
		await d.end();
		await d.connect();
		assert.equal((await d.send('status', {})).status, 'stored');
		await town.ingest.stop();
		town.write('ingest.pw', 'wrong\n', 0o600);
		const p = run(`${process.env.XUNGE_BUILD ?? '../build'}/xunge-ingest`, ['--config', town.conf], { ms: 1500 });
		assert.match((await p).err, /<4>mqtt: cannot link with the broker: .*(not authori[sz]ed|refused)/i);
	}));

test('one line says what is wrong, and the status is 1; wrong usage is 2', async () => {
	const town = await Town.start({ broker: false });
	const bin = `${process.env.XUNGE_BUILD ?? '../build'}/xunge-ingest`;
	try {
		const fails = async (args, env, pattern, status = 1) => {
			const r = await run(bin, args, { env, ms: 10000 });
			assert.equal(r.code, status, r.err);
			assert.match(r.err, pattern);
			if (status === 1) assert.equal(r.err.trim().split('\n').length, 1, r.err);
		};
		const conf = ['--config', town.conf];
		await fails(conf, {}, /another|in use|already/i); // the one that runs has the database
		await fails(conf, { XUNGE_STORE_PATH: town.path('none.db') }, /none\.db/);
		await fails(conf, { XUNGE_STORE_PATH: town.write('text.db', 'not a database, only text that is long enough to be one'.repeat(50)) }, /text\.db/);
		await fails(conf, { XUNGE_INGEST_BATCH_ROWS: 'many' }, /batch_rows/);
		await fails(['--config', town.path('none.conf')], {}, /none\.conf/);
		await fails(['--nonsense'], {}, /usage: xunge-ingest/, 2);
		const v = await run(bin, ['--version']);
		assert.match(v.out, /^xunge-ingest \d+\.\d+\.\d+\n$/);
		const h = await run(bin, ['--help']);
		assert.deepEqual([h.code, h.err], [0, '']);
		assert.match(h.out, /--config FILE/);
	} finally {
		await town.stop();
	}
});
