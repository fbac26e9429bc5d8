// /mqtt: phones in a browser speak MQTT over a WebSocket of the server's own origin.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { WebSocket } from 'ws';
import { GRID, Town, until } from '../lib/index.mjs';

describe('passage', { timeout: 120000 }, () => {
	let town;
	const clients = [];

	before(async () => {
		town = await Town.start({ server: true });
		await town.enrol('d-0001', 'p-0001');
		await town.enrol('d-0002', 'p-0002');
	});
	after(async () => {
		for (const c of clients) await new Promise((ok) => c.end(true, {}, ok));
		await town.stop();
	});

	const connect = (id, more = {}) => mqtt.connect(`ws://127.0.0.1:${town.httpPort}/mqtt`, { clientId: id, username: id, password: town.secrets[id], clean: true, protocolVersion: 4, reconnectPeriod: 0, ...more });
	const opened = (c) => new Promise((ok, fail) => {
		clients.push(c);
		c.once('connect', ok);
		c.once('error', fail);
		c.once('close', () => fail(new Error('closed')));
	});
	const raw = (path = '/mqtt', protocols = ['mqtt'], opt = {}) => new Promise((ok) => {
		const ws = new WebSocket(`ws://127.0.0.1:${town.httpPort}${path}`, protocols, opt);

		ws.on('open', () => ok({ ws, status: 101 }));
		ws.on('unexpected-response', (_, res) => {
			res.resume();
			ok({ status: res.statusCode });
		});
		ws.on('error', () => ok({ status: 0 }));
	});

	const metric = async (name) => Number(new RegExp(`^xunge_server_${name} (\\d+)`, 'm').exec(await (await fetch(`${town.base}/metrics`)).text())[1]);

	test('mqtt.js: events up, acks down, both ways at once', async () => {
		const acks = [];
		let c;

		await until(async () => opened(c = connect('d-0001')).then(() => true, () => false), 'the broker to know the account');
		c.on('message', (_, m) => acks.push(JSON.parse(String(m))));
		await c.subscribeAsync('xunge/v1/990101/d-0001/down', { qos: 1 });
		for (let n = 1; n <= 50; n++)
			await c.publishAsync('xunge/v1/990101/d-0001/up', JSON.stringify({ epoch: 'ws', seq: n, kind: 'inspect', at: Date.now(), scope: GRID[0], body: { topic: 'burn_straw', result: 'ok', pad: 'x'.repeat(n * 500) } }), { qos: 1 });
		await until(() => acks.some((a) => a.upto === 50), 'all acks');
		assert.equal(await town.one('select count(*) from event'), 50);
	});

	test('a wrong secret is the broker\'s to refuse; other paths, origins and subprotocols are ours', async () => {
		const e = await new Promise((ok) => {
			const c = connect('d-0001', { password: 'wrong-wrong-wrong' });

			c.on('error', ok);
		});

		assert.match(String(e.code ?? e.message), /^5|uthori/);
		assert.equal((await raw('/mqtt', ['mqtt'], { origin: 'http://evil.example' })).status, 403);
		assert.equal((await raw('/mqtt', ['chat'])).status, 400);
		assert.equal((await raw('/api/v1/live', ['mqtt'])).status === 101, false);
		assert.equal((await raw('/other', ['mqtt'])).status, 404);
		const own = await raw('/mqtt', ['mqtt'], { origin: `http://127.0.0.1:${town.httpPort}` });

		assert.equal(own.status, 101);
		own.ws.terminate();
	});

	test('what is no CONNECT, or says nothing for ten seconds, is cut off', async () => {
		const { ws } = await raw();
		const closed = new Promise((ok) => ws.on('close', ok));

		ws.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
		await closed;
		const silent = await raw();
		const from = Date.now();

		await new Promise((ok) => silent.ws.on('close', ok));
		assert.ok(Date.now() - from < 15000);
	});

	test('the broker ends: so does the passage; it is back: so are the phones', async () => {
		const c = connect('d-0002', { reconnectPeriod: 300 });

		await opened(c);
		const lost = new Promise((ok) => c.once('close', ok));

		await town.broker.stop();
		await lost;
		await town.startBroker();
		await until(() => c.connected, 'the phone to be back');
		await town.linked();
	});

	test('hundreds at once, cut off without a word: nothing is left behind', async () => {
		const many = await Promise.all(Array.from({ length: 300 }, () => raw()));

		assert.ok(many.every((m) => m.status === 101));
		for (const m of many.slice(0, 150)) m.ws.terminate();
		for (const m of many.slice(150)) m.ws._socket.destroy();
		await until(async () => await metric('passages') <= 2, 'all to be gone');
	});

	test('a broker that stands still: what waits for it is bounded', async () => {
		const { ws } = await raw();
		const cut = await metric('passages_cut_total');

		process.kill(town.broker.pid, 'SIGSTOP');
		try {
			const closed = new Promise((ok) => ws.on('close', ok));

			ws.on('error', () => {});
			for (let i = 0; i < 512 && ws.readyState === WebSocket.OPEN; i++) {
				ws.send(Buffer.alloc(8192, 0x10));
				await new Promise((ok) => setImmediate(ok));
			}
			await closed;
			assert.equal(await metric('passages_cut_total'), cut + 1);
			assert.ok(await metric('passages_bytes') <= 1280 * 1024);
		} finally {
			process.kill(town.broker.pid, 'SIGCONT');
		}
	});
});
