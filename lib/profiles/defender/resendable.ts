import type { ResendDefinition } from '../define/definition.ts';

type Resending = 'harmless' | 'harmless-without-comment';

/**
 * POST and PATCH endpoints that are safe to call again when the outcome of the first call is unknown.
 *
 * Omitted on purpose: machine actions, investigations and cancellations (repetition starts a second action or is
 * refused because of the first), CreateAlertByReference and new scan definitions (repetition creates a second one),
 * uploads, and both BatchDelete endpoints (deleted items give 404, so success would look like failure).
 */
export const resendings: ReadonlyMap<string, Resending> = new Map<string, Resending>([
  // Queries. A repeated hunt costs CPU time but changes nothing.
  ['POST /api/advancedqueries/run', 'harmless'],
  ['POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryByScanDefinitionId', 'harmless'],
  ['POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryBySessionId', 'harmless'],
  // Values set, tags added to or removed from a set.
  ['PATCH /api/DeviceAuthenticatedScanDefinitions/{id}', 'harmless'],
  ['PATCH /api/machines/{id}', 'harmless'],
  ['POST /api/machines/{id}/setDeviceValue', 'harmless'],
  ['POST /api/machines/{id}/tags', 'harmless'],
  ['POST /api/machines/AddOrRemoveTagForMultipleMachines', 'harmless'],
  // "Submits or updates": an indicator is identified by its value.
  ['POST /api/indicators', 'harmless'],
  ['POST /api/indicators/import', 'harmless'],
  // Values set; but a comment would be added twice.
  ['PATCH /api/alerts/{id}', 'harmless-without-comment'],
  ['POST /api/alerts/batchUpdate', 'harmless-without-comment'],
]);

/** The same for the Defender XDR API. */
const xdrResendings: ReadonlyMap<string, Resending> = new Map<string, Resending>([
  ['POST /api/advancedhunting/run', 'harmless'],
  ['PATCH /api/incidents/{id}', 'harmless-without-comment'],
]);

/** Requests that may be repeated, in the form of a definition. */
export const resend: readonly ResendDefinition[] = [...resendings, ...xdrResendings].map(
  ([id, resending]) => {
    const [method, path] = id.split(' ');
    return { method, path, ...(resending === 'harmless-without-comment' && { unlessBody: ['comment'] }) };
  },
);
