// door.mjs - client of ingest's local door (ingest/DOOR.md): lines of JSON over a Unix socket.

import { once } from 'node:events';
import net from 'node:net';
import { until, within } from './wait.mjs';

export class Door {
	static async open(path) {
		const d = new Door(net.connect(path));
		await within(once(d.socket, 'connect'), `the door ${path}`, 5000);
		return d;
	}

	constructor(socket) {
		this.socket = socket;
		this.lines = []; // answers without a known id
		this.bells = [];
		this.closed = false;
		this.waiting = new Map();
		this.next = 1;
		let rest = '';
		socket.setEncoding('utf8');
		socket.on('data', (data) => {
			rest += data;
			for (let i; (i = rest.indexOf('\n')) >= 0; rest = rest.slice(i + 1)) this.#line(JSON.parse(rest.slice(0, i)));
		});
		socket.on('error', () => {});
		socket.on('close', () => {
			this.closed = true;
			for (const { no } of this.waiting.values()) no(new Error('the door closed'));
			this.waiting.clear();
		});
	}

	#line(m) {
		if (m.op === 'bell') return void this.bells.push(m);
		const w = this.waiting.get(m.id);
		if (!w) return void this.lines.push(m);
		this.waiting.delete(m.id);
		w.yes(m);
	}

	/** One request, its answer. `payload` (text or Buffer) goes after the line. */
	call(request, payload, ms = 20000) {
		const id = this.next++;
		const body = payload === undefined ? undefined : Buffer.from(payload);
		const answer = new Promise((yes, no) => this.waiting.set(id, { yes, no }));
		this.socket.write(`${JSON.stringify({ ...request, id, ...(body && { len: body.length }) })}\n`);
		if (body) this.socket.write(body);
		return within(answer, `the door's answer to ${request.op}`, ms);
	}

	/** Events of a device; returns the acks of its commit. */
	async events(device, events, more = {}) {
		const a = await this.call({ op: 'events', device, ...more }, typeof events === 'string' ? events : JSON.stringify(events));
		if (a.error) throw new Error(`door: ${JSON.stringify(a.error)}`);
		return a.acks;
	}

	async status() {
		return (await this.call({ op: 'status' })).status;
	}

	listen() {
		this.socket.write('{"op":"listen"}\n');
		return until(() => this.bells.length, 'the first bell');
	}

	close() {
		this.socket.destroy();
	}
}
