// ref_ws.mjs - reference: a live stream by npm `ws`.  Sends the frames that the platform's server
// sent, at the same times, to every client: the documented way, one Buffer for all of them.
//
//   node ref_ws.mjs RECORD STAMPS      prints {"ready":true,"port":P}; `g` on standard input begins
//
// RECORD: lines `ns since the beginning, tab, frame` (b_wsclients --record).  STAMPS: at int64 index
// `commit` of a frame with a feed it writes the monotonic ns of the moment before it sends.
import fs from 'node:fs';
import process from 'node:process';
import { WebSocketServer } from 'ws';

const [record, stamps] = process.argv.slice(2);
const frames = fs.readFileSync(record, 'utf8').split('\n').filter(Boolean).map((line) => {
	const tab = line.indexOf('\t'), text = line.slice(tab + 1);
	return { at: Number(line.slice(0, tab)) / 1e6, bytes: Buffer.from(text), commit: text.includes('"feed":') ? JSON.parse(text).commit : -1 };
});
const fd = fs.openSync(stamps, 'r+');
const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, maxPayload: 4096 });
wss.on('listening', () => console.log(JSON.stringify({ ready: true, port: wss.address().port })));
wss.on('connection', (ws) => {
	ws.on('error', () => {});
	ws.on('message', () => ws.send('{"op":"snapshot","commit":0}'));
});

let next = 0, start = 0n;
const ms = () => Number(process.hrtime.bigint() - start) / 1e6;
function send() {
	for (; next < frames.length && frames[next].at <= ms(); next++) {
		const f = frames[next];
		if (f.commit >= 0) {
			const b = Buffer.alloc(8);
			b.writeBigInt64LE(process.hrtime.bigint());
			fs.writeSync(fd, b, 0, 8, f.commit * 8);
		}
		for (const c of wss.clients) if (c.readyState === 1) c.send(f.bytes, { binary: false });
	}
	if (next < frames.length) setTimeout(send, Math.max(0, frames[next].at - ms()));
}
process.stdin.on('data', (d) => {
	if (!String(d).includes('g')) return;
	start = process.hrtime.bigint();
	send();
});
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
