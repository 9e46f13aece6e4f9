/** Bottleneck without its Redis: the package ships no types of its own for it. */
declare module 'bottleneck/light.js' {
  export { default } from 'bottleneck';
}
