// What the pages use of leaflet-tiles.js, for the type check.
declare const any: any;
export declare const tileLayer: typeof any;
