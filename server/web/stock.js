// What the lists share: the catalogue and the reaches, kept when another page is shown.
import { newCatalogue } from "./catalogue.js";
import { newReaches } from "./reaches.js";

/** @param {import("./main.js").App} app */
export function stock(app) {
	app.catalogue = app.catalogue || newCatalogue(app); // the desk may have one
	app.reaches = app.reaches || newReaches(app);
}
