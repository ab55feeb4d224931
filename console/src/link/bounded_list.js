// A list with a named limit: the oldest items leave when it is full. Reading `.value` subscribes
// the reader; the array is reused, so readers must not keep it.
import { signal } from '@preact/signals';

export class BoundedList {
  constructor(limit) {
    this.limit = limit;
    this.items = [];
    this.version = signal(0);
  }

  get value() {
    this.version.value;
    return this.items;
  }

  append(items) {
    for (const item of items) this.items.push(item);
    if (this.items.length > this.limit) this.items.splice(0, this.items.length - this.limit);
    this.version.value++;
  }

  clear() {
    this.items.length = 0;
    this.version.value++;
  }
}
