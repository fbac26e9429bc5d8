// web.mjs - a supervisor's client: sign-in over HTTP, the live stream over WebSocket (contract, sections 5 and 6).

import WebSocket from 'ws';
import { until, within } from './wait.mjs';

export class Session {
	static async open(base, user, password) {
		const s = new Session(base);
		const r = await s.fetch('/api/v1/session', { method: 'POST', body: JSON.stringify({ user, password }) });
		if (!r.ok) throw Object.assign(new Error(`sign-in of ${user}: ${r.status} ${await r.text()}`), { status: r.status });
		s.cookie = (r.headers.get('set-cookie') ?? '').split(';')[0]; // there is one
		s.me = await r.json();
		return s;
	}

	constructor(base) {
		this.base = base;
		this.origin = new URL(base).origin;
	}

	fetch(path, init = {}) {
		return fetch(this.base + path, {
			signal: AbortSignal.timeout(20000),
			redirect: 'manual',
			...init,
			headers: {
				...(init.body && { 'content-type': 'application/json' }),
				...(this.cookie && { cookie: this.cookie }),
				...(init.method && init.method !== 'GET' && { origin: this.origin, ...(this.me && { 'x-csrf-token': this.me.csrf }) }),
				...init.headers,
			},
		});
	}

	/** Opens the live stream and says hello. */
	async live(hello = {}, opts = {}) {
		const l = new Live(this, opts);
		await within(l.opened, 'the live stream');
		if (hello) l.send({ op: 'hello', scope: this.me.scope, ...hello });
		return l;
	}
}

export class Live {
	constructor(session, { headers = {}, protocol = 'xunge.live.v1', path = '/api/v1/live' } = {}) {
		this.frames = [];
		this.close = null; // {code, reason}
		this.ws = new WebSocket(session.base.replace(/^http/, 'ws') + path, protocol, {
			headers: { cookie: session.cookie ?? '', origin: session.origin, ...headers },
		});
		this.ws.on('message', (data) => this.frames.push({ ...JSON.parse(data), got: Date.now() }));
		this.opened = new Promise((yes, no) => {
			this.ws.once('open', yes);
			this.ws.once('error', no);
			this.ws.once('unexpected-response', (_, r) => no(Object.assign(new Error(`live stream: ${r.statusCode}`), { status: r.statusCode })));
		});
		this.opened.catch(() => {});
		this.ws.on('error', () => {});
		this.ws.on('close', (code, reason) => (this.close = { code, reason: reason.toString() }));
	}

	send(m) {
		this.ws.send(typeof m === 'string' ? m : JSON.stringify(m));
	}

	/** The first frame that fits, also one that came already (from index `from`). */
	frame(fits, what = 'a frame', ms = 15000, from = 0) {
		return until(() => this.frames.slice(from).find(fits), what, ms, 5);
	}

	end() {
		this.ws.terminate();
	}
}
