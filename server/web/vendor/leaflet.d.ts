// What the pages use of leaflet.js, for the type check.
declare const any: any;
export declare const map: typeof any, polygon: typeof any, polyline: typeof any, layerGroup: typeof any,
	scale: typeof any, canvas: typeof any, Canvas: typeof any, CircleMarker: typeof any, latLngBounds: typeof any;
