//! Reading a policy folder: its two files, within limits, all of one making.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use motet_policy::{
    PolicySet,
    file::{Files, MANIFEST_FILE, MOST_MANIFEST_BYTES, MOST_WEIGHTS_BYTES, Manifest, WEIGHTS_FILE},
};
use sha2::{Digest as _, Sha256};

use crate::tokens::hex;

/// How often a folder is read again that is replaced while it is read.
const TRIES: usize = 3;

/// A folder's content, checked but for the cards.
#[derive(Clone, Debug)]
pub struct Found {
    /// The bytes as they stand.
    pub files: Files,
    /// The manifest.
    pub manifest: Manifest,
    /// The set.
    pub set: PolicySet,
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file is missing or cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no file.
    #[error("{path} is no file")]
    NoFile {
        /// What.
        path: PathBuf,
    },
    /// A file is too large.
    #[error("{path} may have {most} bytes at most")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The most bytes.
        most: u64,
    },
    /// The manifest is not text.
    #[error("{path} is not UTF-8")]
    NotText {
        /// Where.
        path: PathBuf,
    },
    /// It goes on being replaced.
    #[error("{path} was replaced again while it was read")]
    Unsteady {
        /// The folder.
        path: PathBuf,
    },
    /// What it holds is no set of policies.
    #[error(transparent)]
    Content(#[from] motet_policy::Error),
}

/// Reads a policy folder. Which policies and numbers the agents take is [`fits`](super::fits)' to say.
///
/// # Errors
/// When a file is missing, too large or not what it should be.
pub fn read(dir: &Path) -> Result<Found, FolderError> {
    Found::take(read_files(dir)?)
}

impl Found {
    /// Returns a digest of the content, by which it is known again: SHA-256, in hexadecimal.
    pub fn digest(&self) -> String {
        content(&self.files)
    }

    /// Takes what a folder's files hold. Which policies and numbers the agents take is not looked at here.
    pub(super) fn take(files: Files) -> Result<Self, FolderError> {
        let manifest = Manifest::parse(&files.manifest)?;
        let set = manifest.take(&files.weights)?;
        Ok(Self { files, manifest, set })
    }
}

/// Reads both files. The manifest is read once more at the end: the same bytes mean that the folder was not replaced
/// meanwhile.
pub(super) fn read_files(dir: &Path) -> Result<Files, FolderError> {
    for _ in 0..TRIES {
        let manifest = read_manifest(dir)?;
        let weights = read_weights(dir, &manifest)?;
        if read_manifest(dir)? == manifest {
            let path = dir.join(MANIFEST_FILE);
            let manifest = String::from_utf8(manifest).map_err(|_| FolderError::NotText { path })?;
            return Ok(Files { manifest, weights });
        }
    }
    Err(FolderError::Unsteady { path: dir.to_owned() })
}

/// Reads the manifest's bytes.
pub(super) fn read_manifest(dir: &Path) -> Result<Vec<u8>, FolderError> {
    read_file(&dir.join(MANIFEST_FILE), MOST_MANIFEST_BYTES)
}

/// Reads the tensors' bytes; none where there is no such file: a set without networks needs none, and one that does is
/// told so when it is taken.
fn read_weights(dir: &Path, manifest: &[u8]) -> Result<Vec<u8>, FolderError> {
    let read = read_file(&dir.join(WEIGHTS_FILE), MOST_WEIGHTS_BYTES);
    match read {
        Err(FolderError::Read { source, .. })
            if source.kind() == io::ErrorKind::NotFound && !names_network(manifest) =>
        {
            Ok(Vec::new())
        }
        read => read,
    }
}

fn names_network(manifest: &[u8]) -> bool {
    let text = std::str::from_utf8(manifest).ok().and_then(|text| Manifest::parse(text).ok());
    // What cannot be read is told by the manifest's own error, later.
    text.is_some_and(|manifest| {
        manifest.agents.iter().any(|entry| matches!(entry.kind, motet_policy::file::Kind::Network { .. }))
    })
}

fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, FolderError> {
    let failed = |source| FolderError::Read { path: path.to_owned(), source };
    // A pipe or device would block for ever or never end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FolderError::NoFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(FolderError::TooLarge { path: path.to_owned(), most });
    }
    Ok(bytes)
}

/// Returns a digest of a folder's content, by which it is known again.
pub(super) fn content(files: &Files) -> String {
    let mut hasher = Sha256::new();
    hasher.update((files.manifest.len() as u64).to_le_bytes());
    hasher.update(files.manifest.as_bytes());
    hasher.update(&files.weights);
    hex(&hasher.finalize())
}
