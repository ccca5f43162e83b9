/* The prefixes of keys as nested rectangles, of which one level is shown at a time. */

const CELLS_MOST = 48, STEPS = 5;

/* --- the tree --- */

/* Node: {prefix, label, keys, memory, persistent, children, rest: true if it stands for keys without a name}. A prefix
 * belongs to the longest other one that it begins with and that has the same separator: keys are separated by one of
 * those that were detected. */
function prefixTree() {
    const {largest, rest, delimiters_given: given} = data.prefixes;
    const isParent = (parent, node) => parent && (given || node.length > 80 || parent.prefix.at(-1) === node.prefix.at(-1));
    const root = {prefix: "", label: "all keys", keys: data.total.keys, memory: data.total.memory,
                  persistent: data.total.persistent, children: []};
    const nodes = largest.map(row => ({...row, label: row.prefix + (row.length > 80 ? "…" : ""), children: []}));
    const known = new Map();
    nodes.sort((a, b) => a.prefix.length - b.prefix.length);
    for (const node of nodes) {
        let parent = root;
        for (let end = node.prefix.length - 1; end > 0 && parent === root; end--) {
            const shorter = known.get(node.prefix.slice(0, end));
            parent = isParent(shorter, node) ? shorter : root;
        }
        node.parent = parent;
        parent.children.push(node);
        known.set(node.prefix, node);
    }
    if (rest.keys > 0)
        root.children.push({...rest, prefix: null, label: "(no prefix)", rest: true, parent: root, children: []});
    [root, ...nodes].forEach(addRemainder);
    return root;
}

/* What a node has beside its children. */
function addRemainder(node) {
    if (node.children.length === 0)
        return;
    const left = figure => Math.max(0, node[figure] - node.children.reduce((sum, child) => sum + child[figure], 0));
    const keys = left("keys");
    if (keys > 0)
        node.children.push({prefix: null, label: "(others)", keys, memory: left("memory"), persistent: left("persistent"),
                            rest: true, parent: node, children: []});
}

/* Small cells are one. */
function cellsOf(node, metric) {
    const all = node.children.filter(child => child[metric] > 0).sort((a, b) => b[metric] - a[metric]);
    const total = all.reduce((sum, child) => sum + child[metric], 0);
    const shown = all.filter((child, i) => i < CELLS_MOST && child[metric] >= total / 2000);
    const others = all.slice(shown.length);
    const sum = figure => others.reduce((sum, child) => sum + child[figure], 0);
    if (others.length > 0)
        shown.push({prefix: null, label: `(${plural(others.length, "smaller one")})`, keys: sum("keys"), memory: sum("memory"),
                    persistent: sum("persistent"), rest: true, children: []});
    return shown;
}

/* --- the layout --- */

/* The worst ratio of sides in a row of areas along a side of this length. */
function worst(row, side) {
    const sum = row.reduce((a, b) => a + b, 0);
    return Math.max(side * side * Math.max(...row) / (sum * sum), sum * sum / (side * side * Math.min(...row)));
}

/* Squarified (Bruls and others, 2000): rectangles {x, y, width, height} for values in descending order. */
function squarify(values, x, y, width, height) {
    const total = values.reduce((a, b) => a + b, 0), areas = values.map(value => value / total * width * height), out = [];
    for (let i = 0; i < areas.length;) {
        const side = Math.min(width, height), row = [areas[i++]];
        while (i < areas.length && worst([...row, areas[i]], side) <= worst(row, side))
            row.push(areas[i++]);
        const depth = row.reduce((a, b) => a + b, 0) / side;
        let along = 0;
        for (const area of row) {
            const length = area / depth;
            out.push(width >= height ? {x, y: y + along, width: depth, height: length}
                                     : {x: x + along, y, width: length, height: depth});
            along += length;
        }
        if (width >= height) {
            x += depth;
            width -= depth;
        } else {
            y += depth;
            height -= depth;
        }
    }
    return out;
}

/* --- the map --- */

