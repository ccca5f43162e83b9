/* Elements, and numbers and names as text. Nothing here or elsewhere makes markup of a string: text becomes text
 * nodes and attributes only. */

const data = JSON.parse(document.getElementById("data").textContent);

/* --- elements --- */

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on"))
            node.addEventListener(name.slice(2), value);
        else if (value !== null && value !== undefined && value !== false)
            node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
    return node;
}

/* An HTML element; a child that is a string becomes text. */
function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

let ids = 0;

function newId(what) {
    return `${what}-${++ids}`;
}

/* --- numbers --- */

function number(n) {
    return Math.round(n).toLocaleString("en-US");
}

/* Powers of 1000, as on the command line. */
function size(bytes) {
    const units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
    let n = Math.abs(bytes), unit = 0;
    for (; n >= 999.5 && unit < units.length - 1; unit++)
        n /= 1000;
    return (bytes < 0 ? "−" : "") + (unit > 0 && n < 9.95 ? n.toFixed(1) : n.toFixed(0)) + " " + units[unit];
}

function estimate(bytes) {
    return "~" + size(bytes);
}

function share(part, total) {
    return total > 0 ? 100 * part / total : 0;
}

function percent(part, total) {
    const p = share(part, total);
    return p > 0 && p < 0.1 ? "<0.1%" : p.toFixed(p === 100 || p === 0 ? 0 : 1) + "%";
}

function signed(n, format) {
    return n > 0 ? "+" + format(n) : n < 0 ? "−" + format(-n) : "0";
}

/* Of seconds; null is none. */
function duration(seconds) {
    if (seconds === null || seconds === undefined)
        return "–";
    const units = [[365 * 86400, "y"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const [unit, name] = units.find(([unit]) => seconds >= 2 * unit) || [1, "s"];
    const n = seconds / unit;
    return (n < 9.95 && unit > 1 ? n.toFixed(1) : n.toFixed(0)) + " " + name;
}

function time(text) {
    return text ? text.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : "–";
}

function plural(n, one, many = one + "s") {
    return `${number(n)} ${n === 1 ? one : many}`;
}

/* --- names --- */

/* Characters that would change what is around them are shown by their numbers. */
function clean(text) {
    return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g,
        c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/* The beginning and, unless that would be very little, the end of a long text. */
function cut(text, most) {
    const characters = Array.from(clean(text));
    if (characters.length <= most)
        return characters.join("");
    const tail = most < 24 ? 0 : Math.floor((most - 1) / 3);
    return characters.slice(0, most - 1 - tail).join("") + "…" + characters.slice(characters.length - tail).join("");
}

/* A name from the data, apart from the direction of the text around it. */
function nameOf(text, most = 80) {
    const shown = cut(text, most), full = clean(text);
    return el("bdi", {class: "name", dir: "ltr", title: shown === full ? null : full}, shown || "(empty)");
}
