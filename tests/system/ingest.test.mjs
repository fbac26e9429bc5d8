// ingest.test.mjs - the device protocol as a device sees it: real broker, real ingest, mqtt.js and mosquitto_pub (contract, sections 2 and 3).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, DISTRICT, GRID, RIVER, Town, faults, newEpoch, run, until } from '../lib/index.mjs';

const stored = (d) => `SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = '${d.id}'`;
const rejects = (id) => `SELECT code, detail, epoch, seq, CAST(raw AS TEXT) AS raw FROM reject WHERE device = '${id}' ORDER BY id`;

describe('device protocol', () => {
	let town;
	let n = 0;
	const device = (opts) => town.device(`d-${String(++n).padStart(4, '0')}`, 'p-0001', opts);

	before(async () => (town = await Town.start()));
	after(() => town?.stop());

	test('an event is stored as it came, and answered with its commit number', async () => {
		const d = await device();
		const text = `{ "epoch":"${d.epoch}", "seq":1, "kind":"sos", "at":${Date.now()}, "extra":{"kept":[1,2]}, "body":{"text":"石沟"} }`;
		await d.publish(text);
		assert.equal((await d.answer(1)).status, 'stored');
		const [ack] = d.acks;
		assert.deepEqual(Object.keys(ack), ['type', 'epoch', 'upto', 'missing', 'commit', 'time', 'results']);
		assert.equal(ack.upto, 1);
		assert.deepEqual([ack.missing, ack.results], [[], []]);
		assert.ok(Math.abs(ack.time - Date.now()) < 60000);
		const [row] = await town.sql(`SELECT raw, person, flags FROM event WHERE "commit" = ${ack.commit}`);
		assert.deepEqual(row, { raw: text, person: 'p-0001', flags: 0 });
		assert.equal(await town.one('SELECT max("commit") FROM event'), ack.commit);
	});

	test('an array is one payload with one ack; 201 events, or 256 KiB, are too large', async () => {
		const d = await device();
		const many = Array.from({ length: 201 }, () => d.event('status', { battery: 7 }));
		await d.publish(many);
		const refused = await until(() => d.acks.find((a) => a.error), 'the refusal');
		assert.deepEqual(refused.error, { code: 'too_large', limit: 200 });
		await d.publish(many.slice(0, 200));
		await d.answer(200);
		assert.equal(d.acks.filter((a) => a.upto).length, 1);
		assert.equal(await town.one(stored(d)), 200);
		await d.publish([d.event('sos', { text: 'a'.repeat(3000) }), ...Array.from({ length: 80 }, () => d.event('sos', { text: 'b'.repeat(3500) }))]);
		const large = await until(() => d.acks.find((a) => a.error?.limit === 262144), 'the refusal by bytes');
		assert.equal(large.error.code, 'too_large');
		const kept = await town.sql(rejects(d.id));
		assert.deepEqual(kept.map((r) => r.code), ['too_large', 'too_large']);
		assert.equal(kept[0].raw, JSON.stringify(many));
	});

	test('what is missing is asked for, and taken when it comes', async () => {
		const d = await device();
		const all = Array.from({ length: 9 }, () => d.event('status', { battery: 1 }));
		const pick = (...seqs) => d.publish(seqs.map((s) => all[s - 1]));
		await pick(1, 2, 5, 9);
		await until(() => d.upto.get(d.epoch) === 9, 'the ack');
		assert.deepEqual(d.missing.get(d.epoch), [[3, 4], [6, 8]]);
		await pick(7);
		await until(() => d.missing.get(d.epoch).length === 3, 'three gaps');
		assert.deepEqual(d.missing.get(d.epoch), [[3, 4], [6, 6], [8, 8]]);
		await pick(8, 6, 4, 3);
		await until(() => d.missing.get(d.epoch).length === 0, 'no gap');
		assert.equal(await town.one(stored(d)), 9);
	});

	test('with more than 16 gaps, upto stops short of the 17th', async () => {
		const d = await device();
		const odd = Array.from({ length: 40 }, (_, i) => d.event('status', {}, { seq: 2 * i + 1 }));
		await d.publish(odd);
		const ack = await until(() => d.acks[0], 'the ack');
		assert.equal(ack.missing.length, 16);
		assert.deepEqual([ack.missing[0], ack.missing[15]], [[2, 2], [32, 32]]);
		assert.equal(ack.upto, 33);
	});

	test('a duplicate is answered like the first; other content under the same identity is a conflict', async () => {
		const d = await device();
		const first = await d.send('sos', { text: 'one' });
		const { epoch, seq, kind, at, body } = first.event;
		await d.publish({ body, at, kind, seq, epoch }); // the same, in another order
		await until(() => d.acks.length === 2, 'the second ack');
		assert.deepEqual(d.acks[1].results, []);
		await d.publish({ ...first.event, body: { text: 'two' } });
		await until(() => d.acks.length === 3, 'the third ack');
		assert.deepEqual(d.acks[2].results.map((r) => [r.seq, r.status]), [[1, 'conflict']]);
		assert.equal(await town.one(stored(d)), 1);
		assert.match(await town.one(`SELECT raw FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = '${d.id}'`), /"one"/);
		assert.match(await town.one('SELECT raw FROM conflict ORDER BY id DESC LIMIT 1'), /"two"/);
	});

	test('hello: what lies below first and never came is a hole; results are repeated from first on', async () => {
		const d = await device();
		d.seq = 4;
		assert.equal((await d.send('no.such', {})).code, 'unknown_kind'); // seq 5
		assert.deepEqual(d.missing.get(d.epoch), [[1, 4]]);
		d.results.clear();
		await d.hello(3);
		await until(() => d.results.has(`${d.epoch}/5`), 'the result again');
		assert.deepEqual(d.missing.get(d.epoch), [[3, 4]]);
		assert.equal(await town.one(`SELECT holes FROM device_state WHERE device = '${d.id}'`), 2);
		await d.publish(d.event('status', {}, { seq: 2 })); // one that arrives in a hole after all
		await until(async () => (await town.one(stored(d))) === 1, 'the event in the hole');
		assert.equal(await town.one(`SELECT holes FROM device_state WHERE device = '${d.id}'`), 1);
	});

	test('a hello out of nothing is answered too', async () => {
		const d = await device();
		await d.hello(1, 1);
		const ack = await until(() => d.acks[0], 'the ack');
		assert.deepEqual([ack.epoch, ack.upto, ack.missing], [d.epoch, 0, []]);
	});

	test('what an import can put right is held, then released by it', async () => {
		const d = await device();
		const place = `${COMMUNITY[1]}077`;
		const r = await d.send('patrol.start', { patrol: 'a1', route: 'grid', target: place }, { scope: place });
		assert.deepEqual([r.status, r.code], ['held', 'unknown_place']);
		assert.equal(await town.one(stored(d)), 0);
		await town.import('areas', `code,name,valid_from,valid_to\n${place},西关七十七网格,,\n`);
		await until(async () => (await town.one(stored(d))) === 1, 'the release');
		assert.equal(await town.one(`SELECT count(*) FROM held h JOIN stream s ON s.id = h.stream WHERE s.device = '${d.id}'`), 0);
		assert.equal(await town.one(`SELECT count(*) FROM patrol WHERE device = '${d.id}'`), 1);
		d.acks.length = 0;
		await d.publish(r.event);
		assert.deepEqual((await until(() => d.acks[0], 'the ack')).results, []);
	});

	test('held: a person nobody knows, a time ahead, a case that has not come', async () => {
		const d = await device();
		assert.equal((await d.send('status', {}, { person: 'p-none' })).code, 'unknown_person');
		assert.equal((await d.send('status', {}, { at: Date.now() + 3600000 })).code, 'time_in_future');
		assert.equal((await d.send('status', {}, { at: 1000000 })).code, 'time_too_old');
		assert.equal((await d.send('void', { target: `${d.id}/${d.epoch}/99`, reason: 'x' })).code, 'waits_for');
	});

	test('rejected: each with its code, a pointer, and the bytes kept', async () => {
		const d = await device();
		const id = (seq) => `"epoch":"${d.epoch}","seq":${seq}`;
		const cases = [
			[`{${id(1)},"kind":"sos","at":1e999,"body":{}}`, 'bad_json'],
			[`{${id(2)},"kind":"sos","at":1,"at":2,"body":{}}`, 'bad_json'],
			[`{${id(3)},"kind":"sos","at":1,"body":{"text":"a\\u0000b"}}`, 'bad_json'],
			[Buffer.concat([Buffer.from(`{${id(4)},"kind":"sos","at":1,"body":{"text":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}}')]), 'bad_json'],
			[`{${id(5)},"kind":"sos","at":1,"body":{"text":`, 'bad_json'],
			[`{${id(6)},"kind":"sos","at":1,"body":{"a":[[[[[[[[[1]]]]]]]]]}}`, 'bad_json'],
			[`{${id(7)},"kind":"sos","body":{}}`, 'bad_event', /^\/at/],
			[`{${id(8)},"kind":"sos","at":${Date.now()},"loc":{"lat":91,"lon":0},"body":{}}`, 'bad_event', /^\/loc\/lat/],
			[`{${id(9)},"kind":"patrol.track","at":1,"body":{"patrol":"x","pts":[[0,33,105],[1,200,105]]}}`, 'bad_event', /^\/body\/pts\/1/],
			[`{${id(10)},"kind":"patrol.begin","at":1,"body":{}}`, 'unknown_kind', /patrol\.begin/],
			[`{${id(11)},"kind":"sos","at":9007199254740993,"body":{}}`, 'bad_event', /^\/at/],
		];
		for (const [payload] of cases) await d.publish(payload);
		for (let seq = 1; seq <= cases.length; seq++) {
			const r = await d.answer(seq);
			const [, code, detail] = cases[seq - 1];
			assert.deepEqual([r.status, r.code], ['rejected', code], `seq ${seq}: ${r.detail}`);
			if (detail) assert.match(r.detail, detail);
		}
		const kept = await town.sql(rejects(d.id));
		assert.equal(kept.length, cases.length);
		assert.equal(kept[6].raw, cases[6][0]);
		assert.deepEqual([...new Set(kept.map((r) => r.epoch))], [d.epoch]);
		assert.equal(await town.one(stored(d)), 0);
		assert.deepEqual([d.upto.get(d.epoch), d.missing.get(d.epoch)], [cases.length, []]); // answered like the rest
		const repeated = d.ack((a) => a.results.length); // a repeat gets the same result, and no second row
		await d.publish(cases[6][0]);
		const again = await repeated;
		assert.deepEqual([again.results[0].seq, again.results[0].code], [7, 'bad_event']);
		assert.equal((await town.sql(rejects(d.id))).length, cases.length);
	});

	test('payloads without an identity are kept raw and answered with an error', async () => {
		const d = await device();
		const bad = ['', '[]', 'null', '"x"', '17', '{', '{}', 'NaN', '[1,2', `{"epoch":"${d.epoch}","seq":0,"kind":"sos","at":1,"body":{}}`,
			`{"epoch":"${d.epoch}","seq":9007199254740993,"kind":"sos","at":1,"body":{}}`, `{"epoch":"A!","seq":1,"kind":"sos","at":1,"body":{}}`,
			Buffer.from([0, 1, 2, 255, 254]), '[['.repeat(5000)];
		for (const p of bad) await d.publish(p);
		await until(() => d.acks.length === bad.length, 'an answer to each');
		assert.ok(d.acks.every((a) => a.error && /^bad_(json|event)$/.test(a.error.code)), JSON.stringify(d.acks));
		const kept = await town.sql(`SELECT length(raw) AS n, epoch FROM reject WHERE device = '${d.id}' ORDER BY id`);
		assert.deepEqual(kept.map((r) => r.n), bad.map((b) => Buffer.byteLength(b)));
		assert.ok(kept.every((r) => r.epoch === null));
		assert.equal((await d.send('status', {})).status, 'stored'); // the line goes on
	});

	test('one bad element does not cost the array', async () => {
		const d = await device();
		const [a, b, c] = [d.event('status', {}), { ...d.event('status', {}), kind: 7 }, d.event('status', {})];
		await d.publish([a, b, c]);
		assert.equal((await d.answer(3)).status, 'stored');
		assert.equal((await d.answer(2)).code, 'bad_event');
		assert.equal(await town.one(stored(d)), 2);
	});

	test('a foreign district is refused, on the topic that was used', async () => {
		const d = await device();
		d.district = '990102';
		await d.client.subscribeAsync(d.topic('down'), { qos: 1 });
		const r = await d.send('status', {});
		assert.deepEqual([r.status, r.code], ['rejected', 'wrong_district']);
		assert.equal(await town.one(stored(d)), 0);
	});

	test('a district of another form is a foreign one: answered, and its bytes kept', async () => {
		for (const district of ['99010', '9901011', 'abc']) {
			const d = await device();
			d.district = district;
			await d.client.subscribeAsync(d.topic('down'), { qos: 1 });
			const r = await d.send('status', {});
			assert.deepEqual([r.status, r.code], ['rejected', 'wrong_district']);
			assert.equal(await town.one(stored(d)), 0);
		}
	});

	test('broken topics are counted and dropped', async () => {
		const d = await device();
		const was = (await town.status()).mqtt.bad_topic;
		for (const district of ['0990 10', '9'.repeat(33), '９９０１０１', '']) await d.client.publishAsync(`xunge/v1/${district}/${d.id}/up`, JSON.stringify(d.event('status', {})), { qos: 1 });
		await until(async () => (await town.status()).mqtt.bad_topic === was + 4, 'four broken topics');
		assert.equal(await town.one(stored(d)), 0);
	});

	test('nobody can speak for another device, or hear another', async () => {
		const a = await device();
		const b = await device();
		const heard = [];
		a.client.on('message', (topic) => topic.includes(b.id) && heard.push(topic));
		for (const filter of ['#', '+/#', `xunge/v1/+/+/down`, `xunge/v1/${DISTRICT}/${b.id}/#`, '$share/g/xunge/v1/+/+/up', '$SYS/#']) await a.client.subscribeAsync(filter, { qos: 1 }).catch(() => {});
		await a.client.publishAsync(b.topic('up'), JSON.stringify(b.event('sos', { text: 'forged' })), { qos: 1 }); // PUBACKed, and dropped
		await a.client.publishAsync(`xunge/v1/${DISTRICT}/office/up`, JSON.stringify(a.event('sos', {})), { qos: 1 });
		await a.client.publishAsync(b.topic('down'), '{"type":"ack","epoch":"x","upto":99}', { qos: 1 });
		b.seq = 0;
		assert.equal((await b.send('status', { battery: 9 })).status, 'stored');
		assert.equal((await a.send('status', {})).status, 'stored'); // all before it has gone its way
		assert.deepEqual(heard, []);
		assert.equal(await town.one(stored(b)), 1);
		assert.ok(b.acks.every((x) => x.epoch === b.epoch));
		assert.equal(await town.one("SELECT count(*) FROM reject WHERE device = 'office'"), 0);
	});

	test('a client id that is not the user name takes nobody over', async () => {
		const d = await device();
		const c = await town.client(d.id, town.secrets[d.id], { clientId: 'ingest' });
		assert.ok(c.connected);
		const other = await device();
		assert.equal((await other.send('status', {})).status, 'stored');
		assert.equal((await town.status()).mqtt.lost, 0);
	});

	test('presence and the will say who is there', async () => {
		const d = await device();
		const online = () => town.one(`SELECT online FROM device_state WHERE device = '${d.id}'`);
		await d.publish({ online: true, at: Date.now() }, { leaf: 'presence' });
		await until(async () => (await online()) === 1, 'online');
		d.client.stream.destroy();
		await until(async () => (await online()) === 0, 'the will');
		const e = await device();
		await e.publish('what', { leaf: 'presence' });
		assert.equal((await e.send('status', {})).status, 'stored');
	});

	test('huge payloads slow nobody', async () => {
		const big = await device();
		const calm = await device();
		await Promise.all([
			...Array.from({ length: 5 }, () => big.publish(Buffer.alloc(1000 * 1000, 'x'))),
			(async () => {
				for (let i = 0; i < 20; i++) assert.equal((await calm.send('status', { battery: i })).status, 'stored');
			})(),
		]);
		await until(() => big.acks.length === 5, 'five refusals');
		assert.ok(big.acks.every((a) => a.error.code === 'too_large' && a.error.limit === 262144));
		big.client.publish(big.topic('up'), Buffer.alloc(1100 * 1000, 'x'), { qos: 1 }, () => {}); // beyond what the broker takes
		await until(() => !big.client.connected, 'the broker to end it');
		assert.equal((await calm.send('status', {})).status, 'stored');
	});

	test('mosquitto_pub (3.1.1) and mosquitto_rr (5) speak the protocol too', async () => {
		const id = 'd-pub';
		const secret = await town.enrol(id, 'p-0002');
		const account = ['-h', '127.0.0.1', '-p', town.mqttPort, '-u', id, '-P', secret, '-q', '1', '-t', `xunge/v1/${DISTRICT}/${id}/up`];
		const start = { epoch: newEpoch(), seq: 1, kind: 'patrol.start', at: Date.now(), body: { patrol: 'p1', route: 'river', target: RIVER } };
		const end = { ...start, seq: 2, kind: 'patrol.end', body: { patrol: 'p1', clear: true } };
		const sent = await until(async () => {
			const p = await run('mosquitto_pub', [...account, '-m', JSON.stringify(start)]);
			return p.code === 0 && p; // the account is some milliseconds old
		}, 'mosquitto_pub to be let in');
		assert.equal(sent.err, '');
		const there = `SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = '${id}'`;
		await until(async () => (await town.one(there)) === 1, 'the first event');
		const r = await run('mosquitto_rr', [...account, '-e', `xunge/v1/${DISTRICT}/${id}/down`, '-W', '10', '-m', JSON.stringify(end)]);
		assert.equal(r.code, 0, r.err);
		const ack = JSON.parse(r.out);
		assert.deepEqual([ack.epoch, ack.upto, ack.missing, ack.results], [start.epoch, 2, [], []]);
		assert.equal(await town.one(there), 2);
	});

	test('a revoked device is cut off at once, and nobody else', async () => {
		const d = await device();
		const other = await device();
		await d.send('status', {});
		await town.must('device', 'revoke', d.id);
		await until(() => !d.client.connected, 'the connection to end');
		await assert.rejects(town.client(d.id, town.secrets[d.id]));
		assert.equal((await other.send('status', {})).status, 'stored');
		const door = await town.door();
		const [ack] = await door.events(d.id, [d.event('status', {})]);
		assert.equal(ack.results[0].code, 'device_revoked');
	});

	test('the broker has no account of a revoked device when its revocation is answered', async () => {
		const door = await town.door();
		const ids = Array.from({ length: 20 }, (_, i) => `d-out-${i}`);
		const known = () => readFileSync(town.path('broker.passwd'), 'utf8').split('\n').map((l) => l.split(':')[0]);
		for (const id of ids) assert.ok((await door.call({ op: 'device.add', device: id, person: 'p-0002', district: DISTRICT })).ok);
		await until(() => ids.every((id) => known().includes(id)), 'all accounts');
		for (const id of ids) {
			assert.ok((await door.call({ op: 'device.revoke', device: id })).ok);
			assert.ok(!known().includes(id), id);
		}
	});

	test('a new device is in at once, without anything started again', async () => {
		const d = await town.device('d-new', 'p-0002');
		assert.equal((await d.send('patrol.start', { patrol: 'x', route: 'grid', target: GRID[2] })).status, 'stored');
		assert.equal(await town.one("SELECT person FROM patrol WHERE device = 'd-new'"), 'p-0002');
	});

	test('many devices at once, doubled and in disorder: each event is stored once', async () => {
		const list = await Promise.all(Array.from({ length: 10 }, () => device()));
		await Promise.all(list.map(async (d) => {
			const events = Array.from({ length: 60 }, () => d.event('status', { battery: 5 }));
			const twice = [...events, ...events].sort(() => Math.random() - 0.5);
			while (twice.length) await d.publish(twice.splice(0, 1 + Math.floor(Math.random() * 7)));
			await until(() => d.upto.get(d.epoch) === 60 && !d.missing.get(d.epoch).length, 'all answers');
		}));
		assert.equal(await town.one(`SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device IN (${list.map((d) => `'${d.id}'`)})`), 600);
		assert.equal(await town.one(`SELECT count(*) FROM (SELECT 1 FROM event GROUP BY stream, seq HAVING count(*) > 1)`), 0);
	});

	test('all that devices were told fits the message schemas', () => {
		const told = town.clients.flatMap((d) => [...(d.acks ?? []), ...(d.down ?? [])]);
		assert.ok(told.length > 100);
		for (const m of told) assert.equal(faults('down', m), '');
		assert.notEqual(faults('down', { ...told.find((m) => m.upto), upto: -1 }), '');
	});

	test('everything in the database agrees', async () => {
		const r = await town.xunge(['check']);
		assert.equal(r.code, 0, r.out + r.err);
		assert.equal(town.ingest.log.match(/<[0-3]>/), null, town.ingest.log);
	});
});
