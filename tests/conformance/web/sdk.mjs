// The client for browsers, with the answers of leaderboards that it forgets to export.

import * as responses from '@gomomento/sdk-core/dist/src/messages/responses/leaderboard/index.js';

export * from '@gomomento/sdk-web';

export const {
  LeaderboardDelete,
  LeaderboardFetch,
  LeaderboardLength,
  LeaderboardRemoveElements,
  LeaderboardUpsert,
} = responses;
