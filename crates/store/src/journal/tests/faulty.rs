//! A disk in memory that can fail or lose power at any operation.
//!
//! Each file has what is read (`data`) and what would be found after a power cut (`durable`). A sync moves the
//! first into the second. A failed sync forgets that anything was to be written, as Linux does: the data can still
//! be read and later syncs succeed, but it is gone after a power cut. Names are kept the same way, by folder syncs.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use crate::journal::Disk;

/// What happens at one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// The power goes before it.
    CrashBefore,
    /// The power goes after it, before it is reported.
    CrashAfter,
    /// It fails and has no effect.
    Fails,
    /// A write fails with half of it written; anything else fails.
    Short,
}

/// What the disk holds after the power cut, of what was never synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Survives {
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// This many bytes of each file, and every name.
    Prefix(usize),
    /// Sectors and names by the draw of a key, the rest reading as zeros.
    Sectors(u64),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    data: Vec<u8>,
    durable: Vec<u8>,
    /// Bytes of `data` before here are not waiting for a sync.
    dirty_from: usize,
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Clone, Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: Names,
    durable_names: Names,
    /// What the names were after each change since the last folder sync.
    pending: Vec<Names>,
    operations: usize,
    fault: Option<(usize, Fault)>,
    powerless: bool,
    locked: bool,
    sync_lies: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FaultyDisk(Rc<RefCell<State>>);

#[derive(Debug)]
pub(super) struct Lock(FaultyDisk);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.0.borrow_mut().locked = false;
    }
}

