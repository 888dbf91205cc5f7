//! Escapes: what advertisers write never becomes markup where it is text.

/// Appends a text for HTML or XML, in content or in a quoted attribute. Characters XML 1.0 cannot hold are left out.
pub(super) fn push_text(text: &str, out: &mut String) {
    for c in text.chars().filter(|c| is_xml(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// Appends a CDATA section; an end of section within the text is split over two.
pub(super) fn push_cdata(text: &str, out: &mut String) {
    out.push_str("<![CDATA[");
    let clean: String = text.chars().filter(|c| is_xml(*c)).collect();
    out.push_str(&clean.replace("]]>", "]]]]><![CDATA[>"));
    out.push_str("]]>");
}

const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaped_text_opens_nothing(text in ".{0,60}") {
            let mut out = String::new();
            push_text(&text, &mut out);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn a_section_ends_only_where_it_is_ended(text in "(\\]|>|<|.){0,40}") {
            let mut out = String::new();
            push_cdata(&text, &mut out);
            // Every end but the last is at once followed by a new start.
            let ends: Vec<usize> = out.match_indices("]]>").map(|(at, _)| at).collect();
            for end in &ends[..ends.len() - 1] {
                prop_assert!(out[end + 3..].starts_with("<![CDATA["));
            }
        }
    }
}
