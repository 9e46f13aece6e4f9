import type { Scene } from '../scene.ts';

/** Laws by their titles; each is tried on a scene of its own, and throws where it does not hold. */
export type Laws = Readonly<Record<string, (scene: Scene) => Promise<void>>>;
