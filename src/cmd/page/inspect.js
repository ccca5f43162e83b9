/* The sections of `inspect`: what one data set holds. */

/* --- building blocks --- */

function section(id, title, ...children) {
    return el("section", {id, "aria-labelledby": id + "-title"}, el("h2", {id: id + "-title"}, title), children);
}

function tile(label, value, note) {
    return el("div", {class: "tile"}, el("dt", {}, label), el("dd", {}, el("span", {class: "big"}, value),
        note ? el("span", {class: "note"}, note) : null));
}

function baseName(path) {
    return path === "-" ? "stdin" : path.replace(/\/+$/, "").split("/").pop() || path;
}

function describeInput(input) {
    const facts = [input.format, input.rdb_version ? `version ${input.rdb_version}` : null,
        input.writer ? `written by ${input.writer}` : null,
        input.saved_by ? `saved by ${input.saved_by}` : null, input.saved ? `saved ${time(input.saved)}` : null,
        input.bytes_read === undefined ? null : size(input.bytes_read), ...(input.layers || [])];
    return facts.filter(fact => fact).join(" · ");
}

/* --- the summary --- */

/* Why the figures differ from those of a server. */
function countNotes() {
    const {total, commands, inputs} = data, notes = [];
    if (total.expired > 0)
        notes.push(`${plural(total.expired, "key has", "keys have")} expired, but ${total.expired === 1 ? "is" : "are"} still in the data. ` +
            `A server deletes them when it loads it, and has ${number(total.keys - total.expired)} keys then.`);
    if (total.dropped > 0)
        notes.push(`${plural(total.dropped, "key was", "keys were")} excluded by options, and is counted nowhere.`);
    if (commands.count > 0)
        notes.push(`${plural(commands.count, "command")} of the log ${commands.count === 1 ? "is" : "are"} not applied to the keys; --server does that.`);
    if (inputs.length > 1)
        notes.push(`The ${inputs.length} inputs are counted as one data set, a key in two of them twice.`);
    if (data.result === "error")
        notes.push(`The data could not be read to the end: ${clean(data.error.message)}`);
    return notes;
}

function summary() {
    const {total, memory, prefixes} = data;
    const expiring = total.keys - total.persistent - total.expired, notes = countNotes();
    const largest = data.top.by_memory[0], prefix = prefixes.by_memory[0];
    return section("summary", "Summary",
        el("dl", {class: "tiles"},
            tile("Keys", number(total.keys), plural(data.databases.length, "database")),
            tile("Memory in a server", estimate(memory.total), `estimate, hash tables ${size(memory.hash_tables)}`),
            tile("In the dump", size(total.bytes), plural(total.elements, "element")),
            tile("Without a TTL", percent(total.persistent, total.keys), plural(total.persistent, "key")),
            tile("With a TTL", number(expiring), `median ${duration(total.median_ttl)} left`),
            tile("Expired, still present", number(total.expired), percent(total.expired, total.keys))),
        el("dl", {class: "facts"},
            largest ? [el("dt", {}, "Largest key"), el("dd", {}, nameOf(largest.key), ` ${estimate(largest.memory)}, ${largest.type}, db ${largest.db}`)] : null,
            prefix ? [el("dt", {}, "Largest prefix"), el("dd", {}, nameOf(prefix.prefix), ` ${estimate(prefix.memory)}, ${plural(prefix.keys, "key")}`)] : null),
        notes.length > 0 ? el("div", {class: "notes"}, el("h3", {}, "Why a server counts other keys"), el("ul", {}, notes.map(note => el("li", {}, note)))) : null);
}

/* --- breakdowns --- */

const METRICS = {memory: {label: "Memory", format: estimate}, keys: {label: "Keys", format: number}};

function totalsColumns(title) {
    return [
        {title, text: true, show: row => nameOf(row.label)},
        {title: "Keys", show: row => number(row.keys)},
        {title: "With TTL", show: row => number(row.expiring)},
        {title: "Elements", show: row => number(row.elements)},
        {title: "In the dump", show: row => size(row.bytes)},
        {title: "Memory", show: row => estimate(row.memory)}];
}

