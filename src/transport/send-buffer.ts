/**
 * Memory for small outgoing frames of one turn, so that they leave in one write. A block that was handed to the
 * socket is used again as soon as the socket is done with it, which is nearly always at once.
 */
export class SendBuffer {
  readonly #blockSize: number;
  #block: Buffer;
  #start = 0;
  #end = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
    this.#block = Buffer.allocUnsafeSlow(blockSize);
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether `size` more bytes fit behind the ones that wait. */
  fits(size: number): boolean {
    return this.#end + size <= this.#blockSize;
  }

  /** Room for `size` bytes, which must fit: the block and the position in it. */
  reserve(size: number): { block: Buffer; at: number } {
    const at = this.#end;
    this.#end += size;
    return { block: this.#block, at };
  }

  /** Hands out what waits. The view must be written before anything else is reserved, or `detach` be called. */
  take(): Buffer {
    const bytes = this.#block.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return bytes;
  }

  /** Says that everything that was taken has been copied by the socket: its memory may be used again. */
  recycle(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Says that the socket still reads what was taken: go on in fresh memory. */
  detach(): void {
    this.#block = Buffer.allocUnsafeSlow(this.#blockSize);
    this.#start = 0;
    this.#end = 0;
  }
}
