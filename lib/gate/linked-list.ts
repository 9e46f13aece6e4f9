/** An item of a {@link LinkedList}, which manages the links. */
export interface Linked {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;
}

/** A doubly linked list: O(1) at both ends and for leaving from the middle. */
export class LinkedList<T extends Linked> {
  first: T | undefined;
  last: T | undefined;
  length = 0;

  push(item: T): void {
    item.list = this as unknown as LinkedList<Linked>;
    item.previous = this.last;
    if (this.last) this.last.next = item;
    else this.first = item;
    this.last = item;
    this.length += 1;
  }

  remove(item: T): void {
    if (item.previous) item.previous.next = item.next;
    else this.first = item.next as T | undefined;
    if (item.next) item.next.previous = item.previous;
    else this.last = item.previous as T | undefined;
    item.previous = item.next = item.list = undefined;
    this.length -= 1;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.first; item; ) {
      const { next } = item;
      yield item;
      item = next as T | undefined;
    }
  }
}