/* Charts that show the metric that is chosen. */
class Breakdowns {
    constructor() {
        this.metric = "memory";
        this.charts = [];
    }

    chart(title, what, rows) {
        const chart = new BarChart(title, null, () => ({
            rows: rows.map(row => ({...row, value: row[this.metric]})).sort((a, b) => b.value - a.value),
            format: METRICS[this.metric].format, columns: totalsColumns(what)}));
        this.charts.push(chart);
        return chart.element;
    }

    use(metric) {
        this.metric = metric;
        this.charts.forEach(chart => chart.update());
    }

    section() {
        const names = row => row.type === row.encoding ? row.type : `${row.type} ${row.encoding}`;
        const inputs = data.inputs.filter(input => input.total);
        return section("breakdown", "Memory and keys",
            choice("Show", {memory: "Memory", keys: "Keys"}, this.metric, metric => this.use(metric)),
            el("div", {class: "grid"},
                this.chart("Types", "Type", data.types.map(row => ({...row, label: row.type}))),
                this.chart("Databases", "Database", data.databases.map(row => ({...row, label: `db ${row.db}`})).slice(0, 64)),
                this.chart("Encodings", "Encoding", data.encodings.map(row => ({...row, label: names(row)}))),
                inputs.length > 1 ? this.chart("Inputs", "Input", inputs.map(input => ({...input.total, label: baseName(input.path)})).slice(0, 64)) : null));
    }
}

/* --- prefixes --- */

const PREFIX_COLUMNS = [
    {title: "Prefix", text: true, value: row => row.prefix, show: row => nameOf(row.prefix + (row.length > 80 ? "…" : ""))},
    {title: "Keys", value: row => row.keys, show: row => (row.estimate ? "~" : "") + number(row.keys)},
    {title: "Memory", value: row => row.memory, show: row => estimate(row.memory)},
    {title: "Share", value: row => row.memory, show: row => percent(row.memory, data.total.memory)},
    {title: "No TTL", value: row => row.persistent, show: row => number(row.persistent)},
    {title: "Expired", value: row => row.expired, show: row => number(row.expired)},
    {title: "Median TTL", value: row => row.median_ttl, show: row => duration(row.median_ttl)}];

function prefixes() {
    const {largest, delimiters, delimiters_given: given} = data.prefixes;
    if (largest.length === 0)
        return null;
    const map = new Treemap("memory");
    const outermost = map.root.children.filter(node => node.persistent > 0).sort((a, b) => b.persistent - a.persistent).slice(0, 12);
    const persistent = new BarChart("Keys without a TTL", "By prefix of the first level; these stay until they are deleted.", () => ({
        rows: outermost.map(node => ({...node, value: node.persistent})), format: number,
        columns: [{title: "Prefix", text: true, show: row => nameOf(row.label)}, {title: "Keys without a TTL", show: row => number(row.persistent)},
                  {title: "Of its keys", show: row => percent(row.persistent, row.keys)}]}));
    const table = new SortedTable({caption: "Prefixes", columns: PREFIX_COLUMNS, rows: largest, by: 2, search: row => row.prefix});
    return section("prefixes", "Prefixes",
        el("p", {class: "note"}, `Separators in key names${given ? "" : " (detected)"}: `, el("code", {}, delimiters || "none")),
        choice("Show", {memory: "Memory", keys: "Keys"}, "memory", metric => map.use(metric)),
        map.element, outermost.length > 0 ? persistent.element : null,
        el("div", {class: "card"}, el("h3", {}, "All levels"), table.element));
}

/* --- histograms --- */

function histogram(title, note, rows) {
    const total = rows.reduce((sum, row) => sum + row.keys, 0);
    const first = rows.findIndex(row => row.keys > 0), last = rows.findLastIndex(row => row.keys > 0);
    if (total === 0)
        return null;
    return new BarChart(title, note, () => ({
        rows: rows.slice(first, last + 1).map(row => ({...row, label: row.range, value: row.keys})), format: n => `${number(n)} · ${Math.round(share(n, total))}%`,
        columns: [{title: "Range", text: true, show: row => row.label}, {title: "Keys", show: row => number(row.keys)},
                  {title: "Share", show: row => percent(row.keys, total)}, {title: "Memory", show: row => estimate(row.memory)}]})).element;
}

