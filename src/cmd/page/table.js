/* Tables: one that is sorted and searched, and the plain one behind each chart. */

const ROWS_SHOWN = 20;

/* A column: {title, value: row => number or string to sort by, show: row => node or text, text: true if it is no
 * number}. */

function cells(columns, row) {
    return columns.map((column, i) => {
        const attributes = {class: column.text ? "text" : "number"};
        return i === 0 ? el("th", {scope: "row", ...attributes}, column.show(row)) : el("td", attributes, column.show(row));
    });
}

function plainTable(caption, columns, rows) {
    return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
        el("table", {},
            el("caption", {}, caption),
            el("thead", {}, el("tr", {}, columns.map(column =>
                el("th", {scope: "col", class: column.text ? "text" : "number"}, column.title)))),
            el("tbody", {}, rows.map(row => el("tr", {}, cells(columns, row))))));
}

/* Opens the table of a chart, which is made when it is first opened. */
function behind(make) {
    const details = el("details", {class: "behind"}, el("summary", {}, "As a table"));
    details.addEventListener("toggle", () => {
        if (details.open)
            details.append(make());
        else
            details.lastChild.remove();
    });
    return details;
}

function compare(a, b) {
    return typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : (a ?? -1) - (b ?? -1);
}

class SortedTable {
    constructor({caption, columns, rows, by, search}) {
        Object.assign(this, {caption, columns, rows, by, search, descending: true, most: ROWS_SHOWN, query: ""});
        this.body = el("tbody");
        this.status = el("p", {class: "status", role: "status"});
        this.more = el("button", {type: "button", class: "more", onclick: () => this.showMore()});
        this.heads = columns.map((column, i) => this.head(column, i));
        this.element = el("div", {class: "sorted"}, this.searchField(),
            el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
                el("table", {}, el("caption", {class: "hidden"}, caption),
                    el("thead", {}, el("tr", {}, this.heads)), this.body)),
            el("div", {class: "below"}, this.status, this.more));
        this.update();
    }

    searchField() {
        if (!this.search)
            return null;
        const id = newId("search");
        return el("div", {class: "search"}, el("label", {for: id}, "Search"),
            el("input", {id, type: "search", autocomplete: "off", spellcheck: "false", placeholder: "part of a name",
                         oninput: event => this.find(event.target.value)}));
    }

    head(column, i) {
        return el("th", {scope: "col", class: column.text ? "text" : "number"},
            el("button", {type: "button", onclick: () => this.sort(i)}, column.title,
                el("span", {class: "arrow", "aria-hidden": "true"})));
    }

    sort(i) {
        this.descending = this.by === i ? !this.descending : !this.columns[i].text;
        this.by = i;
        this.update();
    }

    find(text) {
        this.query = text.toLowerCase();
        this.most = ROWS_SHOWN;
        this.update();
    }

    showMore() {
        const first = this.most;
        this.most += 5 * ROWS_SHOWN;
        this.update();
        const row = this.body.children[first];
        if (this.more.hidden && row) {
            row.tabIndex = -1;
            row.focus();
        }
    }

    update() {
        const found = this.rows.filter(row => !this.query || this.search(row).toLowerCase().includes(this.query));
        const {value} = this.columns[this.by];
        found.sort((a, b) => (this.descending ? -1 : 1) * compare(value(a), value(b)));
        const shown = found.slice(0, this.most);
        this.body.replaceChildren(...shown.map(row => el("tr", {}, cells(this.columns, row))));
        this.heads.forEach((head, i) => {
            head.setAttribute("aria-sort", i !== this.by ? "none" : this.descending ? "descending" : "ascending");
        });
        this.status.textContent = `${number(shown.length)} of ${plural(this.rows.length, "row")}` +
            (this.query ? `, ${number(found.length)} found` : "");
        this.more.hidden = shown.length === found.length;
        this.more.textContent = `Show ${number(Math.min(5 * ROWS_SHOWN, found.length - shown.length))} more`;
    }
}
