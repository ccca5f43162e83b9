/* Puts the sections of the command on the page. */

function header(report) {
    const title = cut(report.title(), 80), when = data.now ? `as of ${time(data.now)}` : null;
    document.title = `${title} – rdbferry ${data.command}`;
    document.getElementById("top").append(
        el("p", {class: "eyebrow"}, `rdbferry ${data.command}`),
        el("h1", {}, el("bdi", {dir: "ltr"}, title)),
        el("p", {class: "note"}, [report.facts(), when].filter(fact => fact).join(" · ")));
}

function contents(sections) {
    return el("nav", {class: "contents", "aria-label": "Sections"},
        el("ul", {}, sections.map(part => el("li", {}, el("a", {href: "#" + part.id}, part.querySelector("h2").textContent)))));
}

const report = data.command === "diff" ? DIFF : INSPECT;
const sections = report.sections().filter(part => part);
header(report);
document.getElementById("top").append(contents(sections));
document.getElementById("main").append(...sections);
document.getElementById("bottom").append(`Made by rdbferry ${data.rdbferry}. Figures with ~ are estimates.`);
