//! Relative links in the documents lead somewhere.

use super::{Problem, SourceFile};

/// Checks the relative links of a Markdown file. `exists` tells whether a path from the root is there.
pub(super) fn check(file: &SourceFile, exists: impl Fn(&str) -> bool) -> Vec<Problem> {
    if file.extension() != "md" {
        return Vec::new();
    }
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let dead = |(line, target): (usize, &str)| {
        let path = target.split('#').next().unwrap_or(target);
        let found = path.is_empty() || resolve(folder, path).is_some_and(|path| exists(&path));
        (!found).then(|| file.problem(line, format!("links to {target}, which is not there")))
    };
    links(&file.text).filter_map(dead).collect()
}

/// Iterates over relative link targets with their lines, code left out.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let found = lines.flat_map(|(at, line)| targets(line).map(move |target| (at + 1, target)));
    found.filter(|(_, target)| !target.contains("://") && !target.starts_with("mailto:"))
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    // Every second piece between backticks is code.
    let prose = line.split('`').step_by(2);
    let whole = line.match_indices("](").filter_map(move |(at, _)| line[at + 2..].split(')').next());
    whole.filter(move |target| !target.contains(' ') && prose.clone().any(|piece| piece.contains(target)))
}

/// Joins a folder and a relative path; `None` where it leads out of the project.
fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
