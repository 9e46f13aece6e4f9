/** Bottleneck without Redis: the package ships no types for this entry point. */
declare module 'bottleneck/light.js' {
  export { default } from 'bottleneck';
}