function distributions() {
    const {expiry, memory_of_key: memory, elements_of_collection: elements, longest_element_of_key: longest} = data.histograms;
    return section("distributions", "Distributions",
        el("div", {class: "grid"},
            histogram("Time to live", "Keys by the time they have left", expiry),
            histogram("Memory per key", "Keys by their estimated memory", memory),
            histogram("Elements per collection", "Lists, sets, hashes and others by their number of elements", elements),
            histogram("Longest element per key", "Keys by the size of their longest element", longest)));
}

/* --- keys --- */

function largestKeys() {
    const seen = new Set(), rows = [];
    for (const row of [...data.top.by_memory, ...data.top.by_elements]) {
        const identity = JSON.stringify([row.db, row.key, row.key_length, row.bytes]);
        if (!seen.has(identity))
            rows.push(row);
        seen.add(identity);
    }
    const columns = [
        {title: "Key", text: true, value: row => row.key,
         show: row => el("span", {}, nameOf(row.key), row.key_length > 256 ? el("span", {class: "note"}, ` ${size(row.key_length)} name`) : null)},
        {title: "Memory", value: row => row.memory, show: row => estimate(row.memory)},
        {title: "Elements", value: row => row.elements, show: row => number(row.elements)},
        {title: "Longest", value: row => row.longest_element, show: row => size(row.longest_element)},
        {title: "Type", text: true, value: row => row.type, show: row => row.type},
        {title: "Encoding", text: true, value: row => row.encoding, show: row => row.encoding},
        {title: "DB", value: row => row.db, show: row => String(row.db)},
        {title: "Expires", text: true, value: row => row.expiry || "", show: row => time(row.expiry)}];
    const table = new SortedTable({caption: "Largest keys", columns, rows, by: 1, search: row => `${row.key} ${row.type} ${row.encoding}`});
    return section("keys", "Largest keys", el("div", {class: "card"}, table.element));
}

/* --- slots --- */

const SLOTS = 16384, SHARDS_MOST = 64;

/* The first slots of n equal shards, as redis-cli and `split --shards` cut them. */
function shardStarts(n) {
    const each = Math.fround(SLOTS / Math.fround(n)), starts = [0];
    for (let i = 1, cursor = Math.fround(0); i < n; i++) {
        const last = Math.floor(Math.fround(Math.fround(cursor + each) - 1) + 0.5);
        starts.push(Math.min(last, SLOTS - 1 - (n - i)) + 1);
        cursor = Math.fround(cursor + each);
    }
    return starts;
}

function shards(n) {
    const starts = shardStarts(n), rows = starts.map((start, i) => ({
        label: `${i + 1}: ${start}–${(starts[i + 1] || SLOTS) - 1}`, keys: 0, bytes: 0, memory: 0, slots: 0}));
    let shard = 0;
    for (const [slot, keys, bytes, memory] of data.slots.all) {
        while (shard + 1 < n && slot >= starts[shard + 1])
            shard++;
        const row = rows[shard];
        row.keys += keys;
        row.bytes += bytes;
        row.memory += memory;
        row.slots++;
    }
    return rows;
}

