// picture.mjs - small whole pictures of any size in bytes, different for each seed.

import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

const segment = (marker, body) => Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]), body]);

/** Bytes that repeat for a seed. */
export function noise(n, seed) {
	const out = Buffer.alloc(n);
	let x = (seed * 2654435761 + 12345) >>> 0;
	for (let i = 0; i < n; i++) {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		out[i] = x >>> 24;
	}
	return out;
}

/** A grey JPEG of width x height (its one block is all grey), with a comment that makes it `bytes` long. */
export function jpeg({ width = 8, height = 8, bytes = 0, seed = 1 } = {}) {
	const table = (kind) => segment(0xc4, Buffer.from([kind, 1, ...Array(15).fill(0), 0]));
	const head = [Buffer.from([0xff, 0xd8]), segment(0xdb, Buffer.from([0, ...Array(64).fill(1)])), segment(0xc0, Buffer.from([8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]))];
	const tail = [table(0x00), table(0x10), segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), Buffer.from([0x3f, 0xff, 0xd9])];
	const now = () => [...head, ...pad, ...tail].reduce((n, b) => n + b.length, 0);
	const pad = [segment(0xfe, noise(8, seed))];
	while (bytes - now() > 4) pad.push(segment(0xfe, noise(Math.min(60000, bytes - now() - 4), seed + pad.length)));
	return Buffer.concat([...head, ...pad, ...tail]);
}

/** CRC-32 of PNG. */
function crc32(bytes) {
	let c = ~0;
	for (const b of bytes) {
		c ^= b;
		for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c >>> 0;
}

const chunk = (name, body) => {
	const all = Buffer.concat([Buffer.from(name), body]);
	const n = Buffer.alloc(4);
	const sum = Buffer.alloc(4);
	n.writeUInt32BE(body.length);
	sum.writeUInt32BE(crc32(all));
	return Buffer.concat([n, all, sum]);
};

/** A grey PNG that says it is width x height (its data are those of `rows` rows at most). */
export function png({ width = 4, height = 4, seed = 1, rows = Math.min(height, 4) } = {}) {
	const ihdr = Buffer.alloc(13);
	ihdr.writeUInt32BE(width);
	ihdr.writeUInt32BE(height, 4);
	ihdr[8] = 8;
	const line = Buffer.concat([Buffer.from([0]), noise(Math.min(width, 64), seed)]);
	return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', ihdr), chunk('tEXt', Buffer.from(`Seed\0${seed}`)), chunk('IDAT', deflateSync(Buffer.concat(Array(rows).fill(line)))), chunk('IEND', Buffer.alloc(0))]);
}

/** The smallest lossy WebP, 1 x 1. */
export const webp = () => Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64');

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
