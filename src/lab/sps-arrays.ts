import type { LabRegistration, LabWorld } from './world.js';

/** Array ids of a registration's provider. */
export function arraysOf(world: LabWorld, registration: LabRegistration): string[] {
  return world.providers.find((one) => one.name === registration.provider)?.arrays.map((array) => array.id) ?? [];
}
