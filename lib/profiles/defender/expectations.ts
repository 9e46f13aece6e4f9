import type { Verdict } from '../../words/types.ts';

/** Meaning of a 404 at one endpoint, if it does not mean a wrong ID. */
export interface DefenderExpectation {
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Template of the path. */
  readonly path: string;
  /**
   * - `not-ready`: the resource will exist later;
   * - `empty`: the query was valid and has no results;
   * - `unknown-reference`: the body refers to something that does not exist;
   * - `doubtful`: the 404 may be wrong.
   */
  readonly means: 'not-ready' | 'empty' | 'unknown-reference' | 'doubtful';
  /** Verdict of the profile. */
  readonly verdict: Verdict;
  /** Delay between two attempts, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Advice for this 404. */
  readonly hint: string;
}

const EMPTY = 'Read this 404 as an empty result';

/**
 * Per-endpoint exceptions to "404 is terminal", each with the page that documents it.
 *
 * `not-ready` is transient, so that one call waits for the resource, at the pace that the endpoint's quota allows.
 * `empty` is terminal rather than a success: the client throws for a 404 in any case, and the report shows what was
 * received.
 */
export const defenderExpectations: readonly DefenderExpectation[] = [
  {
    // get-package-sas-uri: 404 while the action is incomplete. 2 calls a minute: one every 30 s.
    method: 'GET',
    path: '/api/machineactions/{id}/getPackageUri',
    means: 'not-ready',
    verdict: 'transient',
    retryAfterMs: 30_000,
    hint: 'The package is not ready, or the action does not exist. Poll GET /api/machineactions/{id}, which has the larger quota, until its status is Succeeded; then ask for the URI once.',
  },
  {
    // get-machines: 404 if there are no recent machines.
    method: 'GET',
    path: '/api/machines',
    means: 'empty',
    verdict: 'terminal',
    hint: `${EMPTY}: no device reported within the retention period.`,
  },
  {
    // find-machine-info-by-ip: 404 if no machine was found.
    method: 'GET',
    path: '/api/machines/find(timestamp={ts},key={ip})',
    means: 'empty',
    verdict: 'terminal',
    hint: `${EMPTY}: no device had this address around this time.`,
  },
  {
    // create-alert-by-reference: 404 if no event has these three properties.
    method: 'POST',
    path: '/api/alerts/CreateAlertByReference',
    means: 'unknown-reference',
    verdict: 'terminal',
    hint: 'No such event: reportId, eventTime and machineId must all belong to one event, and the time must match to its last digit.',
  },
  {
    // batch-delete-ti-indicators: 404 if any ID was not found.
    method: 'POST',
    path: '/api/indicators/BatchDelete',
    means: 'unknown-reference',
    verdict: 'terminal',
    hint: 'At least one of the indicators does not exist: list the indicators, and send only IDs that still exist.',
  },
  {
    // Seen for machines that exist: microsoft-365-docs#13047.
    method: 'GET',
    path: '/api/machines/{id}/getmissingkbs',
    means: 'doubtful',
    verdict: 'terminal',
    hint: 'This endpoint sometimes answers 404 for devices that exist: repeat the request later to confirm.',
  },
];
