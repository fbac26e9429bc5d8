// A photo is made small on the phone, and named by its SHA-256.

const SIDE = 1600; // pixels
const QUALITY = 0.8;

/** @param {Blob} file @param {string} role @returns {Promise<{sha256: string, blob: Blob, mime: string, bytes: number, role: string}>} */
export async function shrink(file, role) {
	const img = await createImageBitmap(file, { imageOrientation: "from-image" });
	const k = Math.min(1, SIDE / Math.max(img.width, img.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(img.width * k)), height: Math.max(1, Math.round(img.height * k)) });

	/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(img, 0, 0, canvas.width, canvas.height); // EXIF stays behind
	img.close();
	const blob = /** @type {Blob} */ (await new Promise((ok, fail) => canvas.toBlob((b) => (b ? ok(b) : fail(new Error("no picture"))), "image/jpeg", QUALITY)));
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));

	return { sha256: [...hash].map((b) => b.toString(16).padStart(2, "0")).join(""), blob, mime: "image/jpeg", bytes: blob.size, role };
}
