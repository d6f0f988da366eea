/** Images per second and seconds per step, over the steps of this run; and the share of an epoch's time that it waited for images. */
export class Clock {
  private seconds = 0;
  private images = 0;
  private steps = 0;
  private started = 0;
  private readonly epoch = { seconds: 0, waited: 0 };

  startEpoch(): void {
    Object.assign(this.epoch, { seconds: 0, waited: 0 });
  }

  /** A step begins: it waits for its batch. */
  start(): void {
    this.started = performance.now();
  }

  /** The batch is there. */
  work(): void {
    this.epoch.waited += (performance.now() - this.started) / 1000;
  }

  stop(images: number): void {
    const seconds = (performance.now() - this.started) / 1000;
    this.seconds += seconds;
    this.epoch.seconds += seconds;
    this.images += images;
    this.steps++;
  }

  /** Of the epoch's steps so far, 0 to 1. */
  get waiting(): number {
    return this.epoch.seconds > 0 ? this.epoch.waited / this.epoch.seconds : 0;
  }

  get imagesPerSecond(): number {
    return this.seconds > 0 ? this.images / this.seconds : 0;
  }

  secondsFor(steps: number): number {
    return this.steps > 0 ? (this.seconds / this.steps) * steps : 0;
  }
}
