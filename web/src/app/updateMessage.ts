/** What the page says to a new service worker when somebody wants the new version now. */
export const SKIP_WAITING = "skip-waiting";
