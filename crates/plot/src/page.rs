//! One HTML file with everything in it.

use std::fmt::Write as _;

use crate::{Chart, Error, chart};

/// A page under construction.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    body: String,
}

/// A table: a head and rows of texts. Columns of numbers align to the right by themselves.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table with columns and no rows.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#222}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}.charts{display:flex;flex-wrap:wrap;gap:12px}\
.charts svg{border:1px solid #ddd;border-radius:6px;max-width:100%;height:auto}table{border-collapse:collapse;margin:.6rem 0}\
.wide{overflow-x:auto}td,th{padding:.25rem .7rem;border-bottom:1px solid #e5e5e5;text-align:left}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.cards{display:flex;flex-wrap:wrap;gap:10px}\
.card{border:1px solid #ddd;border-radius:6px;padding:.5rem .9rem;min-width:8rem}.card b{display:block;font-size:1.25rem}\
.card span{color:#555;font-size:.85rem}p.note{color:#555}";

impl Page {
    /// Begins a page.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), body: format!("<h1>{}</h1>\n", escape(title)) }
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: &str) {
        self.push(&format!("<h2>{}</h2>\n", escape(text)));
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.push(&format!("<p class=\"note\">{}</p>\n", escape(text)));
    }

    /// Adds a row of figures, each with its name.
    pub fn cards(&mut self, figures: &[(&str, String)]) {
        let mut html = String::from("<div class=\"cards\">");
        for (name, value) in figures {
            let card = (escape(value), escape(name));
            let _ = write!(html, "<div class=\"card\"><b>{}</b><span>{}</span></div>", card.0, card.1);
        }
        self.push(&html);
        self.push("</div>\n");
    }

    /// Adds charts side by side.
    ///
    /// # Errors
    /// When one cannot be drawn.
    pub fn charts(&mut self, charts: &[Chart]) -> Result<(), Error> {
        let drawn: Vec<String> = charts.iter().map(chart).collect::<Result<_, _>>()?;
        self.push(&format!("<div class=\"charts\">{}</div>\n", drawn.join("\n")));
        Ok(())
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) {
        let numeric: Vec<bool> = (0..table.head.len()).map(|column| is_numeric(table, column)).collect();
        let cell = |tag: &str, column: usize, text: &str| {
            let class = if numeric.get(column).copied().unwrap_or(false) { " class=\"n\"" } else { "" };
            format!("<{tag}{class}>{}</{tag}>", escape(text))
        };
        let row = |tag: &str, cells: &[String]| {
            let cells = cells.iter().enumerate().map(|(column, text)| cell(tag, column, text));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let rows: String = table.rows.iter().map(|cells| row("td", cells)).collect();
        self.push(&format!(
            "<div class=\"wide\"><table><thead>{}</thead><tbody>{rows}</tbody></table></div>\n",
            row("th", &table.head)
        ));
    }

    fn push(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// Closes the page.
    pub fn finish(self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head>\n\
             <body>\n{}</body></html>\n",
            escape(&self.title),
            self.body
        )
    }
}

fn is_numeric(table: &Table, column: usize) -> bool {
    let begins = |text: &String| {
        text.starts_with(|c: char| c.is_ascii_digit() || "-+–±".contains(c)) || text.is_empty()
    };
    table.rows.iter().filter_map(|row| row.get(column)).all(begins)
}

/// Writes text so that HTML takes it as text.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut page = Page::new("A & B");
        page.paragraph("<script>alert(1)</script>");
        let html = page.finish();
        assert!(html.contains("A &amp; B") && !html.contains("<script>"));
    }

    #[test]
    fn columns_of_numbers_align_to_the_right() {
        let mut page = Page::new("t");
        let rows = vec![vec!["a".to_owned(), "1.5".to_owned()]];
        page.table(&Table { rows, ..Table::new(&["name", "spend"]) });
        assert!(page.finish().contains("<td>a</td><td class=\"n\">1.5</td>"));
    }
}
