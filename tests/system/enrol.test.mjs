// Letting phones in: a code made by who may, redeemed once, by link or by the command; nothing of it is kept in plain.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, Device, TOWN, Town, until } from '../lib/index.mjs';

describe('enrolment', { timeout: 120000 }, () => {
	let town, centre;
	const told = []; // tokens and secrets: in no file afterwards

	before(async () => {
		town = await Town.start({ server: true, conf: { server: { url: 'http://10.0.0.5:8080/' } } });
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('office', 'p-duty', 'office', COMMUNITY[0]);
		centre = await town.session('centre');
	});
	after(() => town.stop());

	const code = async (device, body = {}, who = centre, headers = {}) => {
		const r = await who.fetch(`/api/v1/devices/${device}/code`, { method: 'POST', body: JSON.stringify(body), headers });
		const answer = await r.json();

		if (answer.token)
			told.push(answer.token);
		return { status: r.status, headers: r.headers, ...answer };
	};
	const redeem = async (token, headers = {}) => {
		const r = await fetch(`${town.base}/api/v1/enrol`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ token }) });
		const answer = await r.json();

		if (answer.secret)
			told.push(answer.secret);
		return { status: r.status, headers: r.headers, ...answer };
	};
	const sync = (id, secret) => fetch(`${town.base}/api/v1/sync`, { headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` } }).then((r) => r.status);

	test('a new phone: let in over HTTP and at the broker, once', async () => {
		const c = await code('d-0001', { person: 'p-0001' });

		assert.deepEqual([c.status, c.headers.get('cache-control'), c.device, c.person, c.district], [200, 'no-store', 'd-0001', 'p-0001', '990101'], JSON.stringify(c));
		assert.equal(c.path, `/field/#/enrol/${c.token}`);
		assert.match(c.token, /^[A-Za-z0-9_-]{43}$/);
		assert.ok(Math.abs(Date.parse(c.until) - Date.now() - 24 * 3600e3) < 60e3, c.until);
		const a = await redeem(c.token);

		assert.deepEqual([a.status, a.headers.get('cache-control'), a.device, a.district, a.mqtt], [200, 'no-store', 'd-0001', '990101', '/mqtt']);
		assert.equal(await sync('d-0001', a.secret), 200);
		const phone = await until(() => Device.connect(town.mqttUrl, 'd-0001', a.secret).catch(() => null), 'the broker to let it in');

		await phone.send('status', { battery: 50 });
		await phone.end();
		const again = await redeem(c.token);

		assert.deepEqual([again.status, again.code, again.headers.get('content-type')], [410, 'code_used', 'application/problem+json']);
		assert.deepEqual(await town.sql("SELECT what FROM change WHERE what LIKE '%d-0001%' ORDER BY \"commit\""), [{ what: 'code d-0001 by centre' }, { what: 'device add d-0001' }]);
	});

	test('eight phones with one code: one is let in', async () => {
		const c = await code('d-0002', { person: 'p-0002' });
		const all = await Promise.all(Array.from({ length: 8 }, () => redeem(c.token)));

		assert.deepEqual(all.map((a) => a.status).sort(), [200, 410, 410, 410, 410, 410, 410, 410]);
		assert.equal(await sync('d-0002', all.find((a) => a.status === 200).secret), 200);
	});

	test('a new secret for a phone that is there: the old one is cut off, its records stay', async () => {
		const old = await town.device('d-0003', 'p-0001');
		let cut = false;

		await old.send('status', { battery: 50 });
		old.client.on('close', () => (cut = true));
		const first = await code('d-0003');
		const second = await code('d-0003');

		assert.equal(first.status, 200, JSON.stringify(first));
		assert.equal((await redeem(first.token)).code, 'code_replaced');
		assert.equal(await sync('d-0003', town.secrets['d-0003']), 200, 'until the code is used');
		const a = await redeem(second.token);

		assert.equal(a.status, 200);
		assert.equal(await sync('d-0003', town.secrets['d-0003']), 401);
		assert.equal(await sync('d-0003', a.secret), 200);
		await until(() => cut, 'the broker to cut the old one off');
		assert.equal(await town.one("SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = 'd-0003'"), 1);
		const last = await code('d-0003');

		await town.must('device', 'revoke', 'd-0003');
		assert.equal((await redeem(last.token)).code, 'code_replaced');
	});

	test('the command makes one too, whether ingest runs or not', async () => {
		const link = async (...args) => (await town.must('device', 'code', ...args)).split('\n');
		const [url, says] = await link('d-0004', '--person', 'p-0001');

		assert.match(url, /^http:\/\/10\.0\.0\.5:8080\/field\/#\/enrol\/[A-Za-z0-9_-]{43}$/);
		assert.match(says, /^d-0004: good once, until 20/);
		told.push(url.slice(-43));
		assert.equal((await redeem(url.slice(-43))).device, 'd-0004');
		await town.ingest.stop();
		const [other] = await link('d-0005', '--person', 'p-0002', '--url', 'https://x.example');

		told.push(other.slice(-43));
		assert.match(other, /^https:\/\/x\.example\/field\/#\/enrol\//);
		await until(async () => (await redeem(other.slice(-43))).code === 'ingest_away', 'the server to see that ingest is away');
		await town.startIngest();
		await until(async () => (await (await centre.fetch('/readyz')).json()).ready, 'all to be up');
		assert.equal((await redeem(other.slice(-43))).device, 'd-0005', 'nothing was burnt meanwhile');
		const bad = await town.xunge(['device', 'code', 'd-0099', '--person', 'p-9999']);

		assert.equal(bad.code, 1);
		assert.match(bad.err, /^xunge device code: no person p-9999/);
		assert.equal((await town.xunge(['device', 'code'])).code, 2);
	});

	test('ingest killed while it lets a phone in: nobody knows, and once more decides', async () => {
		const c = await code('d-0006', { person: 'p-0001' });

		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: 'tx.commit:1:kill' });
		let first;

		await until(async () => {
			if (!town.ingest.alive) // another commit met the fault
				await town.startIngest({ XUNGE_FAULT: 'tx.commit:1:kill' });
			first = await redeem(c.token);
			return first.code !== 'ingest_away'; // the server looks for it every second
		}, 'the server to ask it');
		assert.deepEqual([first.status, first.code], [503, 'outcome_unknown']);
		await until(() => !town.ingest.alive, 'the kill');
		await town.startIngest();
		await until(async () => (await (await centre.fetch('/readyz')).json()).ready, 'all to be up');
		const again = await redeem(c.token);

		assert.equal(again.status, 200, 'nothing of it was committed');
		assert.equal(await sync('d-0006', again.secret), 200);
		assert.equal((await redeem(c.token)).code, 'code_used');
	});

	test('who may not, and what is no request', async () => {
		const office = await town.session('office');

		for (const [want, word, answer] of [
			[403, 'not_allowed', await code('d-0010', { person: 'p-0001' }, office)],
			[403, 'bad_csrf', await code('d-0010', { person: 'p-0001' }, centre, { 'x-csrf-token': 'x' })],
			[403, 'foreign_origin', await code('d-0010', { person: 'p-0001' }, centre, { origin: 'http://evil.example' })],
			[404, 'not_found', await code('d-0010', { person: 'nobody' })],
			[409, 'exists', await code('d-0001', { person: 'p-0002' })],
			[422, 'bad_device', await code('D_10', { person: 'p-0001' })],
			[422, 'bad_device', await code('d-0010')],
			[422, 'bad_request', await code('d-0010', { person: 7 })],
			[422, 'bad_request', await code('x'.repeat(41), { person: 'p-0001' })],
			[422, 'bad_district', await code('d-0010', { person: 'p-0001', district: '99' })],
			[400, 'bad_json', await code('d-0010', [])],
			[415, 'bad_type', await code('d-0010', {}, centre, { 'content-type': 'text/plain' })],
			[403, 'foreign_origin', await redeem('x', { origin: 'http://evil.example' })],
			[415, 'bad_type', await redeem('x', { 'content-type': 'text/plain' })],
		])
			assert.deepEqual([answer.status, answer.code], [want, word], JSON.stringify(answer));
		const nobody = await fetch(`${town.base}/api/v1/devices/d-0010/code`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });

		assert.equal(nobody.status, 401);
		assert.equal(await town.one("SELECT count(*) FROM enrol_code WHERE device = 'd-0010'"), 0);
	});

	test('guesses are counted by address; a good code opens all the same', async () => {
		const c = await code('d-0011', { person: 'p-0001' });
		const seen = new Set();
		let last;

		for (let i = 0; i < 12 && last?.status !== 429; i++) {
			last = await redeem(i % 2 ? 'A'.repeat(43) : 'B'.repeat(101));
			seen.add(last.status);
		}
		assert.equal(last.status, 429);
		assert.ok(Number(last.headers.get('retry-after')) > 0);
		assert.ok([...seen].every((s) => [404, 429].includes(s)), [...seen].join());
		assert.equal((await redeem(c.token)).status, 200);
	});

	test('no token and no secret stands in any file or log', async () => {
		const files = readdirSync(town.dir).filter((f) => /^(town|server)\.db/.test(f)).map((f) => readFileSync(town.path(f), 'latin1'));

		assert.ok(files.length >= 2 && told.length >= 10);
		for (const t of told)
			assert.ok(!files.some((f) => f.includes(t)) && !town.logs().includes(t), t);
	});
});
