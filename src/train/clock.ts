/** Images per second and seconds per step, over the steps of this run. */
export class Clock {
  private seconds = 0;
  private images = 0;
  private steps = 0;
  private started = 0;

  start(): void {
    this.started = performance.now();
  }

  stop(images: number): void {
    this.seconds += (performance.now() - this.started) / 1000;
    this.images += images;
    this.steps++;
  }

  get imagesPerSecond(): number {
    return this.seconds > 0 ? this.images / this.seconds : 0;
  }

  secondsFor(steps: number): number {
    return this.steps > 0 ? (this.seconds / this.steps) * steps : 0;
  }
}