fn failure(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

impl FaultyDisk {
    /// Makes an empty disk on which one operation goes wrong.
    pub(super) fn with_fault(operation: usize, fault: Fault) -> Self {
        let disk = Self::default();
        disk.set_fault(operation, fault);
        disk
    }

    /// Makes one operation, counted from now, go wrong.
    pub(super) fn set_fault(&self, operation: usize, fault: Fault) {
        let mut state = self.0.borrow_mut();
        state.operations = 0;
        state.fault = Some((operation, fault));
    }

    /// Makes an empty disk whose syncs do nothing: the planted bug.
    pub(super) fn lying() -> Self {
        let disk = Self::default();
        disk.0.borrow_mut().sync_lies = true;
        disk
    }

    pub(super) fn operations(&self) -> usize {
        self.0.borrow().operations
    }

    /// Returns the most bytes any file has waiting for a sync.
    pub(super) fn dirty_bytes(&self) -> usize {
        let state = self.0.borrow();
        state.inodes.iter().map(|inode| inode.data.len() - inode.dirty_from).max().unwrap_or(0)
    }

    /// Returns the disk as another process finds it, the first having ended without a power cut.
    pub(super) fn reopened(&self) -> Self {
        let state = State { fault: None, powerless: false, locked: false, ..self.0.borrow().clone() };
        Self(Rc::new(RefCell::new(state)))
    }

    /// Returns the disk as it is found when the power is back.
    pub(super) fn after_power_cut(&self, survives: Survives) -> Self {
        let old = self.0.borrow();
        let mut state = State { sync_lies: old.sync_lies, ..State::default() };
        state.names = surviving_names(&old, survives);
        state.durable_names = state.names.clone();
        for (number, inode) in old.inodes.iter().enumerate() {
            let data = surviving_data(inode, number, survives);
            state.inodes.push(Inode { durable: data.clone(), dirty_from: data.len(), data });
        }
        drop(old);
        Self(Rc::new(RefCell::new(state)))
    }

    /// Changes one byte of a file, on the disk and as read.
    pub(super) fn flip(&self, path: &Path, at: usize) {
        self.edit(path, |data| data[at] ^= 0x40);
    }

    /// Changes a file, on the disk and as read.
    pub(super) fn edit(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.borrow_mut();
        let number = state.names[path];
        let inode = &mut state.inodes[number];
        change(&mut inode.data);
        inode.durable.clone_from(&inode.data);
        inode.dirty_from = inode.data.len();
    }

    pub(super) fn contents(&self, path: &Path) -> Vec<u8> {
        let state = self.0.borrow();
        state.inodes[state.names[path]].data.clone()
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.0.borrow().names.keys().cloned().collect()
    }

    /// Runs one operation, or what goes wrong instead. `partly` is what a short write leaves behind.
    fn operate<T>(
        &self,
        work: impl FnOnce(&mut State) -> io::Result<T>,
        partly: impl FnOnce(&mut State),
    ) -> io::Result<T> {
        let mut state = self.0.borrow_mut();
        if state.powerless {
            return Err(failure("no power"));
        }
        let operation = state.operations;
        state.operations += 1;
        match state.fault.filter(|&(at, _)| at == operation).map(|(_, fault)| fault) {
            None => work(&mut state),
            Some(Fault::CrashBefore) => {
                state.powerless = true;
                Err(failure("no power"))
            }
            Some(Fault::CrashAfter) => {
                let _unseen = work(&mut state);
                state.powerless = true;
                Err(failure("no power"))
            }
            Some(Fault::Fails | Fault::Short) => {
                partly(&mut state);
                Err(io::ErrorKind::StorageFull.into())
            }
        }
    }

    fn change_names(&self, change: impl FnOnce(&mut Names) -> io::Result<()>) -> io::Result<()> {
        let work = |state: &mut State| {
            change(&mut state.names)?;
            state.pending.push(state.names.clone());
            Ok(())
        };
        self.operate(work, |_| ())
    }
}

/// Draws one of two by a key.
fn draw(key: u64, number: usize, sector: usize) -> bool {
    mix(key ^ (number as u64) << 32 ^ sector as u64) & 1 == 1
}

fn mix(mut z: u64) -> u64 {
    z = (z.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 7
}

fn surviving_names(old: &State, survives: Survives) -> Names {
    let count = old.pending.len();
    let kept = match survives {
        Survives::Nothing => 0,
        Survives::Everything | Survives::Prefix(_) => count,
        Survives::Sectors(key) => (mix(key) as usize) % (count + 1),
    };
    if kept == 0 { old.durable_names.clone() } else { old.pending[kept - 1].clone() }
}

fn surviving_data(inode: &Inode, number: usize, survives: Survives) -> Vec<u8> {
    let (mut data, dirty) = (inode.durable.clone(), &inode.data[inode.dirty_from..]);
    let kept = match survives {
        Survives::Nothing => 0,
        Survives::Everything | Survives::Sectors(_) => dirty.len(),
        Survives::Prefix(bytes) => bytes.min(dirty.len()),
    };
    if kept > 0 {
        let end = inode.dirty_from + kept;
        data.resize(data.len().max(end), 0);
        data[inode.dirty_from..end].copy_from_slice(&dirty[..kept]);
    }
    if let Survives::Sectors(key) = survives {
        for (at, byte) in data.iter_mut().enumerate().skip(inode.dirty_from) {
            if !draw(key, number, at / 512) {
                // What was never written reads as what stood there before, or as nothing.
                *byte = inode.durable.get(at).copied().unwrap_or(0);
            }
        }
    }
    data
}

impl Disk for FaultyDisk {
    type File = usize;
    type Lock = Lock;

    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _dir: &Path) -> io::Result<Option<Lock>> {
        let was_locked = std::mem::replace(&mut self.0.borrow_mut().locked, true);
        Ok((!was_locked).then(|| Lock(self.clone())))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let name = |path: &PathBuf| Some(path.strip_prefix(dir).ok()?.to_str()?.to_owned());
        self.operate(|state| Ok(state.names.keys().filter_map(name).collect()), |_| ())
    }

    fn create(&self, path: &Path) -> io::Result<usize> {
        let work = |state: &mut State| {
            // A file emptied is one more file: what the old one held may survive under the name.
            state.inodes.push(Inode::default());
            let number = state.inodes.len() - 1;
            state.names.insert(path.to_owned(), number);
            state.pending.push(state.names.clone());
            Ok(number)
        };
        self.operate(work, |_| ())
    }

    fn open(&self, path: &Path) -> io::Result<usize> {
        self.operate(|state| state.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into()), |_| ())
    }

    fn open_to_write(&self, path: &Path) -> io::Result<usize> {
        self.open(path)
    }

    fn write_at(&self, file: &mut usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (number, offset) = (*file, offset as usize);
        let half = &bytes[..bytes.len() / 2];
        let short = matches!(self.0.borrow().fault, Some((_, Fault::Short)));
        let write = |state: &mut State, bytes: &[u8]| {
            let inode = &mut state.inodes[number];
            let end = offset + bytes.len();
            inode.data.resize(inode.data.len().max(end), 0);
            inode.data[offset..end].copy_from_slice(bytes);
            inode.dirty_from = inode.dirty_from.min(offset);
        };
        self.operate(
            |state| {
                write(state, bytes);
                Ok(())
            },
            |state| write(state, if short { half } else { &[] }),
        )
    }

    fn append(&self, file: &mut usize, bytes: &[u8]) -> io::Result<()> {
        let number = *file;
        let half = &bytes[..bytes.len() / 2];
        let short = matches!(self.0.borrow().fault, Some((_, Fault::Short)));
        let write = |state: &mut State, bytes: &[u8]| state.inodes[number].data.extend_from_slice(bytes);
        self.operate(
            |state| {
                write(state, bytes);
                Ok(())
            },
            |state| write(state, if short { half } else { &[] }),
        )
    }

    fn sync(&self, file: &mut usize) -> io::Result<()> {
        let number = *file;
        let work = |state: &mut State| {
            if state.sync_lies {
                return Ok(());
            }
            let Inode { data, durable, dirty_from } = &mut state.inodes[number];
            if *dirty_from < data.len() {
                durable.resize(*dirty_from, 0);
                durable.extend_from_slice(&data[*dirty_from..]);
                *dirty_from = data.len();
            }
            Ok(())
        };
        self.operate(work, |state| {
            let inode = &mut state.inodes[number];
            inode.dirty_from = inode.data.len();
        })
    }

    fn read_at(&self, file: &usize, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let work = |state: &mut State| {
            let data = &state.inodes[*file].data;
            let rest = &data[data.len().min(offset as usize)..];
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        self.operate(work, |_| ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change_names(|names| {
            let number = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            names.insert(to.to_owned(), number);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change_names(|names| names.remove(path).map(|_| ()).ok_or(io::ErrorKind::NotFound.into()))
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let work = |state: &mut State| {
            if !state.sync_lies {
                state.durable_names = state.names.clone();
                state.pending.clear();
            }
            Ok(())
        };
        self.operate(work, |_| ())
    }
}
