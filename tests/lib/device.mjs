// device.mjs - a field device on mqtt.js that speaks the contract: it keeps what it sent until the platform answers.

import mqtt from 'mqtt';
import { until, within } from './wait.mjs';
import { DISTRICT } from './registry.mjs';

export const newEpoch = () => Array.from({ length: 16 }, () => Math.floor(Math.random() * 16).toString(16)).join('');

/** A raw client: any user, any topic. */
export async function connect(url, username, password, more = {}) {
	const c = mqtt.connect(url, { username, password, clientId: username, clean: true, protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 8000, ...more });
	c.on('error', () => {});
	await within(
		new Promise((yes, no) => {
			c.once('connect', yes);
			c.once('error', no);
			c.once('close', () => no(new Error(`${username}: connection closed`)));
		}),
		`${username} to connect`,
	).catch((e) => {
		c.end(true);
		throw e;
	});
	c.stream.setNoDelay?.(true); // else each publish waits 40 ms for the kernel's delayed ACK
	return c;
}

export class Device {
	/** Connects; tries again while the broker does not know the account yet. */
	static async connect(url, id, secret, opts = {}) {
		const d = new Device(url, id, secret, opts);
		await d.connect();
		return d;
	}

	constructor(url, id, secret, { district = DISTRICT, epoch = newEpoch(), person } = {}) {
		Object.assign(this, { url, id, secret, district, epoch, person });
		this.seq = 0;
		this.acks = []; // all that came, parsed
		this.down = []; // everything else that came on `down`
		this.results = new Map(); // "epoch/seq" -> result
		this.upto = new Map(); // epoch -> highest upto
		this.missing = new Map(); // epoch -> ranges of the last ack
	}

	topic(leaf) {
		return `xunge/v1/${this.district}/${this.id}/${leaf}`;
	}

	async connect(ms = 15000) {
		const end = Date.now() + ms;
		for (;;) {
			try {
				this.client = await connect(this.url, this.id, this.secret, {
					will: { topic: this.topic('presence'), payload: '{"online":false}', qos: 1 },
				});
				break;
			} catch (e) {
				if (Date.now() > end) throw e;
				await new Promise((r) => setTimeout(r, 100));
			}
		}
		this.client.on('message', (_, payload) => this.#take(JSON.parse(payload)));
		await within(this.client.subscribeAsync(this.topic('down'), { qos: 1 }), `${this.id} to subscribe`);
	}

	#take(m) {
		if (m.type !== 'ack') return void this.down.push(m);
		this.acks.push(m);
		for (const r of m.results ?? []) this.results.set(`${m.epoch}/${r.seq}`, r);
		if (m.epoch) {
			this.upto.set(m.epoch, Math.max(m.upto, this.upto.get(m.epoch) ?? 0));
			this.missing.set(m.epoch, m.missing ?? []);
		}
	}

	/** The next event of this epoch (or one with a chosen seq). */
	event(kind, body = {}, more = {}) {
		const seq = more.seq ?? ++this.seq;
		return { epoch: this.epoch, seq, kind, at: Date.now(), ...(this.person && { person: this.person }), ...more, body };
	}

	/** Publishes as it stands; resolves with the broker's PUBACK, which means nothing. */
	publish(payload, { leaf = 'up', ...opts } = {}) {
		const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
		return within(this.client.publishAsync(this.topic(leaf), bytes, { qos: 1, ...opts }), `PUBACK for ${this.id}`);
	}

	hello(first, next = this.seq + 1, more = {}) {
		return this.publish({ hello: { epoch: this.epoch, first, next, time: Date.now(), app: 'test', ...more } });
	}

	/** Has the platform answered for this seq? */
	answered(seq, epoch = this.epoch) {
		return (this.upto.get(epoch) ?? 0) >= seq && !(this.missing.get(epoch) ?? []).some(([a, b]) => a <= seq && seq <= b);
	}

	/** Waits for the answer; returns the result, or {status: 'stored'}. */
	async answer(seq, ms = 15000) {
		const key = `${this.epoch}/${seq}`;
		await until(() => this.answered(seq) || this.results.has(key), `the ack of ${this.id}/${key}`, ms, 5);
		return this.results.get(key) ?? { seq, status: 'stored' };
	}

	/** Sends one event and waits for its answer. */
	async send(kind, body, more) {
		const e = this.event(kind, body, more);
		await this.publish(e);
		return { ...(await this.answer(e.seq)), event: e };
	}

	/** The next ack that comes after this call and fits. */
	async ack(fits = () => true, ms = 15000) {
		const from = this.acks.length;
		return until(() => this.acks.slice(from).find(fits), `an ack for ${this.id}`, ms, 5);
	}

	async end() {
		if (this.client) await new Promise((r) => this.client.end(true, {}, r));
	}
}
