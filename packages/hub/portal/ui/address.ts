// The address bar.

/** Changes the address without going anywhere: for filters, of which the back button need not know each letter. */
export function rewritePlace(place: string): void {
  history.replaceState(null, '', place);
}
