import type { Source } from '../define/definition.ts';

/** Sources of the facts about the API; limits.ts explains the tags of limits. */
export const sources: Readonly<Record<string, Source>> = {
  V26: {
    url: 'https://github.com/merill/defender-docs-mirror/tree/417a5f8/defender-endpoint/api',
    date: '2026-07-28',
    note: 'Learn pages dated 2025-11 to 2026-07',
  },
  V25: {
    url: 'https://github.com/MicrosoftDocs/defender-docs/tree/public/defender-endpoint/api',
    date: '2025-11',
    note: 'Learn pages dated 2024 to 2025-11',
  },
  V22: {
    url: 'https://github.com/KaganCanSit/microsoft-365-docs-pr.tr-TR/tree/43590811',
    date: '2022-07',
    note: 'numbers only; not found in any newer page',
  },
  S25: {
    url: 'https://github.com/rbkidea11/microsoft-defender-for-endpoint-openapi',
    date: '2025-08',
    note: 'unverified: only in summaries that contain errors elsewhere',
  },
  X26: {
    url: 'https://learn.microsoft.com/defender-xdr/api-incident',
    date: '2026-11-25',
    note: 'and the page of each method of defender-xdr; hunting: defender-xdr/api-advanced-hunting',
  },
  errors: {
    url: 'https://github.com/merill/defender-docs-mirror/tree/417a5f8/defender-endpoint/api/common-errors.md',
    date: '2026-07-28',
  },
  hunting: { url: 'https://learn.microsoft.com/defender-xdr/api-advanced-hunting', date: '2026-11-25' },
};
