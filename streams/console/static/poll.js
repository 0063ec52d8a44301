// Asks the console for what a page shows, again and again until the page is closed.

export class Poll {
  /**
   * address() says what to ask for now, take(found) shows it and returns what is wrong, if anything; every: milliseconds.
   * What comes when something else is asked for by then is dropped.
   */
  constructor(app, every, address, take) {
    Object.assign(this, { app, every, address, take });
  }

  /** Ask now, and then again and again. */
  async ask() {
    clearTimeout(this.timer);
    const asked = this.address();
    try {
      const answer = await fetch(asked);
      const found = await answer.json();
      if (this.closed || asked !== this.address()) return;
      if (!answer.ok) throw new Error(found.detail ?? `The console answered ${answer.status}.`);
      this.app.problem(this.take(found) ?? null);
    } catch (error) {
      if (!this.closed) this.app.problem(error instanceof TypeError ? "The console cannot be reached; trying again." : error.message);
    }
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => this.ask(), this.every);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
