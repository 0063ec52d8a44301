// A list of which only what is seen is in the page: ten thousand events cost what twenty do.

const BEYOND = 6;

export class VirtualList {
  /**
   * @param root   element that scrolls; its CSS says --row, the height of a row in pixels
   * @param make   () => element for a row
   * @param bind   (element, item, index) => what is to be seen in it
   * @param key    (item) => what tells items apart
   */
  constructor(root, { make, bind, key, label, onnear }) {
    Object.assign(this, { root, make, bind, key, onnear });
    this.items = [];
    this.shown = new Map();
    this.spare = [];
    this.body = document.createElement("ol");
    this.body.className = "rows";
    this.body.setAttribute("aria-label", label);
    root.append(this.body);
    this.due = false;
    root.addEventListener("scroll", () => this.later(), { passive: true });
    this.watch = new ResizeObserver(() => {
      this.height = null;
      this.later(true);
    });
    this.watch.observe(root);
  }

  close() {
    this.watch.disconnect();
  }

  /** Height of a row; CSS decides, by the width of the screen. */
  get row() {
    this.height ??= parseFloat(getComputedStyle(this.root).getPropertyValue("--row"));
    return this.height;
  }

  get top() {
    return this.root.scrollTop;
  }

  /** Take other items. `added` came in before the first: what one looks at stays where it is, but at the very top. */
  set(items, { added = 0 } = {}) {
    this.items = items;
    const stays = added && this.top > this.row / 2;
    this.body.style.height = `${items.length * this.row}px`;
    if (stays) this.root.scrollTop += added * this.row;
    this.draw(true);
  }

  later(all = false) {
    this.all ||= all;
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (this.all) this.body.style.height = `${this.items.length * this.row}px`;
      this.draw(this.all);
      this.all = false;
    });
  }

  draw(all = false) {
    const { row, items } = this;
    const first = Math.max(0, Math.floor(this.top / row) - BEYOND);
    const last = Math.min(items.length, Math.ceil((this.top + this.root.clientHeight) / row) + BEYOND);
    const wanted = new Map();
    for (let index = first; index < last; index++) wanted.set(this.key(items[index]), index);
    for (const [key, element] of this.shown) {
      if (wanted.has(key)) continue;
      // What has the focus keeps it, though it is out of sight.
      if (element.contains(document.activeElement)) this.root.focus({ preventScroll: true });
      this.shown.delete(key);
      this.spare.push(element);
      element.remove();
    }
    // From the last to the first, each before the one behind it: whoever tabs or listens goes by the order of the page.
    let behind = null;
    for (const [key, index] of [...wanted].reverse()) {
      let element = this.shown.get(key);
      const fresh = !element;
      if (fresh) {
        element = this.spare.pop() ?? this.made();
        this.shown.set(key, element);
      }
      if (element.parentNode !== this.body || element.nextSibling !== behind) this.body.insertBefore(element, behind);
      behind = element;
      if (fresh || all) this.bind(element, items[index], index);
      if (element.at !== index || fresh) {
        element.at = index;
        element.style.transform = `translateY(${index * row}px)`;
        element.setAttribute("aria-posinset", index + 1);
      }
      if (element.of !== items.length) {
        element.of = items.length;
        element.setAttribute("aria-setsize", items.length);
      }
    }
    if (this.onnear && last >= items.length - 2 * BEYOND) this.onnear();
  }

  made() {
    const element = document.createElement("li");
    element.className = "row";
    element.append(this.make());
    return element;
  }

  /** Bring an item into sight and give it the focus. */
  focus(index) {
    const { row } = this;
    if (index * row < this.top) this.root.scrollTop = index * row;
    else if ((index + 1) * row > this.top + this.root.clientHeight) {
      this.root.scrollTop = (index + 1) * row - this.root.clientHeight;
    }
    this.draw();
    this.shown.get(this.key(this.items[index]))?.querySelector("a, button")?.focus({ preventScroll: true });
  }
}
