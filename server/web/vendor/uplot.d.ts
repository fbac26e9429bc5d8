// What the pages use of uplot.js, for the type check.
declare const uPlot: any;
export default uPlot;
