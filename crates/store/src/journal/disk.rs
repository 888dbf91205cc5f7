//! The few file operations the journal needs, so that tests can put a failing disk beneath it.

use std::{
    fmt::Debug,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// File operations. [`RealDisk`] is the machine's own.
pub trait Disk: Clone + Debug {
    /// An open file.
    type File: Debug;
    /// A held lock; dropping it lets go.
    type Lock: Debug;

    /// Makes a folder and those above it; none is an error where it exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Locks a folder against other processes; `None` where one holds it.
    fn lock(&self, dir: &Path) -> io::Result<Option<Self::Lock>>;
    /// Lists the names in a folder, in any order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes an empty file to append to, emptying one that exists.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file to read.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file that exists, to be overwritten in part.
    fn open_to_write(&self, path: &Path) -> io::Result<Self::File>;
    /// Writes all of `bytes` at an offset, over what stands there; on failure some of them may have been written.
    fn write_at(&self, file: &mut Self::File, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Appends all of `bytes`; on failure some of them may have been written.
    fn append(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything appended is on the disk.
    fn sync(&self, file: &mut Self::File) -> io::Result<()>;
    /// Reads at an offset; fewer bytes than asked for, or none, at the end.
    fn read_at(&self, file: &Self::File, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Gives a file another name, replacing the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns once the names in a folder are on the disk.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;
    type Lock = File;

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => self.sync_dir(parent),
            _ => Ok(()),
        }
    }

    fn lock(&self, dir: &Path) -> io::Result<Option<File>> {
        let path = dir.join("journal.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        // A name that is not text is none of ours.
        names.filter_map(Result::transpose).collect()
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn write_at(&self, file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &mut File) -> io::Result<()> {
        file.sync_data()
    }

    #[cfg(unix)]
    fn read_at(&self, file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(file, into, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        // This moves the file's position, so it is used only on files opened to read.
        std::os::windows::fs::FileExt::seek_read(file, into, offset)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened; elsewhere the file system orders names itself.
        if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
    }
}
