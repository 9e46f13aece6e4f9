export { settled, VirtualClock } from '../../lib/testing/virtual-clock.ts';
