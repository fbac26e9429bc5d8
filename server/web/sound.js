// Two tones made by the browser: no file is fetched, and what is heard does not hang on the network.

const TONES = /** @type {const} */ ({ ding: [[880, 0], [1175, 0.16]], red: [[988, 0], [740, 0.18], [988, 0.36], [740, 0.54]] });
const LASTS_S = 0.28;
const LOUD = 0.35;

export function newSound() {
	/** @type {AudioContext|null} */
	let ctx = null;

	return {
		/** Until the page was touched once, a browser keeps it silent. */
		get blocked() {
			return ctx === null || ctx.state !== "running";
		},
		/** To be called while the user does something. */
		async wake() {
			const Context = globalThis.AudioContext;

			if (!ctx && Context)
				ctx = new Context();
			await ctx?.resume().catch(() => {});
		},
		/** @param {keyof typeof TONES} kind */
		play(kind) {
			if (!ctx)
				return;
			for (const [hertz, after] of TONES[kind]) {
				const tone = ctx.createOscillator();
				const gain = ctx.createGain();
				const at = ctx.currentTime + after;

				tone.frequency.value = hertz;
				gain.gain.setValueAtTime(0, at);
				gain.gain.linearRampToValueAtTime(LOUD, at + 0.02);
				gain.gain.exponentialRampToValueAtTime(0.001, at + LASTS_S);
				tone.connect(gain).connect(ctx.destination);
				tone.start(at);
				tone.stop(at + LASTS_S);
			}
		},
	};
}
