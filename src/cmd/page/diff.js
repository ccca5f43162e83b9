/* The sections of `diff`: what has changed between two data sets, and where they grow. */

const KINDS = {added: "added", removed: "removed", changed: "changed", duplicate: "duplicate"};

function growthRows(rows, label) {
    return rows.map(row => ({...row, label: label(row), keysGrown: row.keys_after - row.keys_before, bytesGrown: row.bytes_after - row.bytes_before}));
}

function growthColumns(title) {
    return [
        {title, text: true, value: row => row.label, show: row => nameOf(row.label)},
        {title: "Keys before", value: row => row.keys_before, show: row => number(row.keys_before)},
        {title: "Keys after", value: row => row.keys_after, show: row => number(row.keys_after)},
        {title: "Growth", value: row => row.keysGrown, show: row => signed(row.keysGrown, number)},
        {title: "Size before", value: row => row.bytes_before, show: row => size(row.bytes_before)},
        {title: "Size after", value: row => row.bytes_after, show: row => size(row.bytes_after)},
        {title: "Growth", value: row => row.bytesGrown, show: row => signed(row.bytesGrown, size)},
        {title: "Added", value: row => row.added, show: row => number(row.added)},
        {title: "Removed", value: row => row.removed, show: row => number(row.removed)},
        {title: "Changed", value: row => row.changed, show: row => number(row.changed)}];
}

function diffSummary() {
    const {differences, growth} = data, {total} = growth;
    const bytes = total.bytes_after - total.bytes_before;
    const none = differences.added + differences.removed + differences.changed + differences.duplicate === 0;
    return section("summary", "Summary",
        el("dl", {class: "tiles"},
            tile("Keys", signed(total.keys_after - total.keys_before, number), `${number(total.keys_before)} → ${number(total.keys_after)}`),
            tile("Size in the dump", signed(bytes, size), `${size(total.bytes_before)} → ${size(total.bytes_after)}`),
            tile("Added", number(differences.added), "only in the second"),
            tile("Removed", number(differences.removed), "only in the first"),
            tile("Changed", number(differences.changed), `${number(differences.changed_value)} value, ${number(differences.changed_type)} type, ${number(differences.changed_expiry)} expiry${differences.changed_no_evict ? `, ${number(differences.changed_no_evict)} no-evict` : ""}`),
            tile("Duplicate", number(differences.duplicate), "keys that occur twice")),
        none ? el("p", {class: "notes"}, "The two data sets hold the same.") : null);
}

class Growth {
    constructor() {
        this.metric = "bytes";
        this.charts = [];
        this.rows = growthRows(data.growth.prefixes, row => row.prefix + (row.length > 80 ? "…" : ""))
            .filter(row => row.keysGrown || row.bytesGrown || row.added || row.removed || row.changed);
    }

    chart(title, note, what, rows, most) {
        const figure = row => this.metric === "bytes" ? row.bytesGrown : row.keysGrown;
        const chart = new BarChart(title, note, () => ({
            rows: rows.map(row => ({...row, value: figure(row)})).filter(row => row.value !== 0)
                .sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, most),
            format: n => signed(n, this.metric === "bytes" ? size : number), columns: growthColumns(what)}), {isGrowth: true});
        this.charts.push(chart);
        return chart.element;
    }

    section() {
        const {databases, types, delimiters} = data.growth;
        const table = new SortedTable({caption: "Growth by prefix", columns: growthColumns("Prefix"), rows: this.rows, by: 6, search: row => row.label});
        return section("growth", "Growth",
            choice("Show", {bytes: "Size in the dump", keys: "Keys"}, this.metric, metric => {
                this.metric = metric;
                this.charts.forEach(chart => chart.update());
            }),
            this.rows.length > 0 ? this.chart("By prefix", `The largest changes. Separators in key names: ${delimiters || "none"}`, "Prefix", this.rows, 20) : null,
            el("div", {class: "grid"},
                this.chart("By type", null, "Type", growthRows(types, row => row.type), 64),
                this.chart("By database", null, "Database", growthRows(databases, row => `db ${row.db}`), 64)),
            this.rows.length > 0 ? el("div", {class: "card"}, el("h3", {}, "All prefixes"), table.element) : null);
    }
}

function differenceList() {
    const {examples} = data.growth, {differences} = data;
    const total = differences.added + differences.removed + differences.changed + differences.duplicate;
    if (examples.length === 0)
        return null;
    const columns = [
        {title: "Key", text: true, value: row => row.key, show: row => nameOf(row.key)},
        {title: "Difference", text: true, value: row => row.difference,
         show: row => el("span", {class: `kind ${row.difference}`}, KINDS[row.difference])},
        {title: "What", text: true, value: row => row.changes.join(", "), show: row => row.changes.join(", ") || "–"},
        {title: "Type", text: true, value: row => row.type || "", show: row => row.type || "function"},
        {title: "DB", value: row => row.db, show: row => row.db < 0 ? "–" : String(row.db)}];
    const table = new SortedTable({caption: "Differences", columns, rows: examples, by: 1, search: row => `${row.key} ${row.difference} ${row.changes.join(" ")}`});
    return section("differences", "Differences",
        el("p", {class: "note"}, examples.length < total ? `${number(examples.length)} of ${number(total)}, of each kind the first ones; diff --jsonl lists all.` : `All ${number(total)}.`),
        el("div", {class: "card"}, table.element));
}

function diffSources() {
    const text = (title, show) => ({title, text: true, show});
    return section("sources", "Sources", el("div", {class: "card"},
        plainTable("Inputs", [text("Input", row => nameOf(row.path, 120)), text("What it is", describeInput)], data.inputs)));
}

const DIFF = {
    title: () => `${baseName(data.growth.before)} → ${baseName(data.growth.after)}`,
    facts: () => "Keys and their values compared; sizes are those of the records in the dump.",
    sections: () => [diffSummary(), new Growth().section(), differenceList(), diffSources()],
};
