// What the pages use of leaflet.js, for the type check.
declare const any: any;
export declare const map: typeof any, geoJSON: typeof any, marker: typeof any, circleMarker: typeof any, polyline: typeof any, layerGroup: typeof any,
	divIcon: typeof any, control: typeof any, canvas: typeof any, svg: typeof any, latLngBounds: typeof any, tileLayer: typeof any, DomEvent: typeof any;
