/* Bar charts, drawn as SVG for the width that they have; behind each is its table. */

const LINE = 28, BAR = 12, LABEL_MOST = 220, GAP = 12, NARROW = 420;

/* What a drawing has to know of the page's text: how wide it is. */
const measureContext = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
    measureContext.font = font;
    return measureContext.measureText(text).width;
}

const LABEL_FONT = "13px ui-monospace, 'DejaVu Sans Mono', monospace", VALUE_FONT = "13px system-ui, 'DejaVu Sans', sans-serif";

/* As much of a name as fits. */
function fit(text, width) {
    const most = Math.floor(width / textWidth("m", LABEL_FONT));
    return cut(text, Math.max(2, most));
}

/* The width of a column of these texts. */
function columnWidth(texts, font) {
    return Math.ceil(Math.max(0, ...texts.map(text => textWidth(text, font)))) + GAP;
}

/* Calls draw(width) now and whenever the width of the element changes. */
function drawn(element, draw) {
    let last = 0;
    const update = () => {
        const width = Math.floor(element.clientWidth);
        if (width > 0 && width !== last) {
            last = width;
            draw(width);
        }
    };
    new ResizeObserver(update).observe(element);
    return () => {
        last = 0;
        update();
    };
}

function figure(title, note, ...children) {
    const id = newId("chart");
    return el("figure", {"aria-labelledby": id, class: "card"},
        el("figcaption", {id}, el("h3", {}, title), note ? el("p", {class: "note"}, note) : null), children);
}

/* Where the parts of a line are; at a small width the label is above the bar. */
function layout(rows, width, format) {
    const narrow = width < NARROW;
    const labels = Math.min(columnWidth(rows.map(row => clean(row.label)), LABEL_FONT), LABEL_MOST, Math.floor(width / 2.5));
    const left = narrow ? 0 : labels + GAP;
    const room = Math.max(0, width - left - columnWidth(rows.map(row => format(row.value)), VALUE_FONT));
    const low = Math.min(0, ...rows.map(row => row.value)), high = Math.max(0, ...rows.map(row => row.value));
    const scale = high > low ? room / (high - low) : 0;
    return {width, left, room, scale, zero: left - low * scale, labels: narrow ? width : labels, line: narrow ? LINE + 14 : LINE,
            text: narrow ? 15 : LINE / 2 + 4.5, bar: narrow ? 22 : (LINE - BAR) / 2};
}

/* A bar and its texts; `y` is the top of the line. */
function bar(row, y, at, format, isGrowth) {
    const length = row.value ? Math.max(Math.abs(row.value) * at.scale, 2) : 0;
    const box = {y: y + at.bar, height: BAR, rx: Math.min(3, length / 2)};
    const label = svg("text", {x: 0, y: y + at.text, class: "label"}, fit(row.label, at.labels));
    label.append(svg("title", {}, clean(row.label)));
    return [
        label,
        isGrowth ? null : svg("rect", {...box, x: at.left, width: at.room, rx: 3, class: "track"}),
        length ? svg("rect", {...box, x: row.value < 0 ? at.zero - length : at.zero, width: length, class: row.value < 0 ? "bar less" : "bar"}) : null,
        svg("text", {x: at.width, y: y + at.bar + BAR - 2, class: "value", "text-anchor": "end"}, format(row.value)),
    ];
}

/* A chart of {label, value} rows. get() returns {rows, format, columns} and may change between updates. Growth has
 * values of both signs, on both sides of an axis. */
class BarChart {
    constructor(title, note, get, {isGrowth = false} = {}) {
        Object.assign(this, {title, get, isGrowth});
        this.place = el("div", {class: "chart"});
        this.redraw = drawn(this.place, width => this.draw(width));
        this.element = figure(title, note, this.place, behind(() => this.table()));
    }

    table() {
        const {rows, columns} = this.get();
        return plainTable(this.title, columns, rows);
    }

    draw(width) {
        const {rows, format} = this.get();
        const at = layout(rows, width, format), height = rows.length * at.line;
        this.place.replaceChildren(rows.length === 0 ? el("p", {class: "note"}, "Nothing to show.")
            : svg("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": this.describe(rows, format)},
                this.isGrowth ? svg("line", {x1: at.zero, x2: at.zero, y1: 0, y2: height, class: "axis"}) : null,
                rows.map((row, i) => bar(row, i * at.line, at, format, this.isGrowth))));
    }

    describe(rows, format) {
        const first = [...rows].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 3).filter(row => row.value !== 0);
        return `${this.title}: ` + (first.length === 0 ? "nothing" :
            first.map(row => `${cut(row.label, 40)} ${format(row.value)}`).join(", ") +
            (rows.length > first.length ? `, and ${rows.length - first.length} more` : ""));
    }

    update() {
        this.redraw();
        const details = this.element.querySelector("details");
        if (details.open)
            details.lastChild.replaceWith(this.table());
    }
}

/* --- choices --- */

/* A group of radio buttons: {value: label}; calls change(value). */
function choice(legend, options, chosen, change) {
    const name = newId("choice");
    return el("fieldset", {class: "choice"}, el("legend", {}, legend),
        Object.entries(options).map(([value, label]) => {
            const id = newId("option");
            return el("span", {}, el("input", {type: "radio", name, id, value, checked: value === chosen, onchange: () => change(value)}),
                el("label", {for: id}, label));
        }));
}
