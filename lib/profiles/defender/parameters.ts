/** Names of body parameters; nested for a parameter that holds an object, or a list of objects, with known names. */
export interface Names {
  readonly [name: string]: Names | null;
}

const COMMENT: Names = { Comment: null };

const INDICATOR: Names = {
  indicatorValue: null,
  indicatorType: null,
  action: null,
  application: null,
  title: null,
  description: null,
  expirationTime: null,
  severity: null,
  recommendedActions: null,
  rbacGroupNames: null,
  educateUrl: null,
  generateAlert: null,
};

const ALERT: Names = {
  status: null,
  assignedTo: null,
  classification: null,
  determination: null,
  comment: null,
};

const SCAN: Names = {
  scanType: null,
  scanName: null,
  isActive: null,
  target: null,
  intervalInHours: null,
  targetType: null,
  scannerAgent: { machineId: null },
  scanAuthenticationParams: {
    '@odata.type': null,
    type: null,
    username: null,
    authProtocol: null,
    authPassword: null,
    privProtocol: null,
    privPassword: null,
    communityString: null,
  },
};

/**
 * Body parameters of each endpoint, in the case of its page's example, which common-errors.md declares authoritative
 * (update-alert.md capitalises four of them in its table, but not in its example). Read in merill/defender-docs-mirror
 * at commit 417a5f8; offboard in MicrosoftDocs/defender-docs at 006b8a9. The upload of library files is omitted: its
 * body is not JSON.
 */
export const bodyNames: ReadonlyMap<string, Names> = new Map<string, Names>([
  ['POST /api/advancedqueries/run', { Query: null }],
  ['PATCH /api/alerts/{id}', ALERT],
  ['POST /api/alerts/batchUpdate', { alertIds: null, ...ALERT }],
  [
    'POST /api/alerts/CreateAlertByReference',
    {
      eventTime: null,
      reportId: null,
      machineId: null,
      severity: null,
      title: null,
      description: null,
      recommendedAction: null,
      category: null,
    },
  ],
  ['PATCH /api/machines/{id}', { machineTags: null, deviceValue: null }],
  ['POST /api/machines/{id}/setDeviceValue', { DeviceValue: null }],
  ['POST /api/machines/{id}/tags', { Value: null, Action: null }],
  ['POST /api/machines/AddOrRemoveTagForMultipleMachines', { Value: null, Action: null, MachineIds: null }],
  ['POST /api/machines/{id}/isolate', { Comment: null, IsolationType: null }],
  ['POST /api/machines/{id}/unisolate', COMMENT],
  ['POST /api/machines/{id}/restrictCodeExecution', COMMENT],
  ['POST /api/machines/{id}/unrestrictCodeExecution', COMMENT],
  ['POST /api/machines/{id}/runAntiVirusScan', { Comment: null, ScanType: null }],
  ['POST /api/machines/{id}/offboard', COMMENT],
  ['POST /api/machines/{id}/StopAndQuarantineFile', { Comment: null, Sha1: null }],
  ['POST /api/machines/{id}/collectInvestigationPackage', COMMENT],
  ['POST /api/machines/{id}/startInvestigation', COMMENT],
  [
    'POST /api/machines/{id}/runliveresponse',
    { Comment: null, Commands: { type: null, params: { key: null, value: null } } },
  ],
  ['POST /api/machineactions/{id}/cancel', COMMENT],
  ['POST /api/indicators', INDICATOR],
  ['POST /api/indicators/import', { Indicators: INDICATOR }],
  ['POST /api/indicators/BatchDelete', { IndicatorIds: null }],
  ['POST /api/DeviceAuthenticatedScanDefinitions', SCAN],
  ['PATCH /api/DeviceAuthenticatedScanDefinitions/{id}', SCAN],
  ['POST /api/DeviceAuthenticatedScanDefinitions/BatchDelete', { ScanDefinitionIds: null }],
  [
    'POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryByScanDefinitionId',
    { ScanDefinitionIds: null },
  ],
  ['POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryBySessionId', { SessionIds: null }],
]);
