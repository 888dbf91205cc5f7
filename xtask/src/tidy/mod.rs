//! The rules of the house as checks: layers, what the core may name, file sizes, plain text and links.
//!
//! Each check is a function from texts to problems; only [`check`] and [`bless`] touch the disk.

mod core;
mod layers;
mod links;
mod sizes;
mod words;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// The file, relative to the root; a package's name where there is no file.
    pub(crate) place: String,
    /// The line, from 1; 0 where it is the whole.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.text),
            line => write!(f, "{}:{line}: {}", self.place, self.text),
        }
    }
}

/// A text file of the project.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Its path, relative to the root, with forward slashes.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl SourceFile {
    fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    fn problem(&self, line: usize, text: impl Into<String>) -> Problem {
        Problem { place: self.path.clone(), line, text: text.into() }
    }
}

/// What the checks found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Everything that is not as it should be.
    pub(crate) problems: Vec<Problem>,
    /// The largest Rust files with their lines.
    largest: Vec<(String, usize)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "largest files:")?;
        for (path, lines) in &self.largest {
            writeln!(f, "  {lines:5}  {path}")?;
        }
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        match self.problems.len() {
            0 => writeln!(f, "tidy"),
            count => writeln!(f, "{count} problem(s)"),
        }
    }
}

/// Checks the project at a root.
pub(crate) fn check(root: &Path) -> anyhow::Result<Report> {
    let files = read_all(root)?;
    let packages = layers::packages(root)?;
    let mut problems = layers::check(&packages);
    problems.extend(core::check(&files));
    for file in &files {
        problems.extend(words::check(file));
        problems.extend(links::check(file, |target| root.join(target).exists()));
    }
    problems.extend(words::check_module_docs(&files, &packages));
    problems.extend(sizes::check(&files, &read_ratchet(root)?));
    problems.sort();
    Ok(Report { problems, largest: sizes::largest(&files, 10) })
}

/// Records today's sizes as the high mark.
pub(crate) fn bless(root: &Path) -> anyhow::Result<()> {
    let files = read_all(root)?;
    let path = root.join(sizes::RATCHET);
    std::fs::write(&path, sizes::to_ratchet(&files))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn read_ratchet(root: &Path) -> anyhow::Result<String> {
    let path = root.join(sizes::RATCHET);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Folders that hold no text of ours: what a program wrote is judged by the test that makes it again.
const SKIPPED: [&str; 8] =
    ["target", ".git", "data", "corpus", "artifacts", "node_modules", "dist", "generated"];

/// Kinds of file that are read; the names count for files without a dot.
const READ: [&str; 11] = ["rs", "md", "toml", "yml", "yaml", "sh", "proto", "txt", "test", "run", "justfile"];

fn read_all(root: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    read_folder(root, root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path: PathBuf = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) && !path.is_symlink() {
                read_folder(root, &path, files)?;
            }
            continue;
        }
        let kind = name.rsplit_once('.').map_or(name.as_str(), |(_, extension)| extension);
        if READ.contains(&kind) {
            files.push(read_file(root, &path)?);
        }
    }
    Ok(())
}

fn read_file(root: &Path, path: &Path) -> anyhow::Result<SourceFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    Ok(SourceFile { path: relative, text })
}

#[cfg(test)]
mod tests;
