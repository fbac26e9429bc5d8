// proc.mjs - a child process of a test: its output kept (bounded), ended by its pid, never left behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { within, until } from './wait.mjs';

const KEEP = 256 * 1024; // bytes of output kept of one process

export class Proc {
	/** Starts `command`; it dies with the test (SIGKILL) whatever becomes of us. */
	constructor(name, command, args, { env = {}, cwd, stdin = 'ignore' } = {}) {
		this.name = name;
		this.log = '';
		this.out = '';
		this.exit = null; // {code, signal} when it has ended
		this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
			env: { ...process.env, ...env },
			cwd,
			stdio: [stdin, 'pipe', 'pipe'],
		});
		this.pid = this.child.pid;
		const keep = (which) => (data) => {
			this[which] = (this[which] + data).slice(-KEEP);
		};
		this.child.stdout.setEncoding('utf8').on('data', keep('out'));
		this.child.stderr.setEncoding('utf8').on('data', keep('log'));
		this.ended = new Promise((done) => {
			this.child.on('error', (e) => {
				this.log += `\n${e.message}\n`;
				this.exit ??= { code: 127, signal: null };
				done(this.exit);
			});
			this.child.on('close', (code, signal) => {
				this.exit ??= { code, signal };
				done(this.exit);
			});
		});
	}

	get alive() {
		return this.exit === null;
	}

	/** Waits for a line of stderr; fails at once when the process ends before. */
	async line(pattern, ms = 15000) {
		await until(() => pattern.test(this.log) || !this.alive, `${this.name} to say ${pattern}`, ms, 10).catch((e) => {
			throw new Error(`${e.message}\n${this.tail()}`);
		});
		if (!pattern.test(this.log))
			throw new Error(`${this.name} ended (${JSON.stringify(this.exit)}) before ${pattern}\n${this.tail()}`);
	}

	/** Waits until 127.0.0.1:port takes connections; fails at once when the process ends before. */
	async listens(port, ms = 15000) {
		await until(async () => !this.alive || (await answers(port)), `${this.name} to listen on ${port}`, ms, 10);
		if (!this.alive) throw new Error(`${this.name} ended (${JSON.stringify(this.exit)})\n${this.tail()}`);
	}

	signal(sig) {
		if (this.alive) process.kill(this.pid, sig);
	}

	/** SIGTERM, then SIGKILL when it does not end within `ms`. Returns {code, signal}. */
	async stop(sig = 'SIGTERM', ms = 10000) {
		if (!this.alive) return this.exit;
		this.signal(sig);
		if (/\) T/.test(readFileSync(`/proc/${this.pid}/stat`, 'utf8'))) this.signal('SIGCONT'); // a test had stopped it
		try {
			return await within(this.ended, `${this.name} to end after ${sig}`, ms);
		} catch (e) {
			this.signal('SIGKILL');
			await within(this.ended, `${this.name} to end after SIGKILL`, ms);
			if (sig !== 'SIGKILL') throw new Error(`${e.message}\n${this.tail()}`);
			return this.exit;
		}
	}

	kill() {
		return this.stop('SIGKILL');
	}

	tail(lines = 15) {
		return this.log
			.trimEnd()
			.split('\n')
			.slice(-lines)
			.map((l) => `  ${this.name}| ${l}`)
			.join('\n');
	}

	/** CPU seconds used so far (user + system, all threads). */
	cpu() {
		const f = readFileSync(`/proc/${this.pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
		return (Number(f[11]) + Number(f[12])) / 100;
	}

	/** Anonymous resident memory, in KiB. */
	anon() {
		return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]);
	}
}

/** Runs a command to its end: {code, out, err}. `input` goes to its stdin. */
export async function run(command, args, { env = {}, input, ms = 60000, cwd } = {}) {
	const child = spawn(command, args, {
		env: { ...process.env, ...env },
		cwd,
		stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
	});
	let out = '', err = '';
	child.stdout.setEncoding('utf8').on('data', (d) => (out += d));
	child.stderr.setEncoding('utf8').on('data', (d) => (err += d));
	if (input !== undefined) child.stdin.on('error', () => {}).end(input);
	const timer = setTimeout(() => child.kill('SIGKILL'), ms);
	try {
		const [code, signal] = await once(child, 'close');
		return { code: signal ? `${signal}` : code, out, err };
	} finally {
		clearTimeout(timer);
	}
}

async function answers(port) {
	const s = net.connect(port, '127.0.0.1');
	try {
		await once(s, 'connect');
		return true;
	} catch {
		return false;
	} finally {
		s.destroy();
	}
}

/** A TCP port of 127.0.0.1 that is free now. Another may take it first: callers retry. */
export async function freePort() {
	const s = net.createServer();
	s.listen(0, '127.0.0.1');
	await once(s, 'listening');
	const { port } = s.address();
	s.close();
	await once(s, 'close');
	return port;
}