function slots() {
    let metric = "memory", count = 3;
    const {used, tagged_keys: tagged, largest} = data.slots;
    const chart = new BarChart("Equal shards", "Slots as redis-cli and split --shards distribute them", () => ({
        rows: shards(count).map(row => ({...row, value: row[metric]})), format: METRICS[metric].format,
        columns: [{title: "Shard", text: true, show: row => row.label}, {title: "Slots used", show: row => number(row.slots)},
                  {title: "Keys", show: row => number(row.keys)}, {title: "In the dump", show: row => size(row.bytes)},
                  {title: "Memory", show: row => estimate(row.memory)}]}));
    const heaviest = new BarChart("Largest slots", "A slot is on one shard, however many there are.", () => ({
        rows: largest.map(([slot, keys, bytes, memory]) => ({label: `slot ${slot}`, keys, bytes, memory, value: metric === "keys" ? keys : memory})),
        format: METRICS[metric].format,
        columns: [{title: "Slot", text: true, show: row => row.label}, {title: "Keys", show: row => number(row.keys)},
                  {title: "Memory", show: row => estimate(row.memory)}]}));
    const id = newId("shards");
    const input = el("input", {id, type: "number", min: 1, max: SHARDS_MOST, value: count, inputmode: "numeric", oninput: event => {
        const n = Number(event.target.value);
        if (Number.isInteger(n) && n >= 1 && n <= SHARDS_MOST) {
            count = n;
            chart.update();
        }
    }});
    return section("slots", "Cluster slots",
        el("p", {class: "note"}, `${number(used)} of ${number(SLOTS)} slots have keys; ${percent(tagged, data.total.keys)} of the keys have a hash tag.`),
        el("div", {class: "controls"},
            choice("Show", {memory: "Memory", keys: "Keys"}, metric, chosen => {
                metric = chosen;
                chart.update();
                heaviest.update();
            }),
            el("div", {class: "field"}, el("label", {for: id}, "Shards"), input)),
        el("div", {class: "grid"}, chart.element, heaviest.element));
}

/* --- what is not a key --- */

function commands() {
    const {count, by_name: names, by_prefix: ofPrefix} = data.commands;
    if (count === 0)
        return null;
    const list = (title, rows, label) => rows.length === 0 ? null : new BarChart(title, null, () => ({
        rows: rows.map(row => ({...row, label: label(row), value: row.count})), format: number,
        columns: [{title: "Name", text: true, show: row => nameOf(row.label)}, {title: "Count", show: row => number(row.count)},
                  {title: "Arguments", show: row => size(row.bytes)}]})).element;
    return section("commands", "Commands of the log",
        el("p", {class: "note"}, `${plural(count, "command")}, ${plural(data.commands.transactions, "transaction")}, ` +
            `${plural(data.commands.flush_count, "flush", "flushes")}; what they do to keys is not evaluated.`),
        el("div", {class: "grid"}, list("By name", names, row => row.name), list("By prefix of their keys", ofPrefix, row => row.prefix)));
}

function others() {
    const aux = data.inputs.flatMap(input => (input.aux || []).map(field => ({...field, input: baseName(input.path)})));
    const text = (title, show) => ({title, text: true, show});
    const inputs = plainTable("Inputs", [text("Input", row => nameOf(row.path, 120)), text("What it is", describeInput)], data.inputs);
    return section("sources", "Sources", el("div", {class: "card"}, inputs,
        data.functions.libraries > 0 ? plainTable("Function libraries", [text("Library", row => nameOf(row.name)), text("Engine", row => nameOf(row.engine)),
            {title: "Code", show: row => size(row.bytes)}], data.functions.all) : null,
        data.modules.length > 0 ? plainTable("Modules", [text("Module", row => nameOf(row.name)), {title: "Keys", show: row => number(row.keys)},
            {title: "Memory", show: row => estimate(row.memory)}], data.modules) : null,
        aux.length > 0 ? plainTable("AUX fields", [text("Field", row => nameOf(row.name)), text("Value", row => nameOf(row.value)),
            text("Input", row => nameOf(row.input))], aux) : null));
}

const INSPECT = {
    title: () => data.inputs.length === 1 ? baseName(data.inputs[0].path) : plural(data.inputs.length, "input"),
    facts: () => data.inputs.length === 1 ? describeInput(data.inputs[0]) : size(data.inputs.reduce((sum, input) => sum + (input.bytes_read || 0), 0)),
    sections: () => data.total.keys === 0 ? [summary(), commands(), others()]
        : [summary(), new Breakdowns().section(), prefixes(), distributions(), largestKeys(), slots(), commands(), others()],
};
