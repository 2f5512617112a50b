/** What runs is none of the manager's calls that can be named: another process's, or one without an answer. */
const UNNAMED = 1;
const FIRST_NAMED = 2;

const Cell = { running: 0, overlapping: 1, marks: 2, lost: 3, loads: 4 } as const;

/**
 * What this process runs for others, in memory that another thread can read while this one computes. Calls of the
 * manager stand there under a mark that names them.
 */
export class CallBoard {
  readonly cells: Int32Array;

  /** Give it shared memory, `new Int32Array(new SharedArrayBuffer(CallBoard.BYTES))`, to let other threads see it. */
  constructor(cells: Int32Array = new Int32Array(5)) {
    this.cells = cells;
  }

  static readonly BYTES = 20;

  /** `id` of a call of the manager's; undefined for any other call. */
  static markOf(id: number | undefined): number {
    return id === undefined ? UNNAMED : id + FIRST_NAMED;
  }

  /**
   * The mark of a call that went on asynchronously until its thread was broken off, and of which nothing more will be
   * heard; 0 if there is none. Whoever breaks it off sets it while the thread stands still, and the thread clears it.
   */
  get lost(): number {
    return this.cells[Cell.lost]!;
  }

  set lost(mark: number) {
    this.cells[Cell.lost] = mark;
  }

  /** The synchronous part of a call is on the stack. */
  began(mark: number): void {
    this.cells[Cell.running] = mark;
  }

  ended(): void {
    this.cells[Cell.running] = 0;
  }

  /** A function is being loaded: modules run, which are nobody's call. */
  loadBegan(): void {
    this.cells[Cell.loads]!++;
  }

  loadEnded(): void {
    this.cells[Cell.loads]!--;
  }

  /** A call goes on asynchronously. */
  overlaps(mark: number): void {
    this.cells[Cell.overlapping]!++;
    this.cells[Cell.marks]! += mark;
  }

  overlapEnded(mark: number): void {
    this.cells[Cell.overlapping]!--;
    this.cells[Cell.marks]! -= mark;
  }

  /** Whether the synchronous part of a call, or of this one, is on the stack. */
  isOnStack(mark?: number): boolean {
    const running = this.cells[Cell.running]!;
    return mark === undefined ? running !== 0 : running === mark;
  }

  /**
   * Whether nothing but asynchronous work of calls is under way, or of this one alone: then what holds the thread up
   * must be theirs.
   */
  isAllThatOverlaps(mark?: number): boolean {
    if (this.cells[Cell.running] !== 0 || this.cells[Cell.loads] !== 0) return false;
    if (mark === undefined) return this.cells[Cell.overlapping]! > 0;
    return this.cells[Cell.overlapping] === 1 && this.cells[Cell.marks] === mark;
  }
}
