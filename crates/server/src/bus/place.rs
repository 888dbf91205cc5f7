//! How far publishing is: one number in a file that is replaced whole.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The file of one number.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
}

impl Place {
    /// Names the file in a data folder.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { path: data_dir.join("published") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; 0 where there is none.
    pub(super) fn read(&self) -> io::Result<u64> {
        match fs::read_to_string(&self.path) {
            Ok(text) => text.trim().parse().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, format!("'{}' is no record's number", text.trim()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Writes it; it is on the disk when this returns.
    pub(super) fn keep(&self, record: u64) -> io::Result<()> {
        let unfinished = self.path.with_extension("unfinished");
        let mut file = File::create(&unfinished)?;
        writeln!(file, "{record}")?;
        file.sync_data()?;
        fs::rename(&unfinished, &self.path)
    }
}
