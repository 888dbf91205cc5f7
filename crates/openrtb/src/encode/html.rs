//! Banner markup. The creative's own HTML is the advertiser's to write; everything around it is escaped.

use std::fmt::Write;

use motet_model::request::Size;

use super::escape::push_text;

/// The placeholder of the click address in ready markup.
const CLICK_URL: &str = "{CLICK_URL}";

/// Returns ready markup with its click placeholder filled, and the impression pixel behind it.
pub(super) fn ready(markup: &str, impression: &str, click: &str) -> String {
    let mut escaped = String::with_capacity(click.len() + 16);
    push_text(click, &mut escaped);
    let mut out = markup.replace(CLICK_URL, &escaped);
    push_pixel(impression, &mut out);
    out
}

/// Returns the markup of an image that leads to the click address.
pub(super) fn image(url: &str, size: Size, impression: &str, click: &str) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("<a href=\"");
    push_text(click, &mut out);
    out.push_str("\" target=\"_blank\" rel=\"noopener\"><img src=\"");
    push_text(url, &mut out);
    // Writing to a String does not fail.
    let _ = write!(out, "\" width=\"{}\" height=\"{}\" alt=\"\" style=\"border:0\"></a>", size.w, size.h);
    push_pixel(impression, &mut out);
    out
}

fn push_pixel(impression: &str, out: &mut String) {
    out.push_str("<img src=\"");
    push_text(impression, out);
    out.push_str("\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute;visibility:hidden\">");
}