class Treemap {
    constructor(metric) {
        this.root = this.node = prefixTree();
        this.metric = metric;
        this.path = el("nav", {class: "path", "aria-label": "Level of the prefix map"});
        this.place = el("div", {class: "chart treemap"});
        this.status = el("p", {class: "hidden", role: "status"});
        this.redraw = drawn(this.place, width => this.draw(width));
        this.element = figure("Map", "Choose an outlined prefix to see what is in it; Escape goes back.",
            this.path, this.place, this.legend(), this.status, behind(() => this.table()));
        this.element.addEventListener("keydown", event => {
            if (event.key === "Escape" && this.node.parent)
                this.open(this.node.parent);
        });
        this.putPath();
    }

    legend() {
        return el("p", {class: "legend"}, "Keys without a TTL: 0%",
            Array.from({length: STEPS}, (_, i) => el("span", {class: `swatch step${i}`, "aria-hidden": "true"})), "100%");
    }

    table() {
        const columns = [
            {title: "Prefix", text: true, show: node => nameOf(node.label)},
            {title: "Keys", show: node => number(node.keys)},
            {title: "Memory", show: node => estimate(node.memory)},
            {title: "No TTL", show: node => percent(node.persistent, node.keys)}];
        return plainTable(`Prefixes in ${cut(this.node.label, 60)}`, columns, cellsOf(this.node, this.metric));
    }

    use(metric) {
        this.metric = metric;
        this.update();
    }

    open(node) {
        this.node = node;
        this.putPath();
        this.update();
        this.status.textContent = `${cut(node.label, 60)}: ${plural(node.keys, "key")}`;
        (this.place.querySelector("[tabindex]") || this.path.querySelector("button"))?.focus({preventScroll: true});
    }

    update() {
        this.redraw();
        const details = this.element.querySelector("details");
        if (details.open)
            details.lastChild.replaceWith(this.table());
    }

    putPath() {
        const steps = [];
        for (let node = this.node; node; node = node.parent)
            steps.unshift(node);
        this.path.replaceChildren(el("ol", {}, steps.map((node, i) => el("li", {}, i < steps.length - 1
            ? el("button", {type: "button", onclick: () => this.open(node)}, nameOf(node.label, 30))
            : el("span", {"aria-current": "true"}, nameOf(node.label, 50))))));
    }

    draw(width) {
        const height = Math.round(Math.max(240, Math.min(420, width * 0.5)));
        const shown = cellsOf(this.node, this.metric);
        const places = squarify(shown.map(node => node[this.metric]), 0, 0, width, height);
        this.place.replaceChildren(svg("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "group",
            "aria-label": `Prefixes in ${cut(this.node.label, 60)}`}, shown.map((node, i) => this.cell(node, places[i]))));
    }

    format(node) {
        return this.metric === "keys" ? number(node.keys) : estimate(node.memory);
    }

    /* What a prefix has beside that of the level. */
    part(node) {
        const {prefix} = this.node;
        return node.prefix !== null && node.prefix.startsWith(prefix) ? node.label.slice(prefix.length) : node.label;
    }

    cell(node, {x, y, width, height}) {
        const opens = node.children.length > 0;
        const step = Math.min(STEPS - 1, Math.floor(share(node.persistent, node.keys) / 100 * STEPS));
        const words = `${cut(node.label, 60)}: ${plural(node.keys, "key")}, ${estimate(node.memory)}, ` +
            `${percent(node.persistent, node.keys)} without a TTL`;
        const act = () => this.open(node);
        const inner = {x: x + 1, y: y + 1, width: Math.max(width - 2, 0), height: Math.max(height - 2, 0)};
        const group = svg("g", opens
            ? {role: "button", tabindex: "0", class: `cell opens step${step}`, "aria-label": words + ", open", onclick: act,
               onkeydown: event => {
                   if (event.key === "Enter" || event.key === " ") {
                       event.preventDefault();
                       act();
                   }
               }}
            : {role: "img", class: `cell step${step}`, "aria-label": words});
        group.append(svg("title", {}, words), svg("rect", {...inner, rx: 3}));
        if (inner.width > 44 && inner.height > 22)
            group.append(svg("text", {x: x + 9, y: y + 18, class: "label"}, fit(this.part(node), inner.width - 16)));
        if (inner.height > 40 && textWidth(this.format(node), VALUE_FONT) < inner.width - 16)
            group.append(svg("text", {x: x + 9, y: y + 35, class: "figure"}, this.format(node)));
        return group;
    }
}
